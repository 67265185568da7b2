// A place in a source while it is read, and what all readers of one script share. Reading never fails: what cannot be read
// is noted, and the cursor stands at the end.

import type { Span } from '../syntax/ast.ts';
import { type Source, spanOf } from './source.ts';
import type { RawRedirect, Sequence } from './tree.ts';

/** A heredoc's body that stands outside the text: Docker takes it out of a RUN. */
export interface GivenHeredoc {
  readonly name: string;
  /** False where the name was quoted. */
  readonly expands: boolean;
  readonly source: Source;
}

export interface Shared {
  readonly unread: Span[];
  /** The next one last. */
  readonly given: GivenHeredoc[];
  /** Nesting of constructs, substitutions and quotes. */
  depth: number;
  /** Grammar and words need each other; this is the way back. */
  readonly readSequence: (cursor: Cursor, ends: readonly string[]) => Sequence;
}

export interface Cursor {
  readonly source: Source;
  readonly text: string;
  at: number;
  /** An arithmetic expression that does not end was met: none is looked for any more, to stay linear. */
  arithmeticFailed: boolean;
  /** Heredocs whose bodies begin after this line. */
  pending: {
    readonly redirect: RawRedirect;
    readonly name: string;
    readonly expands: boolean;
    readonly chomps: boolean;
  }[];
  readonly shared: Shared;
}

const DEEPEST = 60;

/** A cursor at the beginning of a source. */
export function openCursor(source: Source, shared: Shared): Cursor {
  return { source, text: source.text, at: 0, arithmeticFailed: false, pending: [], shared };
}

/** Gives up on the text from `from` on. */
export function giveUp(cursor: Cursor, from: number): void {
  if (from < cursor.text.length) cursor.shared.unread.push(spanOf(cursor.source, from, cursor.text.length));
  cursor.at = cursor.text.length;
}

/** Notes characters that are no shell, and goes on behind them. */
export function skipUnread(cursor: Cursor, length: number): void {
  cursor.shared.unread.push(spanOf(cursor.source, cursor.at, cursor.at + length));
  cursor.at += length;
}

/** Reads something nested, unless it is nested too deeply to be honest. */
export function nest<T>(cursor: Cursor, read: () => T, otherwise: T): T {
  if (cursor.shared.depth >= DEEPEST) {
    giveUp(cursor, cursor.at);
    return otherwise;
  }
  cursor.shared.depth += 1;
  const result = read();
  cursor.shared.depth -= 1;
  return result;
}

/** Adds items to a list; a spread argument would overflow the stack where there are many. */
export function append<T>(list: T[], items: readonly T[]): void {
  for (const item of items) list.push(item);
}

export function atEnd(cursor: Cursor): boolean {
  return cursor.at >= cursor.text.length;
}

/** Length of the line's end at an index: `\n` or `\r\n`, otherwise 0. */
export function lineEnd(text: string, at: number): number {
  if (text[at] === '\n') return 1;
  return text[at] === '\r' && text[at + 1] === '\n' ? 2 : 0;
}

/** Length of a backslash that continues the line, with the line's end, otherwise 0. */
export function continuation(text: string, at: number): number {
  if (text[at] !== '\\') return 0;
  const end = lineEnd(text, at + 1);
  return end === 0 ? 0 : end + 1;
}

/** Skips blanks, continued lines and a comment, up to a word, an operator or the line's end. */
export function skipBlanks(cursor: Cursor): void {
  const { text } = cursor;
  for (;;) {
    const c = text[cursor.at];
    if (c === ' ' || c === '\t') cursor.at += 1;
    else if (c === '\\' && continuation(text, cursor.at) > 0) cursor.at += continuation(text, cursor.at);
    else if (c === '#') {
      const end = text.indexOf('\n', cursor.at);
      cursor.at = end < 0 ? text.length : text[end - 1] === '\r' ? end - 1 : end;
    } else return;
  }
}
