// Quotes and `$` within words: POSIX shell, 2.2 and 2.6. They stand in each other, so they stand in one file.

import { readAnsiQuotes } from './ansi-quotes.ts';
import { append, atEnd, type Cursor, continuation, giveUp, nest, openCursor } from './cursor.ts';
import type { Source } from './source.ts';
import type { Part } from './tree.ts';

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
/** `${` is behind it: a length, a name or a special parameter, a subscript, an operator. */
const PARAMETER =
  /(#(?=[A-Za-z_]))?([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])(\[[^\]}]{0,200}\])?(:?[-=?+]|##?|%%?|\/\/?|\^\^?|,,?|:|(?=\}))/y;

export function isSpecial(c: string): boolean {
  return c === '\\' || c === "'" || c === '"' || c === '`' || c === '$';
}

/** What begins with a quote, a backslash or `$` at the cursor; `quoted` where it stands in double quotes. */
export function readSpecial(cursor: Cursor, c: string, quoted: boolean): readonly Part[] {
  if (c === '\\') return readEscape(cursor);
  if (c === "'") return readSingleQuotes(cursor);
  if (c === '"') return readDoubleQuotes(cursor);
  if (c === '`') return readBackquotes(cursor, quoted);
  const next = cursor.text[cursor.at + 1];
  if (next === "'" && !quoted) {
    return readAnsiQuotes(cursor);
  }
  if (next === '"' && !quoted) {
    cursor.at += 1;
    return readDoubleQuotes(cursor);
  }
  return readDollar(cursor, quoted);
}

function readEscape(cursor: Cursor): readonly Part[] {
  const from = cursor.at;
  const value = cursor.text[from + 1] ?? '\\';
  cursor.at = Math.min(from + 2, cursor.text.length);
  return [{ kind: 'escaped', from, to: cursor.at, value }];
}

function readSingleQuotes(cursor: Cursor): readonly Part[] {
  const from = cursor.at;
  const close = cursor.text.indexOf("'", from + 1);
  if (close < 0) return unreadable(cursor, from, []);
  cursor.at = close + 1;
  return [{ kind: 'text', from: from + 1, to: close, quoted: true }];
}

function readDoubleQuotes(cursor: Cursor): readonly Part[] {
  const from = cursor.at;
  cursor.at += 1;
  const parts = nest(cursor, () => readQuoted(cursor, '"'), []);
  if (cursor.text[cursor.at] !== '"') return unreadable(cursor, from, parts);
  cursor.at += 1;
  return parts.length > 0 ? parts : [{ kind: 'text', from: from + 1, to: from + 1, quoted: true }];
}

function unreadable(cursor: Cursor, from: number, inner: readonly Part[]): readonly Part[] {
  giveUp(cursor, from);
  return [{ kind: 'unknown', from, to: cursor.at, inner, quoted: true }];
}

/** What stands between double quotes, or in the body of a heredoc, where `end` is undefined. */
export function readQuoted(cursor: Cursor, end: '"' | undefined): readonly Part[] {
  return readRun(
    cursor,
    true,
    (c) => c === end,
    (c) => {
      if (c === '$' || c === '`') return true;
      const next = cursor.text[cursor.at + 1];
      return c === '\\' && (next === '$' || next === '`' || next === '\\' || (next === '"' && end === '"'));
    },
  );
}

/** Behind the operator of `${X…}`, up to its brace. Within double quotes a single quote is a character. */
function readOperand(cursor: Cursor, quoted: boolean): readonly Part[] {
  return readRun(
    cursor,
    quoted,
    (c) => c === '}',
    (c) => isSpecial(c) && !(quoted && c === "'"),
  );
}

function readRun(
  cursor: Cursor,
  quoted: boolean,
  ends: (c: string) => boolean,
  begins: (c: string) => boolean,
): readonly Part[] {
  const { text } = cursor;
  const parts: Part[] = [];
  let run = cursor.at;
  function flush(): void {
    if (cursor.at > run) parts.push({ kind: 'text', from: run, to: cursor.at, quoted });
  }
  while (!atEnd(cursor)) {
    const c = text[cursor.at] as string;
    if (ends(c)) break;
    const skipped = continuation(text, cursor.at);
    if (skipped === 0 && !begins(c)) {
      cursor.at += 1;
      continue;
    }
    flush();
    if (skipped > 0) cursor.at += skipped;
    else append(parts, readSpecial(cursor, c, quoted));
    run = cursor.at;
  }
  flush();
  return parts;
}

function readDollar(cursor: Cursor, quoted: boolean): readonly Part[] {
  const { text, at: from } = cursor;
  const next = text[from + 1];
  if (next === '(') return readArithmetic(cursor, quoted) ?? readSubstitution(cursor, quoted);
  if (next === '{') return readParameter(cursor, quoted);
  NAME.lastIndex = from + 1;
  const name = NAME.exec(text)?.[0];
  if (name !== undefined) {
    cursor.at += 1 + name.length;
    return [{ kind: 'parameter', from, to: cursor.at, name, operator: '', operand: [], quoted }];
  }
  if (next !== undefined && '@*#?-$!0123456789'.includes(next)) {
    cursor.at += 2;
    return [{ kind: 'unknown', from, to: cursor.at, inner: [], quoted }];
  }
  cursor.at += 1;
  return [{ kind: 'text', from, to: cursor.at, quoted: true }];
}

function readParameter(cursor: Cursor, quoted: boolean): readonly Part[] {
  const { text, at: from } = cursor;
  PARAMETER.lastIndex = from + 2;
  const match = PARAMETER.exec(text);
  cursor.at += 2 + (match?.[0].length ?? 0);
  const operand = nest(cursor, () => readOperand(cursor, quoted), []);
  if (text[cursor.at] !== '}') return unreadable(cursor, from, operand);
  cursor.at += 1;
  const [, length, name = '', subscript, operator = ''] = match ?? [];
  if (match === null || subscript !== undefined || !/^[A-Za-z_]/.test(name) || (length && operator)) {
    return [{ kind: 'unknown', from, to: cursor.at, inner: operand, quoted }];
  }
  return [
    {
      kind: 'parameter',
      from,
      to: cursor.at,
      name,
      operator: length === undefined ? operator : 'length',
      operand,
      quoted,
    },
  ];
}

/** `$(…)`. */
function readSubstitution(cursor: Cursor, quoted: boolean): readonly Part[] {
  const from = cursor.at;
  cursor.at += 2;
  const body = nest(cursor, () => cursor.shared.readSequence(cursor, [')']), []);
  if (cursor.text[cursor.at] === ')') cursor.at += 1;
  else giveUp(cursor, from);
  return [{ kind: 'substitution', from, to: cursor.at, source: cursor.source, body, quoted }];
}

/** `<(…)` and `>(…)`. */
export function readProcess(cursor: Cursor): readonly Part[] {
  return readSubstitution(cursor, true);
}

/** `$((…))`, or undefined where it is a substitution that begins with a subshell. */
function readArithmetic(cursor: Cursor, quoted: boolean): readonly Part[] | undefined {
  const from = cursor.at;
  if (cursor.text[from + 2] !== '(') return undefined;
  const close = arithmeticEnd(cursor, from + 3);
  if (close === undefined) return undefined;
  cursor.at = from + 3;
  const inner = nest(cursor, () => readInner(cursor, close), []);
  if (!atEnd(cursor)) cursor.at = Math.max(cursor.at, close + 2);
  return [{ kind: 'unknown', from, to: cursor.at, inner, quoted }];
}

/** Index of the `))` that ends an arithmetic expression which begins at `from`, or undefined where none does. */
export function arithmeticEnd(cursor: Cursor, from: number): number | undefined {
  const { text } = cursor;
  if (cursor.arithmeticFailed) return undefined;
  let open = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '(') open += 1;
    else if (text[at] === ')') {
      if (open === 0) return text[at + 1] === ')' ? at : undefined;
      open -= 1;
    }
  }
  cursor.arithmeticFailed = true;
  return undefined;
}

