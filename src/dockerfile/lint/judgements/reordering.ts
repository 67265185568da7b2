// The fix for code that is copied before the dependencies: manifests first, the install without the project, then the code,
// then the project. Only where nothing between the two can need the code.

import { isBefore } from '../../poetry.ts';
import type { Call } from '../../reading/calls.ts';
import type { ContextCopy } from '../../reading/copies.ts';
import type { Install } from '../../reading/installs.ts';
import { hasOption } from '../../reading/options.ts';
import { lineageOfStage } from '../../reading/reading.ts';
import type { Instruction } from '../../syntax/ast.ts';
import type { Edit } from '../finding.ts';
import { insertAfter, offer } from './edits.ts';
import type { View } from './judgement.ts';

/** Programs that look at no file of the project. */
const BLIND: ReadonlySet<string> = new Set(
  `apt-get apt apk dnf yum microdnf curl wget mkdir ln rm chmod chown useradd adduser groupadd addgroup echo printf set
  export : true cd venv poetry pip python source . test [ update-ca-certificates`.split(/\s+/),
);
const QUIET: ReadonlySet<string> = new Set(
  'ENV ARG WORKDIR LABEL EXPOSE USER SHELL STOPSIGNAL CMD ENTRYPOINT HEALTHCHECK MAINTAINER'.split(' '),
);

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
  if (!between.every((one) => isBlind(one, calls, install))) return {};
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

function isBlind(one: Instruction, calls: readonly Call[], install: Install): boolean {
  const { keyword } = one;
  if (QUIET.has(keyword)) return true;
  if (keyword === 'COPY' || keyword === 'ADD') return true;
  if (keyword !== 'RUN') return false;
  return calls
    .filter(({ step }) => step.instruction === one)
    .every((call) => {
      if (call === install.call) return true;
      if (!BLIND.has(call.program)) return false;
      const words = call.args.map(({ pattern }) => pattern);
      if (call.program === 'poetry') return /^(?:config|self|cache|--version|-V)$/.test(words[0] ?? '');
      if (call.program === 'pip')
        return !words.some((word) => /^(?:\.|-r|-e|--requirement|--editable)|\.(?:txt|whl)$/.test(word));
      if (call.program === 'python')
        return words.every((word) => word.startsWith('-') || /poetry|^\d/.test(word));
      return call.program !== 'chmod' && call.program !== 'chown';
    });
}

/** A copy of the whole context becomes one of the manifests; a copy of code goes away with its line. */
function replaceCopy({ input }: View, { step, sources }: ContextCopy): Edit | undefined {
  const { words, span, form } = step.instruction;
  const { text } = input.dockerfile;
  const [source, target] = words;
  if (sources[0]?.kind !== 'whole') {
    const lineEnd = /^\r?\n/.exec(text.slice(span.end, span.end + 2))?.[0].length;
    return lineEnd === undefined
      ? undefined
      : { span: { start: span.start, end: span.end + lineEnd }, text: '' };
  }
  if (form === 'exec' || source === undefined || target === undefined || /["']/.test(target.raw))
    return undefined;
  const slash = target.raw.endsWith('/') || /^\.{1,2}$/.test(target.raw) ? '' : '/';
  return {
    span: { start: source.span.start, end: target.span.end },
    text: `pyproject.toml poetry.lock* ${target.raw}${slash}`,
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
  if (hasOption(args, '--no-root') || input.project?.packageMode === false) return [];
  const said = reading.contributors.flatMap(({ arrivals }) => arrivals).find(({ tool }) => tool === 'poetry');
  const version = said?.version.text ?? input.project?.lock?.poetry;
  if (version !== undefined && /^\d+\.\d+/.test(version) && isBefore(version, 1, 2)) return undefined;
  const program = input.dockerfile.text.slice(call.programWord.span.start, verb.span.end);
  if (call.through.length > 0 || /[\r\n"']/.test(program)) return undefined;
  return [`RUN ${program} --only-root`];
}
