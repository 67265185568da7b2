// Compound commands: POSIX shell, 2.9.4 and 2.9.5, with bash's `((…))`, `[[ … ]]`, `select` and `function`.

import { atEnd, type Cursor, giveUp, skipBlanks } from './cursor.ts';
import { arithmeticEnd } from './quotes.ts';
import { readRedirects } from './redirects.ts';
import { isEnding, peekWord, skipLines, takeWord } from './reserved.ts';
import type { Node, RawWord, Sequence } from './tree.ts';
import { readWord } from './words.ts';

/** Words that only stand within or behind a compound command: no command is called so. */
export const CLOSING: ReadonlySet<string> = new Set([
  'then',
  'elif',
  'else',
  'fi',
  'do',
  'done',
  'esac',
  '}',
]);

/** The compound command at the cursor, with its redirects, or undefined. */
export function readCompound(cursor: Cursor): Node | undefined {
  const node = readBare(cursor);
  if (node === undefined || node.kind === 'function') return node;
  return { ...node, redirects: readRedirects(cursor) };
}

function readBare(cursor: Cursor): Node | undefined {
  const { text, at } = cursor;
  if (text[at] === '(')
    return (text[at + 1] === '(' ? readArithmetic(cursor) : undefined) ?? readSubshell(cursor);
  switch (peekWord(cursor)) {
    case '{':
      cursor.at += 1;
      return { kind: 'group', subshell: false, body: readUntil(cursor, at, '}'), redirects: [] };
    case 'if':
      return readIf(cursor);
    case 'while':
    case 'until':
      return readWhile(cursor);
    case 'for':
    case 'select':
      return readFor(cursor);
    case 'case':
      return readCase(cursor);
    case '[[':
      return readTest(cursor);
    case 'function':
      return readFunction(cursor);
    default:
      return undefined;
  }
}

/** Commands up to a word, which is stepped over. */
function readUntil(cursor: Cursor, from: number, end: string): Sequence {
  const body = cursor.shared.readSequence(cursor, [end]);
  if (!takeWord(cursor, end)) giveUp(cursor, from);
  return body;
}

function readSubshell(cursor: Cursor): Node {
  const from = cursor.at;
  cursor.at += 1;
  const body = cursor.shared.readSequence(cursor, [')']);
  if (cursor.text[cursor.at] === ')') cursor.at += 1;
  else giveUp(cursor, from);
  return { kind: 'group', subshell: true, body, redirects: [] };
}

/** `((i++))` runs no command. */
function readArithmetic(cursor: Cursor): Node | undefined {
  const end = arithmeticEnd(cursor, cursor.at + 2);
  if (end === undefined) return undefined;
  cursor.at = end + 2;
  return { kind: 'group', subshell: false, body: [], redirects: [] };
}

function readIf(cursor: Cursor): Node {
  const from = cursor.at;
  const clauses: { readonly condition: Sequence; readonly body: Sequence }[] = [];
  cursor.at += 2;
  do {
    const condition = readUntil(cursor, from, 'then');
    clauses.push({ condition, body: cursor.shared.readSequence(cursor, ['elif', 'else', 'fi']) });
  } while (takeWord(cursor, 'elif'));
  const hasElse = takeWord(cursor, 'else');
  const otherwise = hasElse ? readUntil(cursor, from, 'fi') : undefined;
  if (!hasElse && !takeWord(cursor, 'fi')) giveUp(cursor, from);
  return { kind: 'if', clauses, otherwise, redirects: [] };
}

function readWhile(cursor: Cursor): Node {
  const from = cursor.at;
  cursor.at += 5;
  const condition = readUntil(cursor, from, 'do');
  const body = readUntil(cursor, from, 'done');
  return { kind: 'loop', variable: undefined, words: [], condition, body, redirects: [] };
}

