// The content of one file, on its way from where it lies into the layer: spliced, compressed, or hashed only.

import { createHash, hash } from 'node:crypto';
import { BivyError } from '../kernel/errors.ts';
import { type FileReader, type PieceTakers, passDeflate, passSlice } from './content.ts';
import type { FileDigest, FileEntry } from './entry.ts';
import type { Chunk } from './estargz.ts';
import { CHUNK } from './layout.ts';
import type { LayerStream } from './output.ts';

export interface PayloadTask {
  readonly reader: FileReader;
  readonly entry: FileEntry;
  /** Name of the part, for messages. */
  readonly part: string;
}

/** The file's digest; nothing is written. */
export function hashPayload(task: PayloadTask): Promise<FileDigest> {
  return passFile(task, { inflated: () => {} });
}

/** Writes the file wherever the member in work stands. */
export async function writePayload(
  task: PayloadTask,
  stream: LayerStream,
  isSpliced: (entry: FileEntry) => boolean,
): Promise<FileDigest> {
  const { content, size } = task.entry;
  if (content.kind !== 'deflate' || !isSpliced(task.entry)) {
    return passFile(task, { inflated: (bytes) => stream.write(bytes) });
  }
  stream.beginSplice();
  const { open, ...digest } = await passFile(task, {
    compressed: (bytes) => stream.compressed(bytes),
    inflated: (bytes) => stream.inflated(bytes),
  });
  stream.endSplice(content.crc32, size, open);
  return digest;
}

/** Writes the file from the start of a member on, and every `CHUNK` bytes of it from that of another. */
export async function writeChunks(
  task: PayloadTask,
  stream: LayerStream,
  isSpliced: (entry: FileEntry) => boolean,
): Promise<{ readonly digest: FileDigest; readonly chunks: readonly Chunk[] }> {
  const { size } = task.entry;
  if (size <= CHUNK) {
    const offset = stream.cut();
    const digest = await writePayload(task, stream, isSpliced);
    return { digest, chunks: size === 0 ? [] : [{ offset, at: 0, ...digest }] };
  }
  const chunks: Chunk[] = [];
  let offset = stream.cut();
  let hashed = createHash('sha256');
  let at = 0;
  let filled = 0;
  function close(): void {
    chunks.push({ offset, at, size: filled, sha256: hashed.digest('hex') });
    at += filled;
    filled = 0;
  }
  const digest = await passFile(task, {
    inflated(bytes) {
      for (let from = 0; from < bytes.length; ) {
        if (filled === CHUNK) {
          close();
          offset = stream.cut();
          hashed = createHash('sha256');
        }
        const piece = bytes.subarray(from, from + CHUNK - filled);
        hashed.update(piece);
        stream.write(piece);
        filled += piece.length;
        from += piece.length;
      }
    },
  });
  close();
  return { digest: { sha256: digest.sha256, size }, chunks };
}

interface PassedFile extends FileDigest {
  /** Whether what was passed as compressed was left open. */
  readonly open: boolean;
}

async function passFile({ reader, entry, part }: PayloadTask, take: PieceTakers): Promise<PassedFile> {
  const { path, content, size } = entry;
  const what = `\`${path}\` of ${part}`;
  if (content.kind === 'bytes') {
    if (content.bytes.length !== size) {
      throw new BivyError('INTERNAL', `${what} has ${content.bytes.length} bytes, but declares ${size}`);
    }
    take.inflated(content.bytes);
    return { sha256: hash('sha256', content.bytes, 'hex'), size, open: false };
  }
  const digest = createHash('sha256');
  function inflated(bytes: Uint8Array): void {
    digest.update(bytes);
    take.inflated(bytes);
  }
  let open = false;
  if (content.kind === 'slice') passSlice(reader, content, size, what, inflated);
  else if (content.kind === 'deflate') {
    open = await passDeflate(reader, content, size, what, { ...take, inflated });
  }
  return { sha256: digest.digest('hex'), size, open };
}
