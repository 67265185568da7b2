// `bivy cache`: how much is there, and removing it. Whatever is removed is made again when it is needed.

import { existsSync, lstatSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BivyError } from '../kernel/errors.ts';

export interface CacheSize {
  readonly directory: string;
  /** Files and bytes, by kind. */
  readonly kinds: readonly {
    readonly kind: 'blobs' | 'records' | 'tmp';
    readonly files: number;
    readonly bytes: number;
  }[];
}

/** What bivy keeps under its cache directory; anything else there is not touched. */
const KINDS = ['blobs', 'records', 'tmp'] as const;
const UNUSED_MS = 30 * 24 * 3600 * 1000;

interface Found {
  readonly path: string;
  readonly bytes: number;
  readonly usedMs: number;
}

/** @throws BivyError `USAGE` for a path that is no directory */
export function cacheSize(directory: string): CacheSize {
  refuseOther(directory);
  const kinds = KINDS.map((kind) => {
    const files = [...filesIn(join(directory, kind))];
    return { kind, files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
  });
  return { directory, kinds };
}

/** Removes what nobody read or wrote for 30 days. @returns bytes removed @throws as `cacheSize` */
export function pruneCache(directory: string, now: number = Date.now()): number {
  refuseOther(directory);
  let removed = 0;
  for (const kind of KINDS) {
    for (const { path, bytes, usedMs } of filesIn(join(directory, kind))) {
      if (now - usedMs < UNUSED_MS) continue;
      rmSync(path, { force: true });
      removed += bytes;
    }
  }
  return removed;
}

/** @returns bytes removed @throws as `cacheSize` */
export function clearCache(directory: string): number {
  const { kinds } = cacheSize(directory);
  for (const kind of KINDS) rmSync(join(directory, kind), { recursive: true, force: true });
  return kinds.reduce((sum, { bytes }) => sum + bytes, 0);
}

function refuseOther(directory: string): void {
  if (!existsSync(directory) || statSync(directory).isDirectory()) return;
  throw new BivyError('USAGE', `the cache \`${directory}\` is no directory`, {
    hint: 'set `BIVY_CACHE_DIR` to a directory, or to a path where nothing is',
  });
}

function* filesIn(directory: string): Generator<Found> {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else {
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (found !== undefined)
        yield { path, bytes: found.size, usedMs: Math.max(found.atimeMs, found.mtimeMs) };
    }
  }
}
