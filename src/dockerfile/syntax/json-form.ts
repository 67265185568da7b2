// The exec form: an argument that is a JSON array. What looks like one and is not is the shell form, as BuildKit has it.

import { skipSpaces } from './blanks.ts';
import type { Range } from './words.ts';

export type JsonForm =
  /** The ranges hold the quotes. */
  | { readonly kind: 'strings'; readonly ranges: readonly Range[]; readonly values: readonly string[] }
  /** An array, but not of strings alone, which BuildKit refuses. */
  | { readonly kind: 'mixed' }
  | { readonly kind: 'none' };

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Reads `text` from `start` to `end`. */
export function readJsonForm(text: string, start: number, end: number): JsonForm {
  const from = skipSpaces(text, start, end);
  if (text[from] !== '[' || text[end - 1] !== ']') return { kind: 'none' };
  const array = parse(text.slice(from, end));
  if (array === undefined) return { kind: 'none' };
  if (!array.every((value): value is string => typeof value === 'string')) return { kind: 'mixed' };
  const ranges: Range[] = [];
  // The array is known to be one, so each quote opens a string.
  for (let at = from; at < end; at += 1) {
    if (text[at] !== '"') continue;
    const begin = at;
    for (at += 1; text[at] !== '"'; at += 1) if (text[at] === '\\') at += 1;
    ranges.push({ start: begin, end: at + 1 });
  }
  return { kind: 'strings', ranges, values: array.map((value) => value.replace(LONE_SURROGATE, '\ufffd')) };
}

function parse(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
