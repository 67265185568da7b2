// Making directories with their parents. Node's own recursion never ends where a file system refuses new names with
// ENOENT, as `/proc` does.

import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Like `mkdir -p`. @throws the system's errors as they are */
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
