// A plain layer, as `docker save` writes it, as the gzip layer that registries and layouts hold: the same bytes for the
// same layer on every machine, made once.

import { rmSync } from 'node:fs';
import type { Context } from '../kernel/context.ts';
import { type Digest, keyOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { FORMAT } from '../layers/layout.ts';
import { createBlobFile, createLayerStream } from '../layers/output.ts';
import { type BlobPlace, streamBlob } from './blob.ts';

export interface PackedLayer {
  readonly digest: Digest;
  readonly size: number;
  readonly path: string;
}

/**
 * @param diffId of the tar that stands at `place`
 * @throws BivyError `HASH_MISMATCH` where another one stands there
 */
export async function packLayer(place: BlobPlace, diffId: Digest, context: Context): Promise<PackedLayer> {
  const { cache, signal } = context;
  const key = keyOf({ packed: diffId, encoder: FORMAT['encoder'], version: 2 });
  const known = cache.readRecord<{ readonly digest: Digest; readonly size: number }>('packed-layers', key);
  const found = known === undefined ? undefined : cache.findBlob(known.digest);
  if (found !== undefined && found.size === known?.size) return found;
  const temporary = cache.temporary();
  const file = createBlobFile(temporary);
  try {
    const stream = createLayerStream((bytes) => file.write(bytes));
    for await (const chunk of streamBlob(place, signal)) stream.write(chunk);
    const { digest: actual } = stream.finish();
    if (actual !== diffId) {
      throw new BivyError('HASH_MISMATCH', `a layer that was saved is not \`${diffId}\``, {
        causes: [`it is \`${actual}\``],
        hint: 'build again; if it stays so, the engine’s store is damaged',
      });
    }
    const { digest } = file.finish();
    const blob = cache.adopt(temporary, digest);
    cache.writeRecord('packed-layers', key, { digest, size: blob.size });
    return blob;
  } finally {
    file.discard();
    rmSync(temporary, { force: true });
  }
}
