// Reserved words and the places between commands: POSIX shell, 2.4.

import { type Cursor, lineEnd, skipBlanks } from './cursor.ts';
import { readLineEnd } from './heredocs.ts';

/** None is longer, so that peeking costs the same everywhere. */
const CANDIDATE = /[^\s;&|<>()'"\\$`]{1,8}(?=[\s;&|<>()]|$)/y;

/** The short unquoted word at the cursor, which may be a reserved one. */
export function peekWord(cursor: Cursor): string | undefined {
  CANDIDATE.lastIndex = cursor.at;
  return CANDIDATE.exec(cursor.text)?.[0];
}

/** Steps over a reserved word if it is there. */
export function takeWord(cursor: Cursor, word: string): boolean {
  if (peekWord(cursor) !== word) return false;
  cursor.at += word.length;
  return true;
}

/** Skips blanks, comments and the ends of lines. */
export function skipLines(cursor: Cursor): void {
  skipBlanks(cursor);
  while (lineEnd(cursor.text, cursor.at) > 0) {
    readLineEnd(cursor);
    skipBlanks(cursor);
  }
}

/** Whether one of the words or operators that end a sequence is at the cursor. */
export function isEnding(cursor: Cursor, ends: readonly string[]): boolean {
  if (ends.length === 0) return false;
  const { text, at } = cursor;
  if (text[at] === ')') return ends.includes(')');
  if (text[at] === ';') return (text[at + 1] === ';' || text[at + 1] === '&') && ends.includes(';;');
  const word = peekWord(cursor);
  return word !== undefined && ends.includes(word);
}
