// T3: dependency groups of development stay out of what ships.

import { isBefore } from '../../poetry.ts';
import type { Install } from '../../reading/installs.ts';
import { hasOption } from '../../reading/options.ts';
import { isDevelopmentGroup } from '../../reading/selections.ts';
import type { Edit } from '../finding.ts';
import { servesDevelopment } from './development.ts';
import { insertAfter, offer, replaceWord } from './edits.ts';
import { type Judgement, MET, missedBy, NOT_APPLICABLE, type Problem, type View } from './judgement.ts';

export function judgeGroups(view: View): Judgement {
  const { flow } = view.reading;
  if (flow.tool === undefined || flow.kind === 'none' || flow.kind === 'onbuild') return NOT_APPLICABLE;
  if (!flow.dev) return MET;
  if (flow.script !== undefined) {
    const message = `\`${flow.script.program}\` seems to install the dependencies, and nothing here says that dev groups stay out`;
    return missedBy([{ rule: 'BV103', message, span: flow.script.command.span }]);
  }
  return missedBy(flow.devInstalls.map((install) => shipped(view, install)));
}

function shipped(view: View, install: Install): Problem {
  const { flow } = view.reading;
  const { verb, tool, kind, call } = install;
  const flag = flagOf(view, install);
  const fix = offer(
    view,
    `install without dev groups: \`${flag.join(' ')}\``,
    'unsafe',
    editsFor(view, install, flag),
  );
  if (kind === 'bundle') {
    const message =
      'dev groups end in what ships: `poetry bundle` takes every group that is not optional, unless `--only main` says otherwise';
    return { rule: 'BV114', message, span: verb.span, ...fix };
  }
  if (kind === 'requirements') {
    const message = 'dev groups end in what ships: the requirements were exported with them';
    return { rule: 'BV103', message, span: call.command.span };
  }
  const later = flow.repeats.find(
    ({ selection, call: other }) =>
      !selection.dev && !selection.rootOnly && other.command.span.start > call.command.span.start,
  );
  if (later !== undefined) {
    const message =
      'dev groups end in what ships: the later install without them removes nothing that this one brought';
    return { rule: 'BV113', message, span: verb.span, ...fix };
  }
  const why =
    tool === 'poetry'
      ? '`poetry install` takes every group that is not optional'
      : `\`${tool} ${verb.pattern}\` takes them`;
  const message = `dev groups end in what ships: ${why}; say \`${flag.join(' ')}\``;
  return { rule: 'BV103', message, span: verb.span, ...fix };
}

/** What leaves dev groups out, for the version of Poetry that is there; other groups that it took stay. */
function flagOf({ reading, input }: View, { tool, selection }: Install): readonly string[] {
  if (tool === 'uv') return ['--no-dev'];
  if (tool === 'pdm') return ['--prod'];
  const said = reading.contributors
    .flatMap(({ arrivals }) => arrivals)
    .find((arrival) => arrival.tool === 'poetry' && arrival.version.precision === 'exact')?.version.text;
  const version = /^\d+\.\d+/.test(said ?? '') ? said : input.project?.lock?.poetry;
  if (version !== undefined && isBefore(version, 1, 2)) return ['--no-dev'];
  const asked = [...selection.only, ...selection.with];
  const implied =
    selection.only.length > 0
      ? []
      : (input.project?.groups ?? []).flatMap(({ name, optional }) =>
          optional || selection.without.includes(name) ? [] : [name],
        );
  const kept = [...asked, ...implied].filter((group) => group !== 'main' && !isDevelopmentGroup(group));
  return ['--only', [...new Set(['main', ...kept])].join(',')];
}

/** Options that choose groups make room for the one that leaves dev out. */
function editsFor(
  view: View,
  install: Install,
  flag: readonly string[],
): readonly (Edit | undefined)[] | undefined {
  const { args, verb, call, tool } = install;
  if (tool === 'pip' || tool === 'pipenv' || install.kind === 'requirements') return undefined;
  if (servesDevelopment(view, install)) return undefined;
  // Of uv, `--no-dev` leaves out nothing that is named: it would be said again and again.
  if (tool === 'uv' && hasOption(args, '--no-dev', '--only-group', '--only-dev')) return undefined;
  const chosen = args.options.filter(({ name }) =>
    ['--with', '--without', '--only', '--all-groups', '--group', '-G', '--dev'].includes(name),
  );
  const [first, ...more] = chosen;
  // `poetry bundle venv /venv`: behind the directory as well as behind the verb.
  if (first === undefined) return [insertAfter(view, call, bundleWord(install) ?? verb, flag)];
  if (more.length > 0 || tool !== 'poetry' || call.step.instruction.form === 'exec') return undefined;
  const { word, valueWord } = first;
  if (valueWord === undefined || valueWord === word) return [replaceWord(word, flag.join(' '))];
  const [option, groups] = flag;
  return groups === undefined
    ? [replaceWord(word, option ?? ''), replaceWord(valueWord, '')]
    : [replaceWord(word, option ?? ''), replaceWord(valueWord, groups)];
}

function bundleWord({ kind, args }: Install): Install['verb'] | undefined {
  return kind === 'bundle' ? args.rest[0] : undefined;
}
