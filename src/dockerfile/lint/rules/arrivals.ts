// What copies bring of the project: which of its files an install can find, and which paths of the context reach an image.

import type { ContextCopy, CopiedSource } from '../../reading/copies.ts';
import type { Install } from '../../reading/installs.ts';
import { holds } from '../../reading/paths.ts';
import { lineageOfStage, type Reading } from '../../reading/reading.ts';
import { isIgnored } from '../ignore-file.ts';
import type { LintProject } from '../project.ts';

export interface Arrived {
  readonly sources: readonly { readonly source: CopiedSource; readonly copy: ContextCopy }[];
  /** Something else may bring files: a clone, `touch`, another stage. */
  readonly made: boolean;
}

/** What is there when an install begins. */
export function arrivalsBefore(reading: Reading, { call }: Install): Arrived {
  const home = reading.stages[call.step.stage.index];
  const at = call.step.instruction.span.start;
  const lineage = home === undefined ? [] : lineageOfStage(reading, home);
  const isBefore = (start: number, stage: number): boolean => stage !== call.step.stage.index || start < at;
  const sources = lineage.flatMap(({ copies, stage }) =>
    copies
      .filter(({ mounted, step }) =>
        mounted ? step === call.step : isBefore(step.instruction.span.start, stage.index),
      )
      .flatMap((copy) => copy.sources.map((source) => ({ source, copy }))),
  );
  const made = lineage.some(
    ({ steps, calls, stage }) =>
      steps.some(
        ({ instruction }) =>
          isBefore(instruction.span.start, stage.index) &&
          ((/^(?:COPY|ADD)$/.test(instruction.keyword) &&
            instruction.flags.some(({ name }) => name === 'from')) ||
            (instruction.keyword === 'ADD' && /https?:|git@|\.git\b/.test(instruction.argument.text)) ||
            (/^(?:COPY|ADD)$/.test(instruction.keyword) && instruction.heredocs.length > 0)),
      ) ||
      calls.some(
        ({ program, args, step, command }) =>
          (step === call.step || isBefore(step.instruction.span.start, stage.index)) &&
          (/^(?:touch|git|tar|unzip|cp|mv|install|tee|cat)$/.test(program) ||
            command.redirects.some(
              ({ operator, target }) => operator.startsWith('>') && !target.pattern.startsWith('/dev/'),
            ) ||
            (program === 'mkdir' &&
              args.some(({ pattern }) => pattern !== '-p' && !pattern.startsWith('/')))),
      ),
  );
  const unknown = sources.some(({ source }) => source.path === undefined);
  return { sources, made: made || unknown };
}

/** Copies of the whole context into what ships. */
export function wholeCopies({ contributors }: Reading): Arrived['sources'] {
  return contributors.flatMap(({ copies }) =>
    copies.flatMap((copy) =>
      copy.mounted
        ? []
        : copy.sources.flatMap((source) => (source.kind === 'whole' ? [{ source, copy }] : [])),
    ),
  );
}

/** A path of the project as one of the context. */
export function joined(directory: string, name: string): string {
  const parts: string[] = [];
  for (const part of `${directory}/${name}`.split('/')) {
    if (part === '' || part === '.') continue;
    parts.push(part);
  }
  return parts.join('/');
}

/** The same of one that may climb; undefined where it leads out of the context. */
export function fromContext(directory: string, path: string): string | undefined {
  const parts: string[] = directory === '' ? [] : directory.split('/');
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (parts.pop() === undefined) return undefined;
    } else parts.push(part);
  }
  return parts.join('/');
}

/** Whether a copy brings a path, something in it, or a directory that holds it. */
export function reaches({ path, kind }: CopiedSource, wanted: string): boolean {
  if (path === undefined || kind === 'whole') return true;
  const pattern = path.replace(/\/?[^/]*[*?[].*$/, '');
  if (pattern !== path) return pattern === '' || holds(pattern, wanted) || holds(wanted, pattern);
  return holds(path, wanted) || holds(wanted, path);
}

/** A file: by its name, by a pattern, with a directory; unless it is kept out of the context. */
export function brings(source: CopiedSource, wanted: string, { ignore }: LintProject): boolean {
  if (source.path === undefined) return true;
  if (ignore !== undefined && isIgnored(ignore, wanted)) return false;
  if (source.kind === 'whole' || holds(source.path, wanted)) return true;
  if (!/[*?[]/.test(source.path)) return false;
  return source.path.slice(0, source.path.search(/[*?[]/)) === wanted.slice(0, source.path.search(/[*?[]/));
}
