// Where bytes of an image stand on this disk: a whole file, or a stretch of an archive; and reading them, bounded and
// hashed. Compression is told by its first bytes, as engines do, not by what a media type claims.

import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync } from 'node:fs';
import { constants, createGunzip } from 'node:zlib';
import { type Digest, digestOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { fillFrom } from '../kernel/file-system.ts';
import { LAYER, LAYER_GZIP, LAYER_ZSTD } from './spec.ts';

export interface BlobPlace {
  readonly path: string;
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

const CHUNK = 1 << 20;

/**
 * A small blob as a whole.
 * @param limit most bytes it may have
 * @throws BivyError `BASE_INVALID` where it is larger, shorter than told, or not what `expected` says
 */
export function readBlob(place: BlobPlace, limit: number, name: string, expected?: Digest): Buffer {
  if (place.size > limit) {
    throw new BivyError(
      'BASE_INVALID',
      `${name} has ${place.size} bytes, more than the ${limit} it may have`,
    );
  }
  const bytes = Buffer.alloc(place.size);
  const file = openSync(place.path, 'r');
  try {
    const count = fillFrom(file, bytes, place.offset);
    if (count < bytes.length) {
      throw new BivyError('BASE_INVALID', `${name} ends after ${count} of ${place.size} bytes`);
    }
  } finally {
    closeSync(file);
  }
  if (expected !== undefined && digestOf(bytes) !== expected) {
    throw new BivyError('BASE_INVALID', `${name} is not \`${expected}\`: its bytes were changed`, {
      hint: 'copy or save the image again',
    });
  }
  return bytes;
}

/** The bytes of a blob as they stand, in chunks. */
export async function* streamBlob(place: BlobPlace, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  if (place.size === 0) return;
  yield* createReadStream(place.path, {
    start: place.offset,
    end: place.offset + place.size - 1,
    highWaterMark: CHUNK,
    ...(signal === undefined ? {} : { signal }),
  });
}

/** What layers may be compressed with. */
export type LayerCompression = 'none' | 'gzip' | 'zstd';
export type Compression = LayerCompression | 'xz' | 'bzip2';

const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  // Frames that hold nothing may come first; they have any of 16 numbers.
  ...Array.from({ length: 16 }, (_, low) => ['zstd', [0x50 + low, 0x2a, 0x4d, 0x18]] as const),
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];

/** How a blob is compressed. */
export function compressionOf(place: BlobPlace): Compression {
  const head = readBlob({ ...place, size: Math.min(place.size, 6) }, 6, `\`${place.path}\``);
  return MAGIC.find(([, magic]) => magic.every((byte, at) => head[at] === byte))?.[0] ?? 'none';
}

const LAYER_TYPES: Readonly<Record<LayerCompression, string>> = {
  none: LAYER,
  gzip: LAYER_GZIP,
  zstd: LAYER_ZSTD,
};

/** How a layer is compressed. @throws BivyError `BASE_UNSUPPORTED` for what no engine reads */
export function layerCompression(place: BlobPlace, name: string): LayerCompression {
  const compression = compressionOf(place);
  if (compression !== 'xz' && compression !== 'bzip2') return compression;
  throw new BivyError('BASE_UNSUPPORTED', `${name} is compressed with ${compression}`, {
    hint: 'save the image with gzip layers, for example with `skopeo copy --dest-compress-format gzip`',
  });
}

/** The media type of a layer of that compression. */
export function layerMediaType(compression: LayerCompression): string {
  return LAYER_TYPES[compression];
}

/**
 * Unpacked bytes of a stream of that compression; the source is read to its end, whatever follows the compressed data.
 * @throws BivyError `BASE_INVALID` where the data are damaged
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  compression: LayerCompression,
  name: string,
): AsyncGenerator<Uint8Array> {
  if (compression === 'none') {
    yield* source;
    return;
  }
  if (compression === 'zstd') {
    const { unzstd } = await import('./zstd.ts');
    yield* unzstd(source, name);
    return;
  }
  const gunzip = createGunzip({ chunkSize: 1 << 18, finishFlush: constants.Z_FINISH });
  let ended = false;
  gunzip.once('end', () => {
    ended = true;
  });
  const feeding = feed(source, gunzip, () => ended);
  // Its failure is met where it is awaited; until then it must not count as unhandled.
  feeding.catch(() => undefined);
  try {
    yield* gunzip;
    await feeding;
  } catch (error) {
    if (!String((error as NodeJS.ErrnoException).code).startsWith('Z_')) throw error;
    throw new BivyError('BASE_INVALID', `${name} is damaged: it cannot be unpacked`, {
      cause: error,
      hint: 'copy or save the image again',
    });
  } finally {
    gunzip.destroy();
  }
}

async function feed(
  source: AsyncIterable<Uint8Array>,
  gunzip: ReturnType<typeof createGunzip>,
  ended: () => boolean,
): Promise<void> {
  try {
    for await (const chunk of source) {
      if (gunzip.destroyed && !ended()) return;
      if (ended() || gunzip.write(chunk)) continue;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          for (const event of ['drain', 'close', 'error', 'end']) gunzip.off(event, done);
          resolve();
        };
        for (const event of ['drain', 'close', 'error', 'end']) gunzip.on(event, done);
      });
    }
    gunzip.end();
  } catch (error) {
    gunzip.destroy(error as Error);
    throw error;
  }
}

/** Passes chunks on and counts and hashes them. */
export interface Meter {
  readonly stream: AsyncIterable<Uint8Array>;
  /** Once the stream has ended. */
  digest(): Digest;
  size(): number;
}

export function meter(source: AsyncIterable<Uint8Array>): Meter {
  const hash = createHash('sha256');
  let size = 0;
  async function* pass(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  }
  return {
    stream: pass(),
    digest: () => `sha256:${hash.digest('hex')}` as Digest,
    size: () => size,
  };
}
