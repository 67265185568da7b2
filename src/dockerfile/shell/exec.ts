// The exec form: a JSON array of words, which no shell reads.

import type { Span, Word } from '../syntax/ast.ts';
import type { Command, Origin, ShellWord } from './ast.ts';

/** The command of `RUN ["poetry", "install"]`; its words are what they say, `$X` too. Spans have the quotes. */
export function readExec(words: readonly Word[]): Command {
  return {
    assignments: [],
    words: words.map(readElement),
    redirects: [],
    span: { start: words[0]?.span.start ?? 0, end: words.at(-1)?.span.end ?? 0 },
    joined: 'start',
    conditional: false,
    substituted: false,
    branch: undefined,
    outcome: undefined,
    input: undefined,
  };
}

function readElement({ raw, value, span }: Word): ShellWord {
  return { raw, value, pattern: value, span, origin: originOf(raw, value, span) };
}

/** One escape of JSON is one unit of the value, also in a pair of surrogates. */
function originOf(raw: string, value: string, { start, end }: Span): Origin {
  // With a continued line inside nothing can be edited.
  if (raw.length !== end - start) {
    return {
      starts: Array.from({ length: value.length }, () => start),
      ends: Array.from({ length: value.length }, () => end),
    };
  }
  const starts: number[] = [];
  const ends: number[] = [];
  let at = 1;
  for (let unit = 0; unit < value.length; unit++) {
    const width = raw[at] !== '\\' ? 1 : raw[at + 1] === 'u' ? 6 : 2;
    starts.push(start + at);
    ends.push(start + at + width);
    at += width;
  }
  return { starts, ends };
}
