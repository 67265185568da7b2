// Redirections: POSIX shell, 2.7, with bash's `&>` and here-strings.

import { type Cursor, skipBlanks } from './cursor.ts';
import { expectHeredoc } from './heredocs.ts';
import { spanOf } from './source.ts';
import type { RawRedirect } from './tree.ts';
import { readWord } from './words.ts';

const OPERATOR = /[0-9]{0,9}(?:<<<|<<-|<<|<>|<&|<(?!\()|>>|>&|>\||>(?!\())|&>>?/y;

/** The redirect at the cursor, or undefined. `poetry>=2` is one, to `=2`. */
export function readRedirect(cursor: Cursor): RawRedirect | undefined {
  OPERATOR.lastIndex = cursor.at;
  const operator = OPERATOR.exec(cursor.text)?.[0];
  if (operator === undefined) return undefined;
  const from = cursor.at;
  cursor.at += operator.length;
  skipBlanks(cursor);
  const target = readWord(cursor);
  if (target === undefined) {
    const end = from + operator.length;
    cursor.shared.unread.push(spanOf(cursor.source, from, end));
    const nothing = { from: end, to: end, parts: [], declares: undefined };
    return { from, to: end, operator, target: nothing, heredoc: undefined };
  }
  const redirect: RawRedirect = { from, to: cursor.at, operator, target, heredoc: undefined };
  if (/<<-?$/.test(operator)) expectHeredoc(cursor, redirect);
  return redirect;
}

/** Those behind a compound command. */
export function readRedirects(cursor: Cursor): readonly RawRedirect[] {
  const redirects: RawRedirect[] = [];
  for (;;) {
    const before = cursor.at;
    skipBlanks(cursor);
    const redirect = readRedirect(cursor);
    if (redirect === undefined) {
      cursor.at = before;
      return redirects;
    }
    redirects.push(redirect);
  }
}
