// What Debian compresses with: XZ, and gzip in older and smaller files.

import { createReadStream } from 'node:fs';
import { BivyError } from '../kernel/errors.ts';

/** A part of a file on disk, unpacked as its ending says (`.xz`, `.gz`, or none for plain bytes). */
export async function* unpackSlice(
  path: string,
  slice: { readonly offset: number; readonly size: number },
  ending: string,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (slice.size === 0) return;
  const packed = createReadStream(path, {
    highWaterMark: 1 << 20,
    start: slice.offset,
    end: slice.offset + slice.size - 1,
  });
  // Whoever stops listening early must not leave an error behind that nobody hears.
  packed.on('error', () => {});
  try {
    if (ending === '') yield* packed;
    else if (ending === '.xz') yield* (await import('./xz.ts')).unxz(packed, name);
    else if (ending === '.gz') yield* gunzip(packed, name);
    else
      throw new BivyError(
        'ARCHIVE_INVALID',
        `${name} is compressed in a way that bivy does not know: \`${ending}\``,
      );
  } finally {
    packed.destroy();
  }
}

async function* gunzip(
  packed: NodeJS.ReadableStream,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { createGunzip } = await import('node:zlib');
  const unpacked = createGunzip();
  packed.on('error', (error) => unpacked.destroy(error));
  try {
    yield* packed.pipe(unpacked) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw new BivyError('ARCHIVE_INVALID', `${name} is no sound gzip file`, { cause: error });
  }
}