function readFor(cursor: Cursor): Node {
  const from = cursor.at;
  cursor.at += (peekWord(cursor) ?? '').length;
  skipBlanks(cursor);
  const name = readWord(cursor);
  const variable = name === undefined ? undefined : cursor.text.slice(name.from, name.to);
  if (name === undefined) readArithmetic(cursor);
  const words: RawWord[] = [];
  skipLines(cursor);
  if (takeWord(cursor, 'in')) {
    for (;;) {
      skipBlanks(cursor);
      const word = readWord(cursor);
      if (word === undefined) break;
      words.push(word);
    }
  }
  skipBlanks(cursor);
  if (cursor.text[cursor.at] === ';') cursor.at += 1;
  skipLines(cursor);
  const isBraced = takeWord(cursor, '{');
  if (!isBraced && !takeWord(cursor, 'do')) giveUp(cursor, from);
  const body = readUntil(cursor, from, isBraced ? '}' : 'done');
  return { kind: 'loop', variable, words, condition: undefined, body, redirects: [] };
}

function readCase(cursor: Cursor): Node {
  const from = cursor.at;
  const arms: { readonly patterns: readonly RawWord[]; readonly body: Sequence }[] = [];
  cursor.at += 4;
  skipBlanks(cursor);
  const word = readWord(cursor);
  skipLines(cursor);
  if (!takeWord(cursor, 'in')) giveUp(cursor, from);
  for (;;) {
    skipLines(cursor);
    if (takeWord(cursor, 'esac')) break;
    const patterns = readPatterns(cursor);
    if (patterns === undefined) {
      giveUp(cursor, from);
      break;
    }
    arms.push({ patterns, body: cursor.shared.readSequence(cursor, [';;', 'esac']) });
    cursor.at += /^(?:;;&?|;&)?/.exec(cursor.text.slice(cursor.at, cursor.at + 3))?.[0].length ?? 0;
  }
  return { kind: 'case', word, arms, redirects: [] };
}

/** `a|b)`, or undefined where it does not end so. */
function readPatterns(cursor: Cursor): readonly RawWord[] | undefined {
  const patterns: RawWord[] = [];
  if (cursor.text[cursor.at] === '(') cursor.at += 1;
  for (;;) {
    skipBlanks(cursor);
    const pattern = readWord(cursor);
    if (pattern === undefined) return undefined;
    patterns.push(pattern);
    skipBlanks(cursor);
    const c = cursor.text[cursor.at];
    if (c !== ')' && c !== '|') return undefined;
    cursor.at += 1;
    if (c === ')') return patterns;
  }
}

/** `[[ … ]]`, in which operators are words. */
function readTest(cursor: Cursor): Node {
  const from = cursor.at;
  const words: RawWord[] = [];
  for (;;) {
    const at = cursor.at;
    const isLast = peekWord(cursor) === ']]';
    const word = readWord(cursor) ?? readOperator(cursor);
    words.push(word);
    if (isLast) break;
    skipLines(cursor);
    if (atEnd(cursor) || cursor.at === at) {
      giveUp(cursor, from);
      break;
    }
  }
  return { kind: 'simple', from, to: cursor.at, assignments: [], words, redirects: [] };
}

function readOperator(cursor: Cursor): RawWord {
  const from = cursor.at;
  const c = cursor.text[from];
  cursor.at += (c === '&' || c === '|') && cursor.text[from + 1] === c ? 2 : 1;
  const text = { kind: 'text', from, to: cursor.at, quoted: true } as const;
  return { from, to: cursor.at, parts: [text], declares: undefined };
}

function readFunction(cursor: Cursor): Node {
  const from = cursor.at;
  cursor.at += 8;
  skipBlanks(cursor);
  readWord(cursor);
  skipBlanks(cursor);
  return readFunctionBody(cursor, from);
}

/** What stands behind a function's name: `()`, unless it was said with `function`, and a compound command. */
export function readFunctionBody(cursor: Cursor, from: number): Node {
  if (/^\([ \t]*\)/.test(cursor.text.slice(cursor.at, cursor.at + 8))) {
    cursor.at = cursor.text.indexOf(')', cursor.at) + 1;
  }
  skipLines(cursor);
  const body = isEnding(cursor, [...CLOSING, ')']) ? undefined : readCompound(cursor);
  if (body !== undefined) return { kind: 'function', body };
  giveUp(cursor, from);
  return { kind: 'group', subshell: false, body: [], redirects: [] };
}
