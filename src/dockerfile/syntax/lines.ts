// Lines of the file, and lines joined by continuations with a way back to the file. As BuildKit's `Parse` joins them:
// comment lines and blank lines between continued lines are dropped, whatever stands around them.

import type { Comment, Logical, Span } from './ast.ts';
import { skipSpaces } from './blanks.ts';

const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const HASH = 0x23;

/** Text of several lines without what joined them. Piece `i` begins at `starts[i]` of `text` and at `offsets[i]` of the file. */
export interface JoinedLine {
  readonly text: string;
  readonly starts: readonly number[];
  readonly offsets: readonly number[];
  /** Index of the line after the last one that was joined. */
  readonly next: number;
}

export function findLineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Where line `index` ends, without its `\r\n`. */
export function lineEnd(text: string, lineStarts: readonly number[], index: number): number {
  const start = lineStarts[index]!;
  let end = lineStarts[index + 1] ?? text.length;
  for (; end > start; end -= 1) {
    const code = text.charCodeAt(end - 1);
    if (code !== LINE_FEED && code !== RETURN) break;
  }
  return end;
}

/** The comment of a line whose first character other than white space, at `start`, is a `#`. */
export function commentAt(text: string, start: number, end: number, continued: boolean): Comment | undefined {
  if (start >= end || text.charCodeAt(start) !== HASH) return undefined;
  return { text: text.slice(start + 1, end), span: { start, end }, continued };
}

/** Joins to the line `index`, whose text begins at `start`, the lines that continue it; their comments go to `comments`. */
export function joinLines(
  text: string,
  lineStarts: readonly number[],
  index: number,
  start: number,
  token: string,
  comments: Comment[],
): JoinedLine {
  const pieces: string[] = [];
  const starts: number[] = [];
  const offsets: number[] = [];
  let length = 0;
  function add(from: number, to: number): void {
    if (from === to) return;
    pieces.push(text.slice(from, to));
    starts.push(length);
    offsets.push(from);
    length += to - from;
  }
  const count = lineCount(text, lineStarts);
  const firstEnd = lineEnd(text, lineStarts, index);
  let cut = continuation(text, start, firstEnd, token);
  add(start, cut ?? firstEnd);
  let next = index + 1;
  for (; cut !== undefined && next < count; next += 1) {
    const begin = lineStarts[next]!;
    const end = lineEnd(text, lineStarts, next);
    const written = skipSpaces(text, begin, end);
    if (written === end) continue;
    const comment = commentAt(text, written, end, true);
    if (comment !== undefined) {
      comments.push(comment);
      continue;
    }
    cut = continuation(text, begin, end, token);
    add(begin, cut ?? end);
  }
  if (offsets.length === 0) {
    starts.push(0);
    offsets.push(start);
  }
  return { text: pieces.join(''), starts, offsets, next };
}

/** The number of lines; what follows the last line feed is one if there is anything. */
export function lineCount(text: string, lineStarts: readonly number[]): number {
  return lineStarts.at(-1) === text.length ? lineStarts.length - 1 : lineStarts.length;
}

/** Where the escape character stands that continues the line: last but blanks, and not itself after another one. */
function continuation(text: string, start: number, end: number, token: string): number | undefined {
  let at = end - 1;
  while (at >= start && (text[at] === ' ' || text[at] === '\t')) at -= 1;
  if (at < start || text[at] !== token) return undefined;
  return at > start && text[at - 1] === token ? undefined : at;
}

/** Where in the file the character at `index` of the joined text was written. */
function offsetAt(line: JoinedLine, index: number): number {
  let low = 0;
  let high = line.starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (line.starts[middle]! <= index) low = middle;
    else high = middle - 1;
  }
  return line.offsets[low]! + index - line.starts[low]!;
}

/** The span in the file of a part of the joined text; what lies between its pieces is inside. */
export function spanOf(line: JoinedLine, start: number, end: number): Span {
  if (start < end) return { start: offsetAt(line, start), end: offsetAt(line, end - 1) + 1 };
  const at = start === 0 ? line.offsets[0]! : offsetAt(line, start - 1) + 1;
  return { start: at, end: at };
}

/** A part of the joined text with the offset of each of its characters. */
export function sliceLine(line: JoinedLine, start: number, end: number): Logical {
  const offsets: number[] = [];
  let piece = 0;
  while (piece + 1 < line.starts.length && line.starts[piece + 1]! <= start) piece += 1;
  for (let at = start; at < end; piece += 1) {
    const stop = Math.min(end, line.starts[piece + 1] ?? end);
    const shift = line.offsets[piece]! - line.starts[piece]!;
    for (; at < stop; at += 1) offsets.push(at + shift);
  }
  offsets.push(spanOf(line, start, end).end);
  return { text: line.text.slice(start, end), offsets };
}
