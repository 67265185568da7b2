// `<<EOF` in a line, and the lines that belong to it. BuildKit looks for whole words, so `cat<<EOF` is none, and for none
// at all in a line whose quotes or `${…}` it cannot read.

import type { Heredoc, Span } from './ast.ts';
import { lex } from './lex.ts';
import { type JoinedLine, lineCount, lineEnd, spanOf } from './lines.ts';

/** A heredoc as its marker announces it. */
export interface HeredocMarker {
  readonly name: string;
  readonly expands: boolean;
  readonly chomps: boolean;
}

export interface HeredocStart extends HeredocMarker {
  readonly marker: Span;
}

const MARKER = /^\d*<<(-?)[\t\n\f\r ]*([^<]*)$/;
/** Nothing to unquote. */
const PLAIN = /^[\w.-]+$/;
const TAB = 0x09;

const nothing = (): undefined => undefined;

/** What a word announces as a heredoc; undefined where it is none. */
export function readMarker(word: string): HeredocMarker | undefined {
  const [, chomp, rest] = MARKER.exec(word) ?? [];
  if (rest === undefined || rest === '') return undefined;
  const chomps = chomp === '-';
  if (PLAIN.test(rest)) return { name: rest, expands: true, chomps };
  const options = { escape: '\\', keepUnset: true, lookup: nothing };
  const bare = lex(rest, options).words;
  const quoted = lex(rest, { ...options, rawQuotes: true }).words;
  const name = bare[0]?.text;
  if (name === undefined || bare.length !== 1) return undefined;
  return { name, expands: countQuotes(name) === countQuotes(quoted[0]?.text ?? ''), chomps };
}

function countQuotes(text: string): number {
  return text.match(/['"]/g)?.length ?? 0;
}

/** The heredocs that a line announces, in order. */
export function* findHeredocs(line: JoinedLine): Generator<HeredocStart> {
  if (!line.text.includes('<<')) return;
  const options = { escape: '\\', rawQuotes: true, rawEscapes: true, keepUnset: true, lookup: nothing };
  for (const word of lex(line.text, options).words) {
    const found = word.text.includes('<<') ? readMarker(word.text) : undefined;
    if (found === undefined) continue;
    const { name, expands, chomps } = found;
    yield { name, expands, chomps, marker: spanOf(line, word.start, word.end) };
  }
}

/** The bodies of heredocs from line `first` on. `unterminated` is the one that the file ends in. */
export function readBodies(
  text: string,
  lineStarts: readonly number[],
  first: number,
  starts: Iterable<HeredocStart>,
): {
  readonly heredocs: readonly Heredoc[];
  readonly next: number;
  readonly unterminated: Heredoc | undefined;
} {
  const heredocs: Heredoc[] = [];
  const count = lineCount(text, lineStarts);
  let next = first;
  for (const start of starts) {
    const body = lineStarts[next] ?? text.length;
    for (; next < count; next += 1) {
      const end = lineEnd(text, lineStarts, next);
      const begin = start.chomps ? skipTabs(text, lineStarts[next]!, end) : lineStarts[next]!;
      if (end - begin === start.name.length && text.startsWith(start.name, begin)) break;
    }
    const lineStart = lineStarts[next] ?? text.length;
    const { name, expands, chomps, marker } = start;
    const heredoc: Heredoc = {
      name,
      expands,
      chomps,
      marker,
      body: { start: body, end: next < count ? lineStart : text.length },
      terminator:
        next < count
          ? { start: lineStart, end: lineEnd(text, lineStarts, next) }
          : { start: text.length, end: text.length },
    };
    heredocs.push(heredoc);
    if (next >= count) return { heredocs, next, unterminated: heredoc };
    next += 1;
  }
  return { heredocs, next, unterminated: undefined };
}

function skipTabs(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && text.charCodeAt(at) === TAB) at += 1;
  return at;
}
