// Work in progress beside its destination: on the same file system, so that one rename publishes it, and under a name
// that tells what it is, so that what a killed run left behind is found and removed by the next.

import { randomUUID } from 'node:crypto';
import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeDirectory } from '../../kernel/file-system.ts';

const STALE_MS = 24 * 3600 * 1000;

/** A fresh path beside `path`, whose parents are made. */
export function siblingOf(path: string): string {
  const parent = dirname(path);
  makeDirectory(parent);
  sweep(parent, prefixOf(path));
  return join(parent, `${prefixOf(path)}${process.pid}-${randomUUID()}`);
}

/** A fresh path inside a directory that is being changed. */
export function insideOf(directory: string): string {
  return join(directory, `.bivy-${process.pid}-${randomUUID()}`);
}

/** Removes what nobody wrote to for a day; younger ones may be another run's. */
export function sweep(directory: string, prefix = '.bivy-'): void {
  const old = Date.now() - STALE_MS;
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(prefix) || !/-[0-9a-f]{12}$/.test(name)) continue;
    const path = join(directory, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found !== undefined && found.mtimeMs < old) rmSync(path, { force: true, recursive: true });
  }
}

function prefixOf(path: string): string {
  return `.${basename(path)}.bivy-`;
}
