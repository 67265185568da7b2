// A part's files as bytes: what a layer would hold, without a layer.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import type { Content, FileDigest, FileEntry, Part } from '../../src/layers/entry.ts';

export interface WrittenFile {
  readonly path: string;
  readonly mode: number;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** The files in the part's order, computed ones last and from the digests of the others. */
export function writtenFiles(part: Part): readonly WrittenFile[] {
  const files = part.entries.filter((entry): entry is FileEntry => entry.kind === 'file');
  const digests = new Map<string, FileDigest>();
  const written: WrittenFile[] = [];
  const archives = new Map<string, Buffer>();
  const slice = (path: string, offset: number, length: number): Buffer => {
    const bytes = archives.get(path) ?? readFileSync(path);
    archives.set(path, bytes);
    return bytes.subarray(offset, offset + length);
  };
  for (const later of [false, true]) {
    for (const file of files) {
      if ((file.content.kind === 'computed') !== later) continue;
      const bytes = bytesOf(file.content, file.size, digests, slice);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      digests.set(file.path, { sha256, size: bytes.length });
      written.push({ path: file.path, mode: file.mode, bytes, sha256 });
    }
  }
  return written;
}

function bytesOf(
  content: Content,
  size: number,
  digests: ReadonlyMap<string, FileDigest>,
  slice: (path: string, offset: number, length: number) => Buffer,
): Uint8Array {
  switch (content.kind) {
    case 'bytes':
      return content.bytes;
    case 'slice':
      return slice(content.path, content.offset, size);
    case 'deflate': {
      const bytes = inflateRawSync(slice(content.path, content.offset, content.compressedSize));
      if (bytes.length !== size) throw new Error(`${bytes.length} bytes instead of ${size}`);
      return bytes;
    }
    case 'computed':
      return content.from(digests);
  }
}
