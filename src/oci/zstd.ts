// Zstandard decompression: RFC 8878. Frames and blocks are told apart here, and bounded, then decoded one block at a time
// by fzstd, on every version of Node alike: the decoder that newer ones have stops in silence after the first of several
// frames that come in one chunk, and takes a stream that was cut short for a whole one.

import { BivyError } from '../kernel/errors.ts';

/** Bytes that a frame may look back: what the reference decoder allows where nobody asks for more. */
const MAX_WINDOW = 2 ** 27;
const MAX_BLOCK = 2 ** 17;
const MAGIC = 0xfd2fb528;
/** The lowest of the 16 magic numbers of frames that hold nothing. */
const SKIPPABLE = 0x184d2a50;

const BLOCK_RAW = 0;
const BLOCK_RLE = 1;
const BLOCK_COMPRESSED = 2;

/**
 * Unpacked bytes; frames' own checksums are not looked at: whoever reads layers holds them against digests.
 * @param name what the source is, for messages
 * @throws BivyError `BASE_INVALID` where the data are damaged or end early, `BASE_UNSUPPORTED` where a frame asks for
 * too much memory or for a dictionary
 */
export async function* unzstd(
  source: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const input = takeFrom(source);
  try {
    for (let frames = 0; ; ) {
      const start = await input.take(4);
      if (start.length === 0 && frames > 0) return;
      const magic = uintAt(whole(start, 4, name), 0, 4);
      if (magic >>> 4 === SKIPPABLE >>> 4) {
        const size = uintAt(whole(await input.take(4), 4, name), 0, 4);
        if ((await input.skip(size)) !== size) throw damaged(name);
      } else if (magic === MAGIC) {
        yield* unpackFrame(start, input, name);
        frames++;
      } else {
        throw damaged(name);
      }
    }
  } finally {
    await input.close();
  }
}

async function* unpackFrame(magic: Uint8Array, input: Input, name: string): AsyncGenerator<Uint8Array> {
  const { Decompress } = await import('fzstd');
  const { header, checksum } = await readHeader(magic, input, name);
  const output: Uint8Array[] = [];
  const decoder = new Decompress((chunk) => {
    if (chunk.length > 0) output.push(chunk);
  });
  try {
    decoder.push(header);
  } catch (error) {
    throw damaged(name, error);
  }
  for (let last = false; !last; ) {
    const head = whole(await input.take(3), 3, name);
    const bits = uintAt(head, 0, 3);
    last = (bits & 1) === 1;
    const type = (bits >> 1) & 3;
    const size = bits >> 3;
    if (type > BLOCK_COMPRESSED || size > MAX_BLOCK) throw damaged(name);
    const length = type === BLOCK_RLE ? 1 : size;
    const body = whole(await input.take(length), length, name);
    // The decoder takes an empty compressed block for a fault of its own.
    if (type !== BLOCK_RAW && length === 0) throw damaged(name);
    try {
      decoder.push(Buffer.concat([head, body]), last);
    } catch (error) {
      throw damaged(name, error);
    }
    yield* output.splice(0);
  }
  if (checksum) whole(await input.take(4), 4, name);
}

/** The frame's header as the decoder is to see it: without the flag for a checksum, which is left out. */
async function readHeader(
  magic: Uint8Array,
  input: Input,
  name: string,
): Promise<{ readonly header: Uint8Array; readonly checksum: boolean }> {
  const descriptor = uintAt(whole(await input.take(1), 1, name), 0, 1);
  const single = (descriptor & 0x20) !== 0;
  const checksum = (descriptor & 4) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3]!;
  const sizeField = descriptor >> 6;
  const size = sizeField === 0 ? (single ? 1 : 0) : 1 << sizeField;
  if ((descriptor & 8) !== 0) throw damaged(name);
  const length = (single ? 0 : 1) + dictionary + size;
  const rest = whole(await input.take(length), length, name);
  if (dictionary > 0 && uintAt(rest, single ? 0 : 1, dictionary) !== 0) {
    throw unsupported(name, 'with a dictionary, which is not part of the image');
  }
  const window = single ? uintAt(rest, dictionary, size) + (sizeField === 1 ? 256 : 0) : windowOf(rest[0]!);
  if (window > MAX_WINDOW) {
    throw unsupported(name, `so that ${window} bytes of memory would be needed to unpack it`);
  }
  return { header: Buffer.concat([magic, Buffer.from([descriptor & ~4]), rest]), checksum };
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** Little-endian, of up to 8 bytes; inexact above 2^53. */
function uintAt(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let index = length - 1; index >= 0; index--) value = value * 256 + bytes[at + index]!;
  return value;
}

function whole(bytes: Uint8Array, length: number, name: string): Uint8Array {
  if (bytes.length < length) throw damaged(name);
  return bytes;
}

/** Bytes by number, whatever chunks they come in. */
interface Input {
  /** Fewer where the source ends. */
  take(count: number): Promise<Uint8Array>;
  /** How many there were to be skipped. */
  skip(count: number): Promise<number>;
  close(): Promise<void>;
}

function takeFrom(source: AsyncIterable<Uint8Array>): Input {
  const iterator = source[Symbol.asyncIterator]();
  let chunk: Uint8Array = new Uint8Array();

  /** At least one byte and at most so many, or none at the end. */
  async function some(count: number): Promise<Uint8Array> {
    while (chunk.length === 0) {
      const next = await iterator.next();
      if (next.done === true) return chunk;
      chunk = next.value;
    }
    const part = chunk.subarray(0, count);
    chunk = chunk.subarray(part.length);
    return part;
  }

  return {
    async take(count) {
      const parts: Uint8Array[] = [];
      for (let missing = count; missing > 0; ) {
        const part = await some(missing);
        if (part.length === 0) break;
        parts.push(part);
        missing -= part.length;
      }
      return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    },
    async skip(count) {
      let skipped = 0;
      while (skipped < count) {
        const part = await some(count - skipped);
        if (part.length === 0) break;
        skipped += part.length;
      }
      return skipped;
    },
    async close() {
      await iterator.return?.();
    },
  };
}

function damaged(name: string, cause?: unknown): BivyError {
  return new BivyError('BASE_INVALID', `${name} is damaged: it cannot be unpacked`, {
    ...(cause === undefined ? {} : { cause }),
    hint: 'copy or save the image again',
  });
}

function unsupported(name: string, how: string): BivyError {
  return new BivyError('BASE_UNSUPPORTED', `${name} is compressed with zstd ${how}`, {
    hint: 'save the image with gzip layers, for example with `skopeo copy --dest-compress-format gzip`',
  });
}
