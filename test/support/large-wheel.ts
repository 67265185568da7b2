// A wheel of over 2 GiB that takes seconds to make: one file of over 2 GiB in DEFLATE blocks that are stored (so that it
// is spliced), and a smaller one of zeros that is not compressed at all (a hole in the wheel's file).

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { crc32 } from 'node:zlib';
import { combineCrc } from '../../src/layers/gzip.ts';

const PIECE = 65_535;

export interface LargeWheel {
  readonly fileName: string;
  readonly sha256: string;
  readonly size: number;
}

interface Member {
  readonly name: string;
  readonly method: 0 | 8;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly offset: number;
}

/** Sizes are rounded up to whole pieces of 65,535 bytes; together they may have no more than 4 GiB. */
export function writeLargeWheel(
  path: string,
  size: number = 2 ** 31 + 2 ** 24,
  hole: number = 2 ** 26,
): LargeWheel {
  const file = fs.openSync(path, 'wx');
  try {
    const members: Member[] = [];
    let at = 0;
    function put(bytes: Uint8Array): void {
      for (let done = 0; done < bytes.length; )
        done += fs.writeSync(file, bytes, done, bytes.length - done, at + done);
      at += bytes.length;
    }
    function begin(member: Member): void {
      members.push(member);
      put(localHeader(member));
    }
    const pieces = Math.ceil(size / PIECE);
    begin({ name: 'large/stored-blocks.bin', ...storedBlocks(pieces), offset: at });
    const block = Buffer.concat([Buffer.from([0, 0xff, 0xff, 0, 0]), PATTERN]);
    // Many blocks at once: a write for each would take longer than all the rest.
    const many = Buffer.concat(Array<Buffer>(64).fill(block));
    for (let left = pieces; left > 0; left -= 64) put(many.subarray(0, Math.min(left, 64) * block.length));
    put(Buffer.from([1, 0, 0, 0xff, 0xff]));

    const blanks = Math.ceil(hole / PIECE);
    const zeros = blanks * PIECE;
    begin({
      name: 'large/zeros.bin',
      method: 0,
      crc: repeatCrc(crc32(Buffer.alloc(PIECE)), PIECE, blanks),
      compressedSize: zeros,
      size: zeros,
      offset: at,
    });
    at += zeros;

    for (const [name, text] of Object.entries(METADATA)) {
      const bytes = Buffer.from(text);
      const sizes = { compressedSize: bytes.length, size: bytes.length };
      begin({ name: `large-1.0.dist-info/${name}`, method: 0, crc: crc32(bytes), ...sizes, offset: at });
      put(bytes);
    }
    const directory = at;
    for (const member of members) put(directoryEntry(member));
    put(endRecord(members.length, directory, at - directory));
  } finally {
    fs.closeSync(file);
  }
  return { fileName: 'large-1.0-py3-none-any.whl', ...hashFile(path) };
}

const PATTERN = Buffer.from(
  Array.from({ length: PIECE }, (_, at) => (Math.imul(at, 2_654_435_761) >>> 13) & 0xff),
);

const METADATA = {
  METADATA: 'Metadata-Version: 2.1\nName: large\nVersion: 1.0\n',
  WHEEL: 'Wheel-Version: 1.0\nGenerator: bivy-test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
  RECORD: [
    'large/stored-blocks.bin,,',
    'large/zeros.bin,,',
    'large-1.0.dist-info/METADATA,,',
    'large-1.0.dist-info/WHEEL,,',
    'large-1.0.dist-info/RECORD,,',
    '',
  ].join('\n'),
};

function storedBlocks(pieces: number): Pick<Member, 'method' | 'crc' | 'compressedSize' | 'size'> {
  return {
    method: 8,
    crc: repeatCrc(crc32(PATTERN), PIECE, pieces),
    compressedSize: pieces * (PIECE + 5) + 5,
    size: pieces * PIECE,
  };
}

/** CRC-32 of that many repetitions of a piece, by doubling. */
function repeatCrc(crc: number, length: number, times: number): number {
  let sum = 0;
  for (let power = crc, size = length, left = times; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) sum = combineCrc(sum, power, size);
    power = combineCrc(power, power, size);
    size *= 2;
  }
  return sum;
}

function localHeader({ name, method, crc, compressedSize, size }: Member): Buffer {
  const bytes = Buffer.alloc(30);
  bytes.writeUInt32LE(0x04034b50, 0);
  bytes.writeUInt16LE(20, 4);
  bytes.writeUInt16LE(method, 8);
  bytes.writeUInt32LE(crc, 14);
  bytes.writeUInt32LE(compressedSize, 18);
  bytes.writeUInt32LE(size, 22);
  bytes.writeUInt16LE(name.length, 26);
  return Buffer.concat([bytes, Buffer.from(name)]);
}

function directoryEntry({ name, method, crc, compressedSize, size, offset }: Member): Buffer {
  const bytes = Buffer.alloc(46);
  bytes.writeUInt32LE(0x02014b50, 0);
  bytes.writeUInt16LE(0x0300 | 20, 4);
  bytes.writeUInt16LE(20, 6);
  bytes.writeUInt16LE(method, 10);
  bytes.writeUInt32LE(crc, 16);
  bytes.writeUInt32LE(compressedSize, 20);
  bytes.writeUInt32LE(size, 24);
  bytes.writeUInt16LE(name.length, 28);
  bytes.writeUInt32LE((0o100644 << 16) >>> 0, 38);
  bytes.writeUInt32LE(offset, 42);
  return Buffer.concat([bytes, Buffer.from(name)]);
}

function endRecord(entries: number, offset: number, size: number): Buffer {
  const bytes = Buffer.alloc(22);
  bytes.writeUInt32LE(0x06054b50, 0);
  bytes.writeUInt16LE(entries, 8);
  bytes.writeUInt16LE(entries, 10);
  bytes.writeUInt32LE(size, 12);
  bytes.writeUInt32LE(offset, 16);
  return bytes;
}

function hashFile(path: string): { sha256: string; size: number } {
  const hash = createHash('sha256');
  const piece = Buffer.alloc(1 << 22);
  const file = fs.openSync(path, 'r');
  let size = 0;
  for (let count = 1; count > 0; size += count) {
    count = fs.readSync(file, piece, 0, piece.length, null);
    hash.update(piece.subarray(0, count));
  }
  fs.closeSync(file);
  return { sha256: hash.digest('hex'), size };
}
