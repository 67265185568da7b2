// How a file is written, so that what a fix inserts looks like the rest. Line ends are `applyEdits`'s business: write `\n`.

import type { Dockerfile, Instruction } from '../syntax/ast.ts';

/** What goes on with an instruction on the next line, as it does there already: ` \`, a line's end, the indentation. */
export function continuation(dockerfile: Dockerfile, { span }: Instruction): string {
  const written = /\r?\n([ \t]+)\S/.exec(dockerfile.text.slice(span.start, span.end))?.[1];
  return ` ${dockerfile.escape}\n${written ?? '    '}`;
}
