// File trees on this disk, as values that can be compared.

import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

export interface Leaf {
  readonly kind: 'file' | 'link' | 'directory';
  readonly executable: boolean;
  /** SHA-256 of a file, the target of a link. */
  readonly content: string;
}

/** Everything below a directory by its path, without the directory itself. */
export function readTree(directory: string): ReadonlyMap<string, Leaf> {
  const leaves = new Map<string, Leaf>();
  for (const path of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()) {
    const file = join(directory, path);
    const found = lstatSync(file);
    const executable = found.isFile() && (found.mode & 0o111) !== 0;
    if (found.isSymbolicLink()) leaves.set(path, { kind: 'link', executable, content: readlinkSync(file) });
    else if (found.isDirectory()) leaves.set(path, { kind: 'directory', executable, content: '' });
    else leaves.set(path, { kind: 'file', executable, content: sha256(readFileSync(file)) });
  }
  return leaves;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
