// Words of an argument: how a joined line is parted, and what a word says once quotes and escapes are gone.

import type { Word } from './ast.ts';
import { isBlank, isSpace } from './blanks.ts';
import { lex } from './lex.ts';
import { type JoinedLine, spanOf } from './lines.ts';

/** Of a joined text, half open. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Nothing else is removed. */
const MARKED = /['"\\`]/;

/** A word of the line. `value` defaults to what is left without quotes and escapes, variables as they are written. */
export function makeWord(line: JoinedLine, { start, end }: Range, token: string, value?: string): Word {
  const raw = line.text.slice(start, end);
  return { raw, value: value ?? unquote(raw, token), span: spanOf(line, start, end) };
}

/** Without quotes and escapes, variables kept; as it is where a quote is not closed. */
export function unquote(raw: string, token: string): string {
  if (!MARKED.test(raw)) return raw;
  const { text, fault } = lex(raw, { escape: token, keepUnset: true, lookup: () => undefined });
  return fault === undefined ? text : raw;
}

/** Parted at blanks alone, quotes or not, as COPY, ADD, FROM, EXPOSE and VOLUME are. */
export function splitBlanks(text: string, start: number, end: number): Range[] {
  const ranges: Range[] = [];
  for (let at = start; at < end; ) {
    while (at < end && isBlank(text.charCodeAt(at))) at += 1;
    if (at === end) break;
    const begin = at;
    while (at < end && !isBlank(text.charCodeAt(at))) at += 1;
    ranges.push({ start: begin, end: at });
  }
  return ranges;
}

/** Parted at white space outside quotes, as ENV, ARG and LABEL are: BuildKit's `parseWords`. */
export function splitWords(text: string, start: number, end: number, token: string): Range[] {
  const ranges: Range[] = [];
  for (let at = start; at < end; ) {
    if (isSpace(text.charCodeAt(at))) {
      at += 1;
      continue;
    }
    const begin = at;
    let quote = '';
    let stop = end;
    for (; at < end && (quote !== '' || !isSpace(text.charCodeAt(at))); at += 1) {
      const char = text[at]!;
      if (char === token && quote !== "'") {
        // An escape character with nothing after it is dropped.
        if (at + 1 === end) stop = at;
        at += 1;
      } else if (quote === '' && (char === '"' || char === "'")) quote = char;
      else if (char === quote) quote = '';
    }
    at = Math.min(at, end);
    stop = Math.min(stop, at);
    if (stop > begin) ranges.push({ start: begin, end: stop });
  }
  return ranges;
}
