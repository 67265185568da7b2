// Reading the content of files in bounded pieces, and holding what was read against what was promised: a DEFLATE stream
// must take exactly its bytes, give exactly its size, and meet its CRC-32. The bytes come from outside: trust nothing.

import * as fs from 'node:fs';
import { pipeline, Readable, type TransformOptions } from 'node:stream';
import { crc32, createInflateRaw, inflateRawSync, type ZlibOptions } from 'node:zlib';
import { BivyError } from '../kernel/errors.ts';
import { fillFrom } from '../kernel/file-system.ts';
import type { Content } from './entry.ts';
import { leaveOpen } from './open-stream.ts';

/** A file below this size is held whole while it is read; a larger one passes in pieces. */
const WHOLE_MAX = 1 << 20;
const PIECE = 1 << 18;

export type DeflateContent = Content & { readonly kind: 'deflate' };
export type SliceContent = Content & { readonly kind: 'slice' };

/** Open files by path: the entries of a wheel all lie in one. */
export interface FileReader {
  /**
   * Exactly those bytes, at most `WHOLE_MAX`; they stand until the next call.
   * @throws BivyError `ARCHIVE_INVALID` where the file ends before
   */
  read(path: string, offset: number, length: number): Buffer;
  close(): void;
}

export function createFileReader(): FileReader {
  const files = new Map<string, number>();
  let memory = Buffer.alloc(0);
  return {
    read(path, offset, length) {
      let file = files.get(path);
      if (file === undefined) {
        file = fs.openSync(path, 'r');
        files.set(path, file);
      }
      if (memory.length < length) memory = Buffer.allocUnsafeSlow(Math.max(length, PIECE));
      const bytes = memory.subarray(0, length);
      if (fillFrom(file, bytes, offset) < length) {
        throw new BivyError('ARCHIVE_INVALID', `\`${path}\` ends before byte ${offset + length}`, {
          hint: 'the file was changed while it was read; run the command again',
        });
      }
      return bytes;
    },
    close() {
      for (const file of files.values()) fs.closeSync(file);
      files.clear();
    },
  };
}

/** A piece of a DEFLATE stream as it passes: first the compressed bytes that were read, then what they gave. */
export type TakePiece = (bytes: Uint8Array) => void;

/**
 * What to do with the pieces. `compressed` sees every byte of a raw stream that gives the file, `inflated` every byte of
 * the file.
 */
export interface PieceTakers {
  readonly compressed?: TakePiece;
  readonly inflated: TakePiece;
}

/**
 * Returns whether `compressed` was given a stream that was left open on a byte's edge (see `leaveOpen`).
 * @throws BivyError `WHEEL_INVALID` where the stream is not what was promised; `what` names it
 */
export async function passDeflate(
  reader: FileReader,
  content: DeflateContent,
  size: number,
  what: string,
  take: PieceTakers,
): Promise<boolean> {
  if (size <= WHOLE_MAX && content.compressedSize <= WHOLE_MAX) {
    const bytes = reader.read(content.path, content.offset, content.compressedSize);
    const open = take.compressed === undefined ? undefined : leaveOpen(bytes, size, content.crc32);
    if (open !== undefined) {
      take.compressed?.(open.compressed);
      take.inflated(open.inflated);
      return true;
    }
    const whole = inflateWhole(bytes, content, size, what);
    take.compressed?.(bytes);
    take.inflated(whole);
    return false;
  }
  await inflateInPieces(reader, content, size, what, take);
  return false;
}

function inflateWhole(bytes: Buffer, content: DeflateContent, size: number, what: string): Buffer {
  let consumed: number;
  let whole: Buffer;
  try {
    // One byte more than promised: a stream that gives too much is told from one that ends in time.
    const result = inflateRawSync(bytes, {
      info: true,
      chunkSize: Math.max(64, size + 1),
      maxOutputLength: size + 1,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    whole = result.buffer;
    consumed = result.engine.bytesWritten;
  } catch (error) {
    throw broken(what, (error as Error).message);
  }
  check(content, size, what, { consumed, produced: whole.length, crc: crc32(whole) });
  return whole;
}

async function inflateInPieces(
  reader: FileReader,
  content: DeflateContent,
  size: number,
  what: string,
  take: PieceTakers,
): Promise<void> {
  // The inflater works in another thread: it may be some pieces ahead of the hashing.
  const options: ZlibOptions & TransformOptions = { chunkSize: PIECE, highWaterMark: 4 * PIECE };
  const inflater = createInflateRaw(options);
  function* compressed(): Generator<Buffer> {
    for (const bytes of pieces(reader, content.path, content.offset, content.compressedSize)) {
      take.compressed?.(bytes);
      yield Buffer.from(bytes);
    }
  }
  let failure: unknown;
  pipeline(Readable.from(compressed(), { objectMode: true, highWaterMark: 1 }), inflater, (error) => {
    failure = error;
  });
  let produced = 0;
  let crc = 0;
  try {
    for await (const bytes of inflater as AsyncIterable<Buffer>) {
      produced += bytes.length;
      if (produced > size) break;
      crc = crc32(bytes, crc);
      take.inflated(bytes);
    }
  } catch (error) {
    const thrown = failure ?? error;
    if (thrown instanceof BivyError || !isZlibError(thrown)) throw thrown;
    throw broken(what, (thrown as Error).message);
  }
  check(content, size, what, { consumed: inflater.bytesWritten, produced, crc });
}

function isZlibError(error: unknown): boolean {
  return String((error as NodeJS.ErrnoException).code).startsWith('Z_');
}

function check(
  content: DeflateContent,
  size: number,
  what: string,
  found: { consumed: number; produced: number; crc: number },
): void {
  if (found.produced !== size) {
    throw broken(
      what,
      `it gives ${found.produced > size ? 'more' : 'fewer'} than the ${size} bytes it declares`,
    );
  }
  if (found.consumed !== content.compressedSize) {
    throw broken(what, `its stream ends after ${found.consumed} of ${content.compressedSize} bytes`);
  }
  if (found.crc !== content.crc32) throw broken(what, 'its CRC-32 differs from the one it declares');
}

/** Passes a piece of a file as it is. @throws BivyError `WHEEL_INVALID` where a declared CRC-32 is not met */
export function passSlice(
  reader: FileReader,
  content: SliceContent,
  size: number,
  what: string,
  take: TakePiece,
): void {
  let crc = 0;
  for (const bytes of pieces(reader, content.path, content.offset, size)) {
    if (content.crc32 !== undefined) crc = crc32(bytes, crc);
    take(bytes);
  }
  if (content.crc32 !== undefined && crc !== content.crc32) {
    throw broken(what, 'its CRC-32 differs from the one it declares');
  }
}

function* pieces(reader: FileReader, path: string, offset: number, length: number): Generator<Buffer> {
  for (let at = 0; at < length; at += PIECE) {
    yield reader.read(path, offset + at, Math.min(PIECE, length - at));
  }
}

function broken(what: string, fault: string): BivyError {
  return new BivyError('WHEEL_INVALID', `${what} is damaged: ${fault}`, {
    hint: 'the archive itself is broken; ask its maintainers for a new release, or lock another version',
  });
}
