// A raw DEFLATE stream of one block can be left open, so that more may follow in the same gzip member: its first bit says
// that the block is the last (RFC 1951, 3.2.3), and an empty stored block brings its end to a byte's edge. Every member
// costs those who unpack (`pigz` starts threads for each); most files have but one block.

import { crc32, inflateRawSync } from 'node:zlib';

/** An empty block with the fixed codes: ends what was left open, to see whether it is what it should be. */
const LAST = [3, 0];

/**
 * What may have to follow the last byte. Its zero bits after the block's end read as the header of a stored block where
 * there are three or more; where there are fewer, the header goes on into a byte of its own.
 */
const WITHIN = [0, 0, 0xff, 0xff];
const BEYOND = [0, 0, 0, 0xff, 0xff];

export interface OpenStream {
  /** The stream, left open on a byte's edge. */
  readonly compressed: Buffer;
  /** What it gives. */
  readonly inflated: Buffer;
}

/**
 * The stream left open, or nothing: where it has several blocks, or does not give `size` bytes with that CRC-32. What is
 * returned was inflated as it stands; whether `bytes` themselves are sound is not said.
 */
export function leaveOpen(bytes: Uint8Array, size: number, crc: number): OpenStream | undefined {
  if (bytes.length === 0 || (bytes[0]! & 1) === 0) return undefined;
  // Where the last three bits are not zero the header cannot lie in them.
  const tails = bytes.at(-1)! >>> 5 === 0 ? [WITHIN, BEYOND] : [BEYOND];
  for (const tail of tails) {
    const closed = Buffer.concat([bytes, Uint8Array.from([...tail, ...LAST])]);
    closed[0]! &= 0xfe;
    const inflated = inflateExactly(closed, size);
    if (inflated !== undefined && crc32(inflated) === crc) {
      return { compressed: closed.subarray(0, closed.length - LAST.length), inflated };
    }
  }
  return undefined;
}

/** What all of the bytes give, if that is a whole stream and `size` bytes. */
function inflateExactly(bytes: Buffer, size: number): Buffer | undefined {
  try {
    const { buffer, engine } = inflateRawSync(bytes, {
      info: true,
      chunkSize: Math.max(64, size + 1),
      maxOutputLength: size + 1,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    return buffer.length === size && engine.bytesWritten === bytes.length ? buffer : undefined;
  } catch {
    return undefined;
  }
}
