// Reads a script: its grammar first (`grammar.ts`), then, in the order of the text, its commands with what is known of their
// words. Never throws, and takes time in proportion to the text.

import type { Logical, Span } from '../syntax/ast.ts';
import type { Variables } from '../syntax/stages.ts';
import type { ShellScript } from './ast.ts';
import type { GivenHeredoc } from './cursor.ts';
import { readTree } from './grammar.ts';
import { nestScope, openScope } from './scope.ts';
import { type Source, sourceOf, spanOf } from './source.ts';
import { walkScript } from './walk.ts';

/** `sh` and `bash` are read alike; of any other shell nothing is. */
export type ShellKind = 'sh' | 'bash' | 'powershell' | 'cmd' | 'other';

export interface ShellOptions {
  /**
   * As they stand before the script. Without a value `$X` is unknown, as a build argument or the base image may set it,
   * and `${X:-y}` is `y`, as in a build without arguments.
   */
  readonly variables: Variables;
  /** Bodies that stand outside the text, in the order of their markers. */
  readonly heredocs?: readonly { readonly name: string; readonly expands: boolean; readonly text: Logical }[];
  readonly shell?: ShellKind;
}

/** The commands of a script that stands in a Dockerfile; spans are those of the file. */
export function readShell(
  logical: Logical,
  { variables, heredocs = [], shell = 'sh' }: ShellOptions,
): ShellScript {
  const source = sourceOf(logical);
  if (shell !== 'sh' && shell !== 'bash') return nothingRead(source);
  const given = heredocs.map(({ name, expands, text }) => ({ name, expands, source: sourceOf(text) }));
  return readScript(source, variables, new Map(), given);
}

/**
 * The commands of a script that is itself a word of another.
 *
 * @param environment assigned besides; undefined: to something unknown
 */
export function readScript(
  source: Source,
  variables: Variables,
  environment: Variables,
  heredocs: readonly GivenHeredoc[] = [],
): ShellScript {
  const { sequence, unread } = readTree(source, heredocs);
  const scope = nestScope(openScope(variables, environment, source.text.length));
  const commands = walkScript(sequence, source, scope);
  return { commands, variables: scope.values, unread: united(unread) };
}

/** All of the text is unread. */
function nothingRead(source: Source): ShellScript {
  const unread = source.text.trim() === '' ? [] : [spanOf(source, 0, source.text.length)];
  return { commands: [], variables: new Map(), unread };
}

/** In the order of the file, without overlaps. */
function united(spans: readonly Span[]): readonly Span[] {
  const result: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    const last = result.at(-1);
    if (last !== undefined && span.start <= last.end) {
      result[result.length - 1] = { start: last.start, end: Math.max(last.end, span.end) };
    } else result.push(span);
  }
  return result;
}
