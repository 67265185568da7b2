// T4 and T7: the cache of the install is not in the layer, and the next build has it.

import { type CacheOutcome, holdsCache, keepsBraces } from '../../reading/caches.ts';
import type { Install } from '../../reading/installs.ts';
import { cacheOf, lineageOfStage } from '../../reading/reading.ts';
import { offer } from './edits.ts';
import { type Judgement, MET, missedBy, NOT_APPLICABLE, type Problem, type View } from './judgement.ts';
import { cacheFix, mountFix, mountTargets } from './mounts.ts';

export function judgeCache(view: View): Judgement {
  const { flow } = view.reading;
  if (flow.kind === 'none' || flow.kind === 'onbuild') return NOT_APPLICABLE;
  if (flow.script !== undefined) {
    const message = `what \`${flow.script.program}\` downloads stays in its layer, as far as can be seen here`;
    return missedBy([{ rule: 'BV104', message, span: flow.script.command.span }]);
  }
  return missedBy(
    flow.installs.flatMap((install) => {
      const outcome = cacheOf(view.reading, install);
      return outcome.fate === 'left' ? [leftBehind(view, install, outcome)] : [];
    }),
  );
}

function leftBehind(view: View, install: Install, outcome: CacheOutcome): Problem {
  const { verb, tool, call } = install;
  const { directory, vain } = outcome;
  const fix = cacheFix(view, install, outcome);
  const place = directory === undefined ? 'its cache' : `\`${directory}\``;
  const cleared = vain.find(({ program }) => program === 'poetry');
  if (cleared !== undefined) {
    const message = `\`poetry cache clear\` leaves \`artifacts\` under ${place}, where the downloaded wheels are`;
    return { rule: 'BV116', message, span: cleared.command.span, ...fix };
  }
  const elsewhere = vain[0];
  if (elsewhere !== undefined) {
    const message = elsewhere.args.some(({ pattern }) => keepsBraces(elsewhere.step, pattern))
      ? `\`sh\` leaves braces as they are, and nothing is removed here: the cache of ${nameOf(tool)} is ${place}`
      : `this leaves the cache of ${nameOf(tool)}, which is ${place}`;
    return { rule: 'BV115', message, span: elsewhere.command.span, ...fix };
  }
  const later = laterCleanup(view, install, directory);
  if (later !== undefined) {
    const message = `the layer of the install keeps ${place}: what a later layer removes is hidden, and still shipped`;
    return { rule: 'BV115', message, span: later, ...fix };
  }
  if (outcome.mount !== undefined) {
    const message = `the mount holds the index alone: the wheels that Poetry downloads stay in the layer, under ${place}`;
    return { rule: 'BV104', message, span: outcome.mount.targetSpan, ...fix };
  }
  if (tool === 'poetry' && call.variables.has('PIP_NO_CACHE_DIR')) {
    const message = `${place} stays in the layer: \`PIP_NO_CACHE_DIR\` is pip's, and Poetry does not read it`;
    return { rule: 'BV117', message, span: verb.span, ...fix };
  }
  const message = `what ${nameOf(tool)} downloads stays in the layer, in ${place}: mount a cache there, or remove it in the same \`RUN\``;
  return { rule: 'BV104', message, span: verb.span, ...fix };
}

function nameOf(tool: Install['tool']): string {
  return tool === 'poetry' ? 'Poetry' : tool;
}

/** A RUN behind that of the install, in the same stage, which removes the cache. */
function laterCleanup(
  { reading }: View,
  { call }: Install,
  directory: string | undefined,
): Problem['span'] | undefined {
  const home = reading.stages[call.step.stage.index];
  if (home === undefined || directory === undefined) return undefined;
  return lineageOfStage(reading, home)
    .flatMap(({ calls }) => calls)
    .find(
      (other) =>
        other.step !== call.step &&
        other.command.span.start > call.command.span.end &&
        holdsCache(other, directory),
    )?.command.span;
}

export function judgeMount(view: View): Judgement {
  const { flow, production } = view.reading;
  if (isEmpty(view.reading) || flow.kind === 'onbuild' || production === undefined) return NOT_APPLICABLE;
  const outcomes = flow.installs.map((install) => ({ install, outcome: cacheOf(view.reading, install) }));
  if (outcomes.some(isFilled)) return MET;
  const astray = outcomes.flatMap(({ install, outcome }) =>
    outcome.astray.map((mount) => misplaced(view, install, outcome, mount)),
  );
  if (astray.length > 0) return missedBy(astray);
  const [first] = outcomes;
  if (first !== undefined) {
    const message = `each build downloads every package anew: no cache mount stands at \`${first.outcome.directory ?? 'the cache'}\``;
    return missedBy([
      {
        rule: 'BV107',
        message,
        span: first.install.verb.span,
        ...mountFix(view, first.install, first.outcome),
      },
    ]);
  }
  const span = flow.script?.command.span ?? production.stage.from.keywordSpan;
  return missedBy([{ rule: 'BV107', message: 'no dependencies are installed with a cache mount', span }]);
}

/** A mount at the cache is of use where the install has a cache; Poetry's `--no-cache` leaves it the downloaded wheels. */
function isFilled({
  install,
  outcome,
}: {
  readonly install: Install;
  readonly outcome: CacheOutcome;
}): boolean {
  return outcome.mount !== undefined && (outcome.fate !== 'disabled' || install.tool === 'poetry');
}

function misplaced(
  view: View,
  install: Install,
  outcome: CacheOutcome,
  mount: CacheOutcome['astray'][number],
): Problem {
  const { directory } = outcome;
  const [target] = directory === undefined ? [] : mountTargets(view, install, directory);
  const message = `nothing is cached by this mount: ${nameOf(install.tool)} has its cache in \`${directory ?? 'another directory'}\``;
  const written = view.input.dockerfile.text.slice(mount.targetSpan.start, mount.targetSpan.end);
  const key = /^(?:target|dst|destination)=/.exec(written)?.[0];
  const start = mount.targetSpan.start + (key?.length ?? 0);
  return {
    rule: 'BV118',
    message,
    span: mount.targetSpan,
    ...offer(
      view,
      `mount \`${target}\``,
      'safe',
      target === undefined || key === undefined || /["']/.test(written)
        ? undefined
        : [{ span: { start, end: mount.targetSpan.end }, text: target }],
    ),
  };
}

/** Whether the file has nothing to do with Python packages. */
export function isEmpty({ flow, production }: View['reading']): boolean {
  return production === undefined || (flow.kind === 'none' && flow.tool === undefined);
}
