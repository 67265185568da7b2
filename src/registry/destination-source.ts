// The bytes of a blob for its way into a registry: a file's in two buffers that take turns, and not hashed. The registry
// hashes what it gets before it keeps it under a digest, and the way is what takes the time on a small machine; so the
// file is held against its digest once the registry has refused it.

import { open } from 'node:fs/promises';
import type { Context } from '../kernel/context.ts';
import { BivyError } from '../kernel/errors.ts';
import { readPublished } from '../oci/destinations/copy.ts';
import type { LocalBlob } from '../oci/image.ts';
import type { PushedBlob } from './destination-contents.ts';
import type { BlobSource } from './registry.ts';

type Place = Uint8Array | LocalBlob;

const CHUNK = 1 << 20;

/** @throws BivyError `HASH_MISMATCH`, while it is read, where the file is gone or too short */
export function sourceOf(
  { digest, size }: Pick<PushedBlob, 'digest' | 'size'>,
  place: Place,
  context: Context,
): BlobSource {
  const { emit, signal } = context;
  async function* read(from: number): AsyncGenerator<Uint8Array> {
    if (!('path' in place)) {
      yield place.subarray(from);
      return;
    }
    emit({ type: 'blob-read', digest, why: 'registry' });
    const file = await open(place.path, 'r').catch(async (error: unknown) => {
      await expectUndamaged({ digest, size }, place, context);
      throw error;
    });
    const buffers: Buffer[] = [];
    try {
      for (let at = from, turn = 0; at < size; turn += 1) {
        signal.throwIfAborted();
        const length = Math.min(CHUNK, size - at);
        const buffer = buffers[turn % 2]?.subarray(0, length) ?? Buffer.allocUnsafe(length);
        if (turn < 2) buffers.push(buffer);
        const { bytesRead } = await file.read(buffer, 0, length, place.offset + at);
        if (bytesRead === 0) {
          await expectUndamaged({ digest, size }, place, context);
          throw new BivyError('HASH_MISMATCH', `the layer \`${digest}\` was changed while it was sent`);
        }
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }
  return { digest, size, open: read };
}

/** Holds a blob on this disk against its digest. @throws BivyError `HASH_MISMATCH` */
export async function expectUndamaged(
  { digest, size }: Pick<PushedBlob, 'digest' | 'size'>,
  place: Place,
  context: Context,
): Promise<void> {
  if (!('path' in place)) return;
  const { path, offset } = place;
  for await (const _ of readPublished({ digest, size, path, offset }, 'its digest', context));
}
