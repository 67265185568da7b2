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

/** Everything below a directory by its path, without the directory itself; links are not followed. */
export function readTree(directory: string): ReadonlyMap<string, Leaf> {
  const leaves = new Map<string, Leaf>();
  const walk = (below: string): void => {
    for (const name of readdirSync(join(directory, below)).sort()) {
      const path = below === '' ? name : `${below}/${name}`;
      const leaf = leafAt(join(directory, path));
      leaves.set(path, leaf);
      if (leaf.kind === 'directory') walk(path);
    }
  };
  walk('');
  return leaves;
}

function leafAt(file: string): Leaf {
  const found = lstatSync(file);
  if (found.isSymbolicLink()) return { kind: 'link', executable: false, content: readlinkSync(file) };
  if (found.isDirectory()) return { kind: 'directory', executable: false, content: '' };
  return { kind: 'file', executable: (found.mode & 0o111) !== 0, content: sha256(readFileSync(file)) };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
