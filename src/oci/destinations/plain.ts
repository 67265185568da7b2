// What Docker's classic store is given of layers that are compressed with zstd: plain tars of the same diffID. Engines
// before version 23 read no zstd (moby/moby#41759); the image's configuration, its identity there, stays what it is.

import type { Blob } from '../../kernel/cache.ts';
import type { Context } from '../../kernel/context.ts';
import type { Digest } from '../../kernel/digest.ts';
import { type ImageLayer, localBlob } from '../image.ts';
import { LAYER_ZSTD } from '../spec.ts';
import type { PublishedBlob } from './contents.ts';
import { readPublished } from './copy.ts';

type Layer = Pick<ImageLayer, 'mediaType' | 'digest' | 'diffId' | 'size' | 'blob'>;

/** The blob that Docker's own manifest names for a layer. */
export function loadedAs({ mediaType, digest, diffId }: Omit<Layer, 'size' | 'blob'>): Digest {
  return mediaType === LAYER_ZSTD ? diffId : digest;
}

/**
 * The blobs that `loadedAs` names and the image does not have, each once; unpacked into the cache.
 * @param why for the event: where they go
 * @throws BivyError `HASH_MISMATCH`, `BASE_INVALID`
 */
export async function plainBlobs(
  layers: readonly Layer[],
  why: string,
  context: Context,
): Promise<readonly PublishedBlob[]> {
  const blobs = new Map<Digest, PublishedBlob>();
  for (const layer of layers) {
    const { digest, diffId, size } = layer;
    if (loadedAs(layer) === digest || blobs.has(diffId)) continue;
    const packed = readPublished({ digest, size, ...localBlob(layer) }, why, context);
    const blob = (await context.cache.verifyBlob(diffId)) ?? (await unpack(packed, layer, context));
    blobs.set(diffId, { digest: diffId, size: blob.size, path: blob.path, offset: 0 });
  }
  return [...blobs.values()];
}

async function unpack(
  packed: AsyncIterable<Uint8Array>,
  { digest, diffId }: Layer,
  { cache }: Context,
): Promise<Blob> {
  // Few images have such layers: the rest need no decoder.
  const { decompress } = await import('../blob.ts');
  const name = `the layer \`${digest}\``;
  return cache.putBlob(decompress(packed, 'zstd', name), { expected: diffId, name });
}
