// The paths that Git tracks, from `.git/index` (gitformat-index(5), versions 2 to 4, split indexes, SHA-1 and SHA-256).
// Only names are read; an index that cannot be read is an error, for then nobody knows what is tracked.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BivyError } from '../kernel/errors.ts';

/** Tracked paths relative to the top of the work tree; none where there is no index yet. @throws BivyError `PROJECT_INVALID` */
export function trackedPaths(gitDirectory: string): ReadonlySet<string> {
  const paths = new Set<string>();
  const path = join(gitDirectory, 'index');
  const bytes = readBytes(path);
  if (bytes === undefined) return paths;
  const shared = readIndex(bytes, path, paths);
  if (shared !== undefined) {
    const sharedPath = join(gitDirectory, `sharedindex.${shared}`);
    const base = readBytes(sharedPath);
    if (base === undefined) throw damaged(path, `\`sharedindex.${shared}\` is missing`);
    readIndex(base, sharedPath, paths);
  }
  return paths;
}

/** Adds the paths of one index file; returns the object name of the index that it extends, if it does. */
function readIndex(bytes: Buffer, path: string, paths: Set<string>): string | undefined {
  if (bytes.length < 12 || bytes.toString('latin1', 0, 4) !== 'DIRC')
    throw damaged(path, 'it does not begin with `DIRC`');
  const version = bytes.readUInt32BE(4);
  const count = bytes.readUInt32BE(8);
  if (version < 2 || version > 4) throw damaged(path, `its version is ${version}`);
  // The object format is said in `config`; an index whose entries do not parse with one width parses with the other.
  for (const width of [20, 32]) {
    const found: string[] = [];
    const end = readEntries(bytes, { version, count, width }, found);
    if (end === undefined) continue;
    const shared = readLink(bytes, end, width);
    if (shared === undefined) continue;
    for (const name of found) paths.add(name);
    return shared === '' ? undefined : shared;
  }
  throw damaged(path, 'its entries do not add up');
}

/** Where the entries end; `undefined` where they make no sense. */
function readEntries(
  bytes: Buffer,
  { version, count, width }: { version: number; count: number; width: number },
  found: string[],
): number | undefined {
  let at = 12;
  let previous: Buffer = Buffer.alloc(0);
  for (let index = 0; index < count; index++) {
    const start = at;
    const flagsAt = start + 40 + width;
    if (flagsAt + 2 > bytes.length - width) return undefined;
    const extended = (bytes.readUInt16BE(flagsAt) & 0x4000) !== 0;
    if (extended && version === 2) return undefined;
    let nameAt = flagsAt + (extended ? 4 : 2);
    let name: Buffer;
    if (version === 4) {
      let byte = bytes[nameAt++]!;
      let strip = byte & 0x7f;
      while ((byte & 0x80) !== 0) {
        byte = bytes[nameAt++] ?? 0;
        strip = (strip + 1) * 128 + (byte & 0x7f);
      }
      const end = bytes.indexOf(0, nameAt);
      if (end < 0 || strip > previous.length) return undefined;
      name = Buffer.concat([previous.subarray(0, previous.length - strip), bytes.subarray(nameAt, end)]);
      at = end + 1;
      previous = name;
    } else {
      const end = bytes.indexOf(0, nameAt);
      if (end < 0) return undefined;
      name = bytes.subarray(nameAt, end);
      at = start + Math.floor((end - start + 8) / 8) * 8;
    }
    // In a split index, an entry that replaces one of the shared index has no name.
    if (name.length > 0) found.push(name.toString('utf8'));
  }
  return at;
}

/** The `link` extension's object name, `''` without one; `undefined` where the extensions do not reach the checksum. */
function readLink(bytes: Buffer, start: number, width: number): string | undefined {
  let shared = '';
  let at = start;
  while (at < bytes.length - width) {
    if (at + 8 > bytes.length - width) return undefined;
    const signature = bytes.toString('latin1', at, at + 4);
    const size = bytes.readUInt32BE(at + 4);
    if (!/^[A-Za-z]{4}$/.test(signature) || at + 8 + size > bytes.length - width) return undefined;
    if (signature === 'link') shared = bytes.toString('hex', at + 8, at + 8 + width);
    at += 8 + size;
  }
  return at === bytes.length - width ? shared : undefined;
}

function readBytes(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function damaged(path: string, why: string): BivyError {
  return new BivyError('PROJECT_INVALID', `Git's index cannot be read: ${why}`, {
    location: { file: path },
    hint: 'run `git status`; it says what is wrong with the repository',
  });
}
