// Offsets as lines and columns, for messages and for editors.

import type { Dockerfile, Position } from './ast.ts';

const BYTE_ORDER_MARK = 0xfeff;

/** Line and column of an offset; a byte order mark at the head takes no column, since no editor shows it. */
export function positionAt(dockerfile: Pick<Dockerfile, 'text' | 'lineStarts'>, offset: number): Position {
  const { text, lineStarts } = dockerfile;
  let low = 0;
  let high = lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (lineStarts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  const marked = low === 0 && offset > 0 && text.charCodeAt(0) === BYTE_ORDER_MARK;
  return { line: low + 1, column: offset - lineStarts[low]! + (marked ? 0 : 1) };
}
