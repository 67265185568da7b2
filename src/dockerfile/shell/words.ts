// Words and what they are made of: POSIX shell, 2.2 Quoting and 2.6 Word Expansions, with bash's `$'…'`, `<(…)` and extended
// globs. Every function moves the cursor on or gives the text up, so that reading is linear.

import { append, atEnd, type Cursor, continuation, giveUp, lineEnd } from './cursor.ts';
import { isSpecial, readProcess, readSpecial } from './quotes.ts';
import type { Part, RawAssignment, RawWord } from './tree.ts';

/** What ends a word where it is not quoted. */
const META = new Set([' ', '\t', '\n', ';', '&', '|', '<', '>', '(', ')']);
const ASSIGNMENT = /([A-Za-z_][A-Za-z0-9_]*)(\[[^\]\s]{0,200}\])?(\+?)=/y;

/** The word at the cursor, or undefined where none begins. */
export function readWord(cursor: Cursor): RawWord | undefined {
  const from = cursor.at;
  const parts = readParts(cursor);
  return cursor.at === from ? undefined : { from, to: cursor.at, parts, declares: undefined };
}

/** `X=y` at the cursor, or undefined. The name may not be quoted. */
export function readAssignment(cursor: Cursor): RawAssignment | undefined {
  ASSIGNMENT.lastIndex = cursor.at;
  const match = ASSIGNMENT.exec(cursor.text);
  if (match === null) return undefined;
  const from = cursor.at;
  cursor.at += match[0].length;
  const valueFrom = cursor.at;
  const isList = cursor.text[cursor.at] === '(';
  const parts = isList ? readList(cursor) : readParts(cursor);
  return {
    from,
    to: cursor.at,
    name: match[1] as string,
    appends: match[3] === '+',
    array: isList || match[2] !== undefined,
    value: { from: valueFrom, to: cursor.at, parts, declares: undefined },
  };
}

/** `(a b c)` of an array; its elements' parts one after the other. */
function readList(cursor: Cursor): readonly Part[] {
  const from = cursor.at;
  const parts: Part[] = [];
  cursor.at += 1;
  while (!atEnd(cursor)) {
    const c = cursor.text[cursor.at] as string;
    if (c === ')') {
      cursor.at += 1;
      return parts;
    }
    const before = cursor.at;
    append(parts, readParts(cursor));
    if (cursor.at === before) cursor.at += 1;
  }
  giveUp(cursor, from);
  return parts;
}

function readParts(cursor: Cursor): Part[] {
  const { text } = cursor;
  const parts: Part[] = [];
  let run = cursor.at;
  function flush(): void {
    if (cursor.at > run) parts.push({ kind: 'text', from: run, to: cursor.at, quoted: false });
  }
  while (!atEnd(cursor)) {
    const c = text[cursor.at] as string;
    const skipped = c === '\\' ? continuation(text, cursor.at) : 0;
    if (skipped > 0) {
      flush();
      cursor.at += skipped;
      run = cursor.at;
    } else if (c === '(' && cursor.at > run && isExtended(text[cursor.at - 1])) {
      skipParentheses(cursor);
    } else if (META.has(c) || (c === '\r' && lineEnd(text, cursor.at) > 0)) {
      if (!((c === '<' || c === '>') && text[cursor.at + 1] === '(')) break;
      flush();
      append(parts, readProcess(cursor));
      run = cursor.at;
    } else if (isSpecial(c)) {
      flush();
      append(parts, readSpecial(cursor, c, false));
      run = cursor.at;
    } else cursor.at += 1;
  }
  flush();
  return parts;
}

/** `@(a|b)` and its like. */
function isExtended(before: string | undefined): boolean {
  return before === '@' || before === '?' || before === '*' || before === '+' || before === '!';
}

function skipParentheses(cursor: Cursor): void {
  const close = cursor.text.indexOf(')', cursor.at);
  if (close < 0) giveUp(cursor, cursor.at);
  else cursor.at = close + 1;
}
