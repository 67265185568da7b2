// `--mount=… --from=…` between a keyword and its argument: BuildKit's `extractBuilderFlags`.

import type { Flag } from './ast.ts';
import { isBlank } from './blanks.ts';
import { type JoinedLine, spanOf } from './lines.ts';

/** The flags from `start` on, and where the argument begins. A bare `--` ends them and belongs to neither. */
export function readFlags(
  line: JoinedLine,
  start: number,
  end: number,
  token: string,
): { readonly flags: readonly Flag[]; readonly rest: number } {
  const { text } = line;
  const flags: Flag[] = [];
  let at = start;
  for (;;) {
    while (at < end && isBlank(text.charCodeAt(at))) at += 1;
    if (at === end || text[at] !== '-' || text[at + 1] !== '-' || at + 1 === end) return { flags, rest: at };
    const flag = readFlag(line, at, end, token);
    at = flag.end;
    if (flag.word === '--') return { flags, rest: at };
    const equals = flag.word.indexOf('=');
    flags.push({
      name: equals === -1 ? flag.word.slice(2) : flag.word.slice(2, equals),
      value: equals === -1 ? undefined : flag.word.slice(equals + 1),
      span: spanOf(line, flag.start, at),
      valueSpan: equals === -1 ? spanOf(line, at, at) : spanOf(line, flag.equals + 1, at),
    });
  }
}

/** The word from `start` on without quotes and escapes, and where its first `=` stands in the line. */
function readFlag(
  { text }: JoinedLine,
  start: number,
  end: number,
  token: string,
): { word: string; start: number; equals: number; end: number } {
  let word = '';
  let quote = '';
  let equals = -1;
  let at = start;
  for (; at < end; at += 1) {
    let char = text[at]!;
    if (quote === '' ? char === '"' || char === "'" : char === quote) {
      quote = quote === '' ? char : '';
      continue;
    }
    if (quote === '' && isBlank(text.charCodeAt(at))) break;
    if (char === token) {
      at += 1;
      if (at >= end) break;
      char = text[at]!;
    }
    if (char === '=' && equals === -1) equals = at;
    word += char;
  }
  return { word, start, equals, end: Math.min(at, end) };
}
