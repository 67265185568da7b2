// Reading files that somebody else wrote: never more than was bargained for, and never a pipe that nobody writes to.

import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';
import { fillFrom } from '../kernel/file-system.ts';

export type BoundedFile =
  | { readonly kind: 'file'; readonly bytes: Buffer; readonly stats: Stats }
  | { readonly kind: 'missing' }
  | { readonly kind: 'directory' }
  /** A device, a pipe, a socket. */
  | { readonly kind: 'special' }
  | { readonly kind: 'large' };

/** The file, or what a link there leads to. @throws the system's errors as they are, but for what is not there */
export function readBounded(path: string, limit: number): BoundedFile {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
    if (code === 'ENXIO') return { kind: 'special' };
    throw error;
  }
  try {
    const stats = fstatSync(file);
    if (stats.isDirectory()) return { kind: 'directory' };
    if (!stats.isFile()) return { kind: 'special' };
    if (stats.size > limit) return { kind: 'large' };
    // It may grow while it is read: a byte more than there was would show it.
    const bytes = Buffer.allocUnsafe(stats.size + 1);
    const length = fillFrom(file, bytes, null);
    if (length > limit) return { kind: 'large' };
    return { kind: 'file', bytes: bytes.subarray(0, length), stats };
  } finally {
    closeSync(file);
  }
}
