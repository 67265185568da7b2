// Reading chosen files once: size, SHA-256, executable bit, and the bytes of all but large ones. The mode bits that are
// not the owner's executable bit do not count, so the checkout's umask does not either.

import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { BivyError } from '../kernel/errors.ts';
import { fillFrom } from '../kernel/file-system.ts';
import type { Placement } from './placement.ts';
import { refuseSpecial } from './placement.ts';

/** What a file holds. Larger ones stay on the disk; their CRC-32 tells whoever copies them that nothing changed. */
type FileContent =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'slice'; readonly path: string; readonly offset: 0; readonly crc32: number };

export interface PlacedFile {
  readonly kind: 'file';
  /** Relative to the project. */
  readonly source: string;
  /** Relative to the place of the list it stands in. */
  readonly target: string;
  readonly executable: boolean;
  readonly size: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  readonly content: FileContent;
}

export type Placed = PlacedFile | Extract<Placement, { kind: 'link' }>;

/** Files up to this size are held; all of them together no more than `HELD`. */
const SMALL = 1 << 18;
const HELD = 32 << 20;

/** @throws BivyError `ROOT_INVALID` for what changed under its feet; the system's errors as they are */
export function readFiles(directory: string, placements: readonly Placement[]): readonly Placed[] {
  let held = 0;
  return placements.map((placement) => {
    if (placement.kind === 'link') return placement;
    const file = readOne(`${directory}/${placement.source}`, placement, held + SMALL <= HELD);
    if (file.content.kind === 'bytes') held += file.size;
    return file;
  });
}

function readOne(path: string, { source, target }: Placement, hold: boolean): PlacedFile {
  const descriptor = openFile(path, source);
  try {
    const { mode, size } = fstatSync(descriptor);
    const executable = (mode & 0o100) !== 0;
    const hash = createHash('sha256');
    if (hold && size <= SMALL) {
      const bytes = Buffer.allocUnsafe(size);
      if (fillFrom(descriptor, bytes, null) !== size) throw changed(source);
      const sha256 = hash.update(bytes).digest('hex');
      return { kind: 'file', source, target, executable, size, sha256, content: { kind: 'bytes', bytes } };
    }
    const chunk = Buffer.allocUnsafe(1 << 20);
    let checksum = 0;
    let total = 0;
    for (
      let count = fillFrom(descriptor, chunk, null);
      count > 0;
      count = fillFrom(descriptor, chunk, null)
    ) {
      const part = chunk.subarray(0, count);
      hash.update(part);
      checksum = crc32(part, checksum);
      total += count;
    }
    if (total !== size) throw changed(source);
    const content: FileContent = { kind: 'slice', path, offset: 0, crc32: checksum };
    return { kind: 'file', source, target, executable, size, sha256: hash.digest('hex'), content };
  } finally {
    closeSync(descriptor);
  }
}

function openFile(path: string, source: string): number {
  try {
    // Not through a link, and never waiting for somebody at the other end of a pipe.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (fstatSync(descriptor).isFile()) return descriptor;
    closeSync(descriptor);
    return refuseSpecial(source);
  } catch (error) {
    if (['ENOENT', 'ELOOP'].includes(String((error as NodeJS.ErrnoException).code))) throw changed(source);
    throw error;
  }
}

function changed(source: string): BivyError {
  return new BivyError('ROOT_INVALID', `\`${source}\` changed while it was read`, {
    hint: 'let whatever writes it finish, then build again',
  });
}
