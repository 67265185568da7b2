// Scripts below `bin`: generated for entry points, and repaired where a wheel brings its own. Byte for byte what
// pypa/installer 1.0 writes on POSIX (scripts.py, utils.py `fix_shebang`).

import type { EntryPoint } from './entry-points.ts';

const PLACEHOLDER = '#!python';
/** Bytes that a kernel is sure to read of a first line; `#!` and the newline count. */
const LONGEST_SHEBANG = 127;

/** The launcher of an entry point. `interpreter` is an absolute path in the image. */
export function scriptContent(point: Omit<EntryPoint, 'name'>, interpreter: string): Buffer {
  const { module, attribute } = point;
  return Buffer.from(`${shebang(interpreter)}
# -*- coding: utf-8 -*-
import re
import sys
from ${module} import ${attribute.split('.')[0]}
if __name__ == "__main__":
    sys.argv[0] = re.sub(r"(-script\\.pyw|\\.exe)?$", "", sys.argv[0])
    sys.exit(${attribute}())
`);
}

/** How many bytes of a script tell whether it must be repaired. */
export const SHEBANG_LENGTH: number = PLACEHOLDER.length;

/** True for `#!python`, `#!pythonw -E`, `#!python3.9`: whatever starts so. */
export function hasPlaceholder(start: Uint8Array): boolean {
  return Buffer.from(start).toString('latin1', 0, SHEBANG_LENGTH) === PLACEHOLDER;
}

/** Replaces the whole first line, arguments and all, by one that names the interpreter. */
export function replaceShebang(script: Uint8Array, interpreter: string): Buffer {
  const newline = script.indexOf(0x0a);
  const rest = newline < 0 ? new Uint8Array(0) : script.subarray(newline + 1);
  return Buffer.concat([Buffer.from(`#!${interpreter}\n`), rest]);
}

/** `#!interpreter`, or, where a kernel would not take that, a line that is both shell and Python. */
function shebang(interpreter: string): string {
  const length = Buffer.byteLength(interpreter) + 3;
  if (!interpreter.includes(' ') && length <= LONGEST_SHEBANG) return `#!${interpreter}`;
  return `#!/bin/sh\n'''exec' ${quote(interpreter)} "$0" "$@"\n' '''`;
}

/** As Python's `shlex.quote`. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}
