// Blobs from where they stand to where they are published: hashed on the way, so that a damaged file is never published.

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, type FileHandle, open, rm, stat } from 'node:fs/promises';
import type { Context } from '../../kernel/context.ts';
import { hexOf } from '../../kernel/digest.ts';
import { BivyError } from '../../kernel/errors.ts';
import type { PublishedBlob } from './contents.ts';

const CHUNK = 1 << 20;

/**
 * Hands a blob's bytes on, chunk by chunk.
 * @param why for the event: where it goes
 * @param ring buffers that are filled in turn, for who is done with a chunk by then: a third of the time of a large blob
 *   goes into fresh memory. Each chunk has its own where left out
 * @throws BivyError `HASH_MISMATCH` after the last chunk, where the bytes are not what they are called
 */
export async function* readPublished(
  blob: PublishedBlob,
  why: string,
  { emit, signal }: Context,
  ring = 0,
): AsyncGenerator<Uint8Array> {
  if ('bytes' in blob) {
    yield blob.bytes;
    return;
  }
  emit({ type: 'blob-read', digest: blob.digest, why });
  const hash = createHash('sha256');
  const file = await openBlob(blob);
  const buffers: Buffer[] = [];
  try {
    for (let at = 0, turn = 0; at < blob.size; turn += 1) {
      signal.throwIfAborted();
      // Whoever takes a chunk may keep it: a socket does, until it has been sent.
      const used = ring > 0 ? buffers[turn % ring] : undefined;
      const size = Math.min(CHUNK, blob.size - at);
      const buffer = used?.subarray(0, size) ?? Buffer.allocUnsafe(size);
      if (turn < ring) buffers.push(buffer);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, blob.offset + at);
      if (bytesRead === 0) throw mismatch(blob, `it ends after ${at} of ${blob.size} bytes`);
      const chunk = buffer.subarray(0, bytesRead);
      hash.update(chunk);
      at += bytesRead;
      yield chunk;
    }
  } finally {
    await file.close();
  }
  const hex = hash.digest('hex');
  if (hex !== hexOf(blob.digest)) throw mismatch(blob, `its SHA-256 is ${hex}`);
}

/**
 * Writes a blob to a new file. The same file system may share the bytes instead of copying them (reflink).
 * @throws BivyError `HASH_MISMATCH`
 */
export async function copyPublished(
  blob: PublishedBlob,
  to: string,
  why: string,
  context: Context,
): Promise<void> {
  if ('path' in blob && (await shareFile(blob, to))) {
    for await (const _ of readPublished({ ...blob, path: to, offset: 0 }, why, context));
    return;
  }
  const file = await open(to, 'wx', 0o644);
  try {
    for await (const chunk of readPublished(blob, why, context)) await writeAll(file, chunk);
  } finally {
    await file.close();
  }
}

export async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at);
    at += bytesWritten;
  }
}

async function shareFile(
  { path, offset, size }: Extract<PublishedBlob, { path: string }>,
  to: string,
): Promise<boolean> {
  // A stretch of an archive cannot be shared; copying small blobs is quicker than asking.
  if (offset !== 0 || size < CHUNK) return false;
  try {
    if ((await stat(path)).size !== size) return false;
    await copyFile(path, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    // Another file system, or one that cannot: the bytes are copied, and any real fault is met there.
    await rm(to, { force: true });
    return false;
  }
}

async function openBlob(blob: Extract<PublishedBlob, { path: string }>): Promise<FileHandle> {
  try {
    return await open(blob.path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw mismatch(blob, 'its file is gone');
  }
}

function mismatch(blob: Extract<PublishedBlob, { path: string }>, cause: string): BivyError {
  return new BivyError('HASH_MISMATCH', `the layer \`${blob.digest}\` is damaged on this disk`, {
    causes: [cause],
    location: { file: blob.path },
    hint: 'run the build again: what is damaged is made anew; if it belongs to the base, save the base again',
  });
}
