// The fix for code that is copied before the dependencies: manifests first, the install without the project, then the code,
// then the project. Only where nothing between the two can need the code.

import { isBefore } from '../../poetry.ts';
import type { Call } from '../../reading/calls.ts';
import type { ContextCopy } from '../../reading/copies.ts';
import type { Install } from '../../reading/installs.ts';
import { hasOption } from '../../reading/options.ts';
import { holds, resolvePath } from '../../reading/paths.ts';
import { lineageOfStage } from '../../reading/reading.ts';
import type { Instruction } from '../../syntax/ast.ts';
import type { Edit } from '../finding.ts';
import { isIgnored } from '../ignore-file.ts';
import { keywordLike } from '../style.ts';
import { isBlind } from './blindness.ts';
import { insertAfter, offer } from './edits.ts';
import type { View } from './judgement.ts';

const QUIET: ReadonlySet<string> = new Set(
  'ENV ARG WORKDIR LABEL EXPOSE USER SHELL STOPSIGNAL CMD ENTRYPOINT HEALTHCHECK MAINTAINER'.split(' '),
);
/** What decides where Poetry is and what it installs into. */
const CONCERNS = /^(?:POETRY_\w+|VIRTUAL_ENV|PATH)$/;
/** Poetry itself, but not its cache. */
const REMOVES = /^(?!.*cache).*poetry|\/\.local(?:\/bin|\/share)?\/?$/;
const QUIET_OPTIONS: ReadonlySet<string> = new Set(['-n', '--no-interaction', '--no-ansi', '-q', '--quiet']);

/** @param early copies of code or of the whole context, in the order of the file */
export function reorderFix(view: View, early: readonly ContextCopy[]): ReturnType<typeof offer> {
  const { reading, input } = view;
  const { flow } = reading;
  const [install] = flow.installs;
  const { project } = input;
  if (flow.kind !== 'groups' || install?.tool !== 'poetry' || install.kind !== 'groups') return {};
  if (project !== undefined && (project.path !== '' || project.paths.length > 0)) return {};
  const home = reading.stages[install.call.step.stage.index];
  const { instruction } = install.call.step;
  if (home === undefined || early.length === 0 || instruction.form === 'exec') return {};
  if (flow.installs.length > 1 || flow.repeats.length > 0) return {};
  if (!early.every((copy) => !copy.mounted && home.copies.includes(copy) && copy.sources.length === 1))
    return {};
  const calls = lineageOfStage(reading, home).flatMap((stage) => stage.calls);
  const from = early[0]!.step.instruction.span.start;
  const between = home.stage.instructions.filter(
    ({ span }) => span.start > from && span.start <= instruction.span.start,
  );
  const places = early.flatMap(({ sources }) => sources.flatMap(({ destination }) => destination ?? []));
  if (!landsThere(early, install) || !between.every((one) => canWait(one, calls, install, places))) return {};
  const edits = [...early.map((copy) => replaceCopy(view, copy)), ...withoutRoot(view, install)];
  const moved = early.map(({ step }) =>
    input.dockerfile.text.slice(step.instruction.span.start, step.instruction.span.end),
  );
  const added = installProject(view, install);
  if (added === undefined) return {};
  const { end } = instruction.span;
  const after = [...moved, ...added].map((line) => `\n${line}`).join('');
  return offer(view, 'install the dependencies before the code is copied', 'unsafe', [
    ...edits,
    { span: { start: end, end }, text: after },
  ]);
}

/** The copies land in the project's directory, as the install sees it, also when they come later. */
function landsThere(early: readonly ContextCopy[], { call, args }: Install): boolean {
  if (hasOption(args, '-C', '--directory', '-P', '--project')) return false;
  const { workdir, home } = call.step;
  const here = resolvePath('.', workdir, home);
  return early.every(({ step, sources: [source] }) => {
    if (source?.destination === undefined || here === undefined || here.includes('\0')) return false;
    const target = step.instruction.words.at(-1)?.raw ?? '';
    if (!/^[/$]/.test(target) && resolvePath('.', step.workdir, step.home) !== here) return false;
    return source.kind === 'whole' ? source.destination === here : holds(here, source.destination);
  });
}

