// `$'…'`: POSIX.1-2024 shell, 2.2.4 Dollar-Single-Quotes.

import { type Cursor, giveUp } from './cursor.ts';
import type { Part } from './tree.ts';

const SIMPLE: ReadonlyMap<string, string> = new Map(
  Object.entries({ a: '\x07', b: '\b', e: '\x1b', E: '\x1b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }),
);
/** Behind the backslash; what matches nothing stands for itself. */
const ESCAPE = /x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,8}|[0-7]{1,3}|c[@-_a-z]/y;

/** Reads `$'…'` at the cursor. */
export function readAnsiQuotes(cursor: Cursor): readonly Part[] {
  const { text, at: from } = cursor;
  const parts: Part[] = [];
  let at = from + 2;
  let run = at;
  while (at < text.length && text[at] !== "'") {
    if (text[at] !== '\\') {
      at += 1;
      continue;
    }
    if (at > run) parts.push({ kind: 'text', from: run, to: at, quoted: true });
    ESCAPE.lastIndex = at + 1;
    const code = ESCAPE.exec(text)?.[0] ?? text[at + 1] ?? '';
    const to = at + 1 + code.length;
    parts.push({ kind: 'escaped', from: at, to, value: decode(code) });
    at = to;
    run = to;
  }
  if (at >= text.length) {
    giveUp(cursor, from);
    return [{ kind: 'unknown', from, to: cursor.at, inner: [], quoted: true }];
  }
  if (at > run || parts.length === 0) parts.push({ kind: 'text', from: run, to: at, quoted: true });
  cursor.at = at + 1;
  return parts;
}

function decode(code: string): string {
  const simple = SIMPLE.get(code);
  if (simple !== undefined) return simple;
  if (/^[xuU]./.test(code)) return character(Number.parseInt(code.slice(1), 16));
  if (/^[0-7]/.test(code)) return character(Number.parseInt(code, 8));
  if (/^c./.test(code)) return String.fromCharCode(code.charCodeAt(1) & 0x1f);
  return code === '' ? '\\' : code;
}

function character(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
}
