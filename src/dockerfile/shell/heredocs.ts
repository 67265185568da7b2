// Heredocs within the text of a script, POSIX shell 2.7.4: their bodies begin after the line's end. Those of a RUN stand
// outside the text and are given.

import { type Cursor, lineEnd, openCursor } from './cursor.ts';
import { readQuoted } from './quotes.ts';
import { type Source, spanOf } from './source.ts';
import type { Part, RawRedirect, RawWord } from './tree.ts';

/** Says of a `<<` that was just read which body is its own. */
export function expectHeredoc(cursor: Cursor, redirect: RawRedirect): void {
  const { name, quoted } = delimiter(cursor.source, redirect.target);
  const { given } = cursor.shared;
  const heredoc = given.at(-1);
  if (heredoc?.name === name) {
    given.pop();
    redirect.heredoc = bodyOf(cursor, heredoc.source, heredoc.expands);
  } else cursor.pending.push({ redirect, name, expands: !quoted, chomps: redirect.operator.endsWith('<<-') });
}

/** Steps over the line's end at the cursor and over the bodies that begin there. */
export function readLineEnd(cursor: Cursor): void {
  cursor.at += lineEnd(cursor.text, cursor.at);
  const { pending } = cursor;
  cursor.pending = [];
  for (const { redirect, name, expands, chomps } of pending) {
    redirect.heredoc = bodyOf(cursor, readBody(cursor, name, chomps), expands);
  }
}

function delimiter(
  { text }: Source,
  { parts, from, to }: RawWord,
): { readonly name: string; readonly quoted: boolean } {
  let name = '';
  let quoted = false;
  for (const part of parts) {
    if (part.kind === 'text') name += text.slice(part.from, part.to);
    else if (part.kind === 'escaped') name += part.value;
    else return { name: text.slice(from, to), quoted };
    quoted ||= part.kind === 'escaped' || part.quoted;
  }
  return { name, quoted };
}

/** The lines up to the one that is the delimiter alone. A body without end goes to the end, as in every shell. */
function readBody(cursor: Cursor, name: string, chomps: boolean): Source {
  const { text, source } = cursor;
  const lines: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const from = cursor.at;
  let closed = false;
  while (!closed && cursor.at < text.length) {
    let begin = cursor.at;
    const newline = text.indexOf('\n', begin);
    const end = newline < 0 ? text.length : newline + 1;
    if (chomps) while (text[begin] === '\t') begin += 1;
    closed = text.slice(begin, end).replace(/\r?\n$/, '') === name;
    if (!closed) {
      lines.push(text.slice(begin, end));
      for (let at = begin; at < end; at++) {
        starts.push(source.starts[at] as number);
        ends.push(source.ends[at] as number);
      }
    }
    cursor.at = end;
  }
  if (!closed) cursor.shared.unread.push(spanOf(source, from, text.length));
  return { text: lines.join(''), starts, ends };
}

function bodyOf(
  cursor: Cursor,
  source: Source,
  expands: boolean,
): { readonly source: Source; readonly parts: readonly Part[] } {
  if (expands) return { source, parts: readQuoted(openCursor(source, cursor.shared), undefined) };
  return { source, parts: [{ kind: 'text', from: 0, to: source.text.length, quoted: true }] };
}
