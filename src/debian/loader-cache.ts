// `/etc/ld.so.cache`: which file the dynamic loader takes for a soname, and what `ldconfig -p` (and so
// `ctypes.util.find_library`) prints. glibc, `sysdeps/generic/dl-cache.h`: format `glibc-ld.so.cache1.1` alone.

import type { Architecture } from './architecture.ts';

export interface Library {
  /** `libz.so.1` */
  readonly soname: string;
  /** `/lib/x86_64-linux-gnu/libz.so.1` */
  readonly path: string;
}

const MAGIC = 'glibc-ld.so.cache1.1';
const HEADER = 48;
const ENTRY = 24;

/** The file's bytes. Of two libraries with one soname, the earlier one wins. */
export function writeLoaderCache(libraries: readonly Library[], architecture: Architecture): Buffer {
  const { little } = architecture.elf;
  // The loader searches by halves in this, descending order.
  const sorted = libraries
    .map((library, index) => ({ ...library, index }))
    .sort((a, b) => compareSonames(b.soname, a.soname) || a.index - b.index);
  const names: Buffer[] = [];
  let end = HEADER + ENTRY * sorted.length;
  const place = (text: string): number => {
    const bytes = Buffer.from(`${text}\0`);
    names.push(bytes);
    end += bytes.length;
    return end - bytes.length;
  };
  const table = Buffer.alloc(end);
  const write = (value: number, at: number): void => {
    if (little) table.writeUInt32LE(value, at);
    else table.writeUInt32BE(value, at);
  };
  table.write(MAGIC, 'latin1');
  write(sorted.length, 20);
  // Byte order: 2 is little, 3 is big.
  table[28] = little ? 2 : 3;
  sorted.forEach(({ soname, path }, index) => {
    const at = HEADER + index * ENTRY;
    write(architecture.loaderFlags, at);
    write(place(soname), at + 4);
    write(place(path), at + 8);
  });
  write(end - table.length, 24);
  return Buffer.concat([table, ...names]);
}

/** glibc's `_dl_cache_libcmp`: runs of digits by value, and before all other characters; the rest by byte. */
export function compareSonames(a: string, b: string): number {
  let at = 0;
  let bt = 0;
  while (at < a.length) {
    const aDigit = isDigit(a, at);
    const bDigit = isDigit(b, bt);
    if (aDigit !== bDigit) return aDigit ? 1 : -1;
    if (aDigit) {
      const aRun = /^\d+/.exec(a.slice(at))![0];
      const bRun = /^\d+/.exec(b.slice(bt))![0];
      const difference = Number(aRun) - Number(bRun);
      if (difference !== 0) return difference;
      at += aRun.length;
      bt += bRun.length;
      continue;
    }
    const difference = a.charCodeAt(at) - (bt < b.length ? b.charCodeAt(bt) : 0);
    if (difference !== 0) return difference;
    at++;
    bt++;
  }
  return bt < b.length ? -1 : 0;
}

function isDigit(text: string, at: number): boolean {
  return at < text.length && text[at]! >= '0' && text[at]! <= '9';
}
