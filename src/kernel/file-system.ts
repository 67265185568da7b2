// What the file system does only in parts: directories with their parents, and as many bytes as were asked for.

import { mkdirSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Like `mkdir -p`. Node's own recursion never ends where a file system refuses new names with ENOENT, as `/proc` does.
 * @throws the system's errors as they are
 */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    const parent = dirname(path);
    if (
      code !== 'ENOENT' ||
      parent === path ||
      statSync(parent, { throwIfNoEntry: false })?.isDirectory() === true
    )
      throw error;
    makeDirectory(parent);
    // Another process may have made it meanwhile.
    try {
      mkdirSync(path);
    } catch (again) {
      if ((again as NodeJS.ErrnoException).code !== 'EEXIST') throw again;
    }
  }
}

/**
 * Fills `bytes` from an open file. A read may give less than was asked for, which is no end.
 * @param position where the bytes stand in the file; `null`: where the last read ended
 * @returns how many bytes were read: fewer than asked for only where the file ends
 */
export function fillFrom(file: number, bytes: Uint8Array, position: number | null): number {
  let filled = 0;
  while (filled < bytes.length) {
    const at = position === null ? null : position + filled;
    const count = readSync(file, bytes, filled, bytes.length - filled, at);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}
