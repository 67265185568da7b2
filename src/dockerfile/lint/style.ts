// How a file is written, so that what a fix inserts looks like the rest. Line ends are `applyEdits`'s business: write `\n`.

import type { Dockerfile, Instruction } from '../syntax/ast.ts';

/** Longest line that a fix makes where it could be broken. */
const WIDTH = 100;

/** What goes on with an instruction on the next line, as it does there or elsewhere: ` \`, a line's end, the indentation. */
export function continuation(dockerfile: Dockerfile, { span }: Instruction): string {
  const { text } = dockerfile;
  const written =
    /\r?\n([ \t]+)\S/.exec(text.slice(span.start, span.end))?.[1] ??
    /[\\`][ \t]*\r?\n([ \t]+)\S/.exec(text)?.[1];
  return ` ${dockerfile.escape}\n${written ?? '    '}`;
}

/** Whether what is put into an instruction stands on a line of its own: others do, or the line would be too long. */
export function wantsLine({ text }: Dockerfile, { span }: Instruction, inserted: number): boolean {
  const [line = '', ...more] = text.slice(span.start, span.end).split('\n');
  return more.length > 0 || line.length + inserted > WIDTH;
}

/** ` && `, broken as it is where the instruction breaks lines at it: before, or behind. */
export function conjunction(dockerfile: Dockerfile, instruction: Instruction, inserted: number): string {
  if (!wantsLine(dockerfile, instruction, inserted)) return ' && ';
  const next = continuation(dockerfile, instruction);
  const { start, end } = instruction.span;
  const trails = /&&[ \t]*[\\`][ \t]*\r?\n/.test(dockerfile.text.slice(start, end));
  return trails ? ` &&${next}` : `${next}&& `;
}

/** A keyword in the case of another one. */
export function keywordLike({ text }: Dockerfile, { keywordSpan }: Instruction, keyword: string): string {
  const written = text.slice(keywordSpan.start, keywordSpan.end);
  return written === written.toLowerCase() ? keyword.toLowerCase() : keyword;
}
