// `NAME=value` of ENV, ARG and LABEL, and the old `ENV NAME value`: BuildKit's `parseNameVal`, `parseNameOrNameVal`.

import type { Pair, Word } from './ast.ts';
import { isBlank } from './blanks.ts';
import { type JoinedLine, spanOf } from './lines.ts';
import { makeWord, type Range, splitWords, unquote } from './words.ts';

export interface Pairs {
  readonly words: readonly Word[];
  readonly pairs: readonly Pair[];
  /** Words that are no pair where one is needed. */
  readonly bare: readonly Word[];
}

/** Reads the argument of ENV, LABEL or ARG. ARG may leave the value out; the others take two words without `=` as the old form. */
export function readPairs(
  line: JoinedLine,
  start: number,
  end: number,
  token: string,
  keyword: string,
): Pairs {
  const { text } = line;
  const ranges = splitWords(text, start, end, token);
  const first = ranges[0];
  if (first === undefined) return { words: [], pairs: [], bare: [] };
  if (keyword !== 'ARG' && equalsIn(text, first) === undefined) return readLegacy(line, start, end, token);
  const words = ranges.map((range) => makeWord(line, range, token));
  const pairs: Pair[] = [];
  const bare: Word[] = [];
  ranges.forEach((range, index) => {
    const equals = equalsIn(text, range);
    const span = words[index]!.span;
    if (equals !== undefined) {
      const name = unquote(text.slice(range.start, equals), token);
      const value = makeWord(line, { start: equals + 1, end: range.end }, token);
      pairs.push({ name, value, span, legacy: false });
    } else if (keyword === 'ARG') {
      pairs.push({ name: words[index]!.value, value: undefined, span, legacy: false });
    } else bare.push(words[index]!);
  });
  return { words, pairs, bare };
}

function equalsIn(text: string, { start, end }: Range): number | undefined {
  const at = text.slice(start, end).indexOf('=');
  return at === -1 ? undefined : start + at;
}

/** `ENV NAME the rest of the line`: parted at the first blanks. */
function readLegacy(line: JoinedLine, start: number, end: number, token: string): Pairs {
  const { text } = line;
  let stop = start;
  while (stop < end && !isBlank(text.charCodeAt(stop))) stop += 1;
  let next = stop;
  while (next < end && isBlank(text.charCodeAt(next))) next += 1;
  const name = makeWord(line, { start, end: stop }, token);
  if (next === end) return { words: [name], pairs: [], bare: [name] };
  const value = makeWord(line, { start: next, end }, token);
  const pair = { name: name.value, value, span: spanOf(line, start, end), legacy: true };
  return { words: [name, value], pairs: [pair], bare: [] };
}
