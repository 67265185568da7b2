// Text to be read as shell, and where in the file each of its characters was written.

import type { Logical, Span } from '../syntax/ast.ts';
import type { Origin, ShellWord } from './ast.ts';

/** Text with the file offsets of its characters; `\0` stands for what is unknown. */
export interface Source extends Origin {
  readonly text: string;
}

/** The text of an instruction as a source. */
export function sourceOf({ text, offsets }: Logical): Source {
  const starts = offsets.slice(0, text.length);
  return { text, starts, ends: starts.map((offset) => offset + 1) };
}

/** What a word says, to be read once more: the argument of `sh -c`, the body of a heredoc. */
export function sourceOfWord({ pattern, origin }: ShellWord): Source {
  return { text: pattern, starts: origin.starts, ends: origin.ends };
}

/** The file span of characters `start` to `end` of a source; for an empty range the place between its neighbours. */
export function spanOf({ starts, ends }: Origin, start: number, end: number): Span {
  if (end > start) return { start: starts[start] as number, end: ends[end - 1] as number };
  const place = starts[start] ?? ends[start - 1] ?? 0;
  return { start: place, end: place };
}

/**
 * Where characters `from` to `to` of a word's pattern stand in the file, to be edited there; undefined where any of them
 * came from a variable or an escape. An empty range is a place for an insertion.
 */
export function placeOf({ pattern, origin }: ShellWord, from: number, to: number): Span | undefined {
  if (from < 0 || to < from || to > pattern.length) return undefined;
  if (from < to) {
    for (let at = from; at < to; at++) if (!isLiteral(pattern, origin, at)) return undefined;
    return spanOf(origin, from, to);
  }
  if (from > 0 && isLiteral(pattern, origin, from - 1)) {
    const place = origin.ends[from - 1] as number;
    return { start: place, end: place };
  }
  return isLiteral(pattern, origin, from) ? spanOf(origin, from, from) : undefined;
}

function isLiteral(pattern: string, { starts, ends }: Origin, at: number): boolean {
  const start = starts[at];
  return pattern[at] !== '\0' && start !== undefined && ends[at] === start + 1;
}