function canWait(
  one: Instruction,
  calls: readonly Call[],
  install: Install,
  places: readonly string[],
): boolean {
  const { keyword } = one;
  if (QUIET.has(keyword) || keyword === 'COPY' || keyword === 'ADD') return true;
  if (keyword !== 'RUN') return false;
  return calls
    .filter(({ step }) => step.instruction === one)
    .every((call) => call === install.call || isBlind(call, places));
}

/** A copy of the whole context becomes one of the manifests; a copy of code goes away with its line. */
function replaceCopy(
  { input: { dockerfile, project } }: View,
  { step, sources }: ContextCopy,
): Edit | undefined {
  const { words, span, form } = step.instruction;
  const { text } = dockerfile;
  const [source, target] = words;
  if (sources[0]?.kind !== 'whole') {
    const lineEnd = /^\r?\n/.exec(text.slice(span.end, span.end + 2))?.[0].length;
    return lineEnd === undefined
      ? undefined
      : { span: { start: span.start, end: span.end + lineEnd }, text: '' };
  }
  if (form === 'exec' || source === undefined || target === undefined || /["']/.test(target.raw))
    return undefined;
  const slash = target.raw.endsWith('/') ? '' : '/';
  const { files = [], ignore } = project ?? {};
  const beside = ['poetry.lock', 'poetry.toml'].filter((name) => files.includes(name));
  const manifests = ['pyproject.toml', ...(files.includes('pyproject.toml') ? beside : ['poetry.lock'])];
  if (ignore !== undefined && manifests.some((name) => isIgnored(ignore, name))) return undefined;
  return {
    span: { start: source.span.start, end: target.span.end },
    text: `${manifests.join(' ')} ${target.raw}${slash}`,
  };
}

function withoutRoot(view: View, { args, call, verb }: Install): readonly (Edit | undefined)[] {
  return hasOption(args, '--no-root') ? [] : [insertAfter(view, call, verb, ['--no-root'])];
}

/** The line that adds the project; none where it was not installed before; undefined where it cannot be written. */
function installProject(
  { input, reading }: View,
  { args, call, verb }: Install,
): readonly string[] | undefined {
  const { step, variables, assigned } = call;
  if (hasOption(args, '--no-root') || input.project?.packageMode === false) return [];
  const said = reading.contributors.flatMap(({ arrivals }) => arrivals).find(({ tool }) => tool === 'poetry');
  const version = said?.version.text ?? input.project?.lock?.poetry;
  if (version !== undefined && /^\d+\.\d+/.test(version) && isBefore(version, 1, 2)) return undefined;
  const program = input.dockerfile.text.slice(call.programWord.span.start, verb.span.end);
  if (call.through.length > 0 || /[\r\n"']/.test(program)) return undefined;
  const sameRun = reading.stages[step.stage.index]?.calls.filter((other) => other.step === step) ?? [];
  // The next RUN has neither what this one sets for itself, nor the Poetry that it removes again.
  const sets =
    assigned.length > 0 ||
    sameRun.some((other) => other.program === '.' || other.program === 'source' || other.program === 'cd') ||
    [...variables].some(([name, value]) => CONCERNS.test(name) && step.variables.get(name) !== value);
  const removes = sameRun.some(
    (other) =>
      other.index > call.index &&
      (other.args[0]?.pattern === 'uninstall' ||
        (other.program === 'rm' && other.args.some(({ pattern }) => REMOVES.test(pattern)))),
  );
  if (sets || removes) return undefined;
  const quiet = args.options.flatMap(({ name, word }) => (QUIET_OPTIONS.has(name) ? [word.pattern] : []));
  const run = keywordLike(input.dockerfile, step.instruction, 'RUN');
  return [`${run} ${[program, ...new Set(quiet)].join(' ')} --only-root`];
}
