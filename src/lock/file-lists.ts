// The lists of files, which are nine tenths of a lock, read without a TOML parser where they look as Poetry writes them.
// What looks otherwise in the least is left to the parser.

import type { LockedFile } from './plan.ts';

export interface Cut {
  /** The text with each list replaced by its number, on as many lines as before. */
  readonly text: string;
  readonly lists: readonly (readonly LockedFile[])[];
}

const LIST = /^files = \[\n((?: {4}\{file = "[^"\\\n]+", hash = "[a-z0-9_]+:[0-9a-f]+"\},\n)+)\]$/gm;
const ENTRY = /file = "([^"]+)", hash = "([^"]+)"/g;

/**
 * Cuts `files = [` … `]` out of a lock of version 2.0 or later. A caller must see every number again as the `files` of a
 * package, and read the whole text otherwise: a list may stand in a string.
 */
export function cutFileLists(text: string): Cut {
  const lists: (readonly LockedFile[])[] = [];
  const shortened = text.replace(LIST, (_, entries: string) => {
    const files = Array.from(entries.matchAll(ENTRY), ([, name, hash]) => ({ name: name!, hash: hash! }));
    lists.push(files);
    return `files = ${lists.length - 1}${'\n'.repeat(files.length + 1)}`;
  });
  return { text: shortened, lists };
}
