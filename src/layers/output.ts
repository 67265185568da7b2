// The two ends of a layer's byte stream: the tar that is hashed for the diffID, and the gzip blob that is hashed for
// the digest and written to a file. A gzip member is [our own DEFLATE output, ended on a byte's edge] [a raw DEFLATE
// stream taken as it is], and again where that stream could be left open: RFC 1951 lets blocks follow each other, and
// CRC-32s can be joined without the bytes.

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { crc32 } from 'node:zlib';
import type { Digest } from '../kernel/digest.ts';
import { createDeflater } from './deflate.ts';
import { combineCrc, encodeTrailer, HEADER } from './gzip.ts';

/** A new file that counts and hashes what it is given, written in large pieces. */
export interface BlobFile {
  write(bytes: Uint8Array): void;
  /** Flushes to the disk and closes. */
  finish(): { readonly digest: Digest; readonly size: number };
  /** Closes and removes; does nothing after `finish`. */
  discard(): void;
}

const PIECE = 1 << 18;

/** @throws Error where the file exists or cannot be written */
export function createBlobFile(path: string): BlobFile {
  const file = fs.openSync(path, 'wx', 0o644);
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(PIECE);
  let filled = 0;
  let size = 0;
  let closed = false;

  function put(bytes: Uint8Array): void {
    hash.update(bytes);
    size += bytes.length;
    for (let at = 0; at < bytes.length; ) at += fs.writeSync(file, bytes, at, bytes.length - at);
  }
  function drain(): void {
    if (filled > 0) put(piece.subarray(0, filled));
    filled = 0;
  }
  function close(): void {
    closed = true;
    fs.closeSync(file);
  }
  return {
    write(bytes) {
      if (bytes.length > PIECE - filled) drain();
      if (bytes.length >= PIECE) return put(bytes);
      piece.set(bytes, filled);
      filled += bytes.length;
    },
    finish() {
      drain();
      close();
      return { digest: `sha256:${hash.digest('hex')}` as Digest, size };
    },
    discard() {
      if (closed) return;
      close();
      fs.rmSync(path, { force: true });
    },
  };
}

/** What the tar and the member in work take. `write` is for bytes that bivy compresses; the rest is splicing. */
export interface LayerStream {
  write(bytes: Uint8Array): void;
  /** Ends the member in work: what follows begins one. @returns where, bytes from the start of the blob */
  cut(): number;
  /** Ends what was written so far on a byte's edge: a raw DEFLATE stream follows. */
  beginSplice(): void;
  /** Bytes of the raw stream, as they are. */
  compressed(bytes: Uint8Array): void;
  /** The same bytes, inflated. */
  inflated(bytes: Uint8Array): void;
  /** The raw stream has been passed whole; ends the member, unless the stream was left open. */
  endSplice(crc: number, size: number, open: boolean): void;
  /** Ends the last member. @returns the tar's digest and size */
  finish(): { readonly digest: Digest; readonly size: number };
}

/** `take` gets the gzip blob. */
export function createLayerStream(take: (bytes: Uint8Array) => void): LayerStream {
  const hash = createHash('sha256');
  const deflater = createDeflater(put);
  let compressedSize = 0;
  let tarSize = 0;
  /** Whether a member is open; whether it has anything but its header. */
  let open = false;
  let begun = false;
  let crc = 0;
  let size = 0;

  function put(bytes: Uint8Array): void {
    compressedSize += bytes.length;
    take(bytes);
  }
  function count(bytes: Uint8Array): void {
    hash.update(bytes);
    tarSize += bytes.length;
  }
  function begin(): void {
    if (open) return;
    open = true;
    begun = false;
    crc = 0;
    size = 0;
    put(HEADER);
  }
  function end(): void {
    open = false;
    put(encodeTrailer(crc, size));
  }
  return {
    write(bytes) {
      begin();
      begun = true;
      count(bytes);
      crc = crc32(bytes, crc);
      size += bytes.length;
      deflater.write(bytes);
    },
    cut() {
      if (open) {
        deflater.finish();
        end();
      }
      return compressedSize;
    },
    beginSplice() {
      begin();
      if (begun) deflater.flush();
    },
    compressed: put,
    inflated: count,
    endSplice(splicedCrc, splicedSize, more) {
      crc = combineCrc(crc, splicedCrc, splicedSize);
      size += splicedSize;
      begun = true;
      if (!more) end();
    },
    finish() {
      begin();
      deflater.finish();
      end();
      return { digest: `sha256:${hash.digest('hex')}` as Digest, size: tarSize };
    },
  };
}