/** The substitutions before `end`. */
function readInner(cursor: Cursor, end: number): readonly Part[] {
  const parts: Part[] = [];
  while (cursor.at < end) {
    const c = cursor.text[cursor.at] as string;
    if (c === '$' || c === '`') append(parts, readSpecial(cursor, c, true));
    else cursor.at += 1;
  }
  return parts;
}

function readBackquotes(cursor: Cursor, quoted: boolean): readonly Part[] {
  const from = cursor.at;
  const { source, end } = backquoted(cursor, quoted);
  if (end === undefined) return unreadable(cursor, from, []);
  cursor.at = end + 1;
  const inner = openCursor(source, cursor.shared);
  const body = nest(inner, () => inner.shared.readSequence(inner, []), []);
  return [{ kind: 'substitution', from, to: cursor.at, source, body, quoted }];
}

/** What backquotes hold, without the backslashes that escape there. */
function backquoted(
  cursor: Cursor,
  quoted: boolean,
): { readonly source: Source; readonly end: number | undefined } {
  const { text, source } = cursor;
  let result = '';
  const starts: number[] = [];
  const ends: number[] = [];
  let at = cursor.at + 1;
  while (at < text.length && text[at] !== '`') {
    const next = text[at + 1];
    const escapes =
      text[at] === '\\' && (next === '`' || next === '\\' || next === '$' || (quoted && next === '"'));
    const width = escapes ? 2 : 1;
    result += text[at + width - 1];
    starts.push(source.starts[at] as number);
    ends.push(source.ends[at + width - 1] as number);
    at += width;
  }
  return { source: { text: result, starts, ends }, end: at < text.length ? at : undefined };
}
