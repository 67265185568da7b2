// The end of a zip archive (APPNOTE 6.3.10, 4.3.14 to 4.3.16): where its directory stands. Found as Python's zipfile
// finds it, then held to more: nothing before the archive, nothing after it, and both end records agree.

import { type OpenFile, readSlice } from './file-slice.ts';
import { invalidWheel } from './refusal.ts';

export interface DirectoryPlace {
  readonly offset: number;
  readonly size: number;
  readonly entries: number;
  /** Without zip64 the count is known modulo 65,536 only. */
  readonly countIsExact: boolean;
}

const END = 0x06054b50;
const END_SIZE = 22;
const LOCATOR = 0x07064b50;
const LOCATOR_SIZE = 20;
const END64 = 0x06064b50;
const END64_SIZE = 56;
const LONGEST_COMMENT = 0xffff;

/** @throws BivyError `WHEEL_INVALID` */
export function findDirectory(file: OpenFile, wheel: string): DirectoryPlace {
  const tailSize = Math.min(file.size, END_SIZE + LONGEST_COMMENT + LOCATOR_SIZE + END64_SIZE);
  const tailOffset = file.size - tailSize;
  const tail = readSlice(file, tailOffset, tailSize);
  const at = findEnd(tail);
  if (at === undefined) throw invalidWheel(wheel, 'it is not a zip archive, or it was cut short');
  if (at + END_SIZE + tail.readUInt16LE(at + 20) !== tail.length) {
    throw invalidWheel(wheel, 'the comment at the end of the archive does not end where the file ends');
  }
  const plain = {
    disks: [tail.readUInt16LE(at + 4), tail.readUInt16LE(at + 6)],
    entriesHere: tail.readUInt16LE(at + 8),
    entries: tail.readUInt16LE(at + 10),
    size: tail.readUInt32LE(at + 12),
    offset: tail.readUInt32LE(at + 16),
  };
  if (plain.disks.some((disk) => disk !== 0 && disk !== 0xffff) || plain.entries !== plain.entriesHere) {
    throw invalidWheel(wheel, 'the archive spans several disks');
  }
  const wide = readWideEnd(tail, at, tailOffset, wheel);
  const place: DirectoryPlace =
    wide === undefined
      ? { offset: plain.offset, size: plain.size, entries: plain.entries, countIsExact: false }
      : { ...wide, countIsExact: true };
  if (
    wide !== undefined &&
    !(
      (plain.entries === 0xffff || plain.entries === wide.entries) &&
      (plain.size === 0xffffffff || plain.size === wide.size) &&
      (plain.offset === 0xffffffff || plain.offset === wide.offset)
    )
  ) {
    throw invalidWheel(wheel, 'its two end records disagree');
  }
  const directoryEnd = tailOffset + at - (wide === undefined ? 0 : LOCATOR_SIZE + END64_SIZE);
  if (place.offset + place.size !== directoryEnd) {
    throw invalidWheel(
      wheel,
      'its directory is not where the end record says, or bytes stand before the archive',
    );
  }
  return place;
}

function findEnd(tail: Buffer): number | undefined {
  for (let at = tail.length - END_SIZE; at >= 0; at -= 1) {
    if (tail.readUInt32LE(at) === END) return at;
  }
  return undefined;
}

function readWideEnd(
  tail: Buffer,
  end: number,
  tailOffset: number,
  wheel: string,
): { offset: number; size: number; entries: number } | undefined {
  const locator = end - LOCATOR_SIZE;
  if (locator < 0 || tail.readUInt32LE(locator) !== LOCATOR) return undefined;
  const record = locator - END64_SIZE;
  const broken = () => invalidWheel(wheel, 'its zip64 end record is broken');
  if (record < 0 || tail.readUInt32LE(record) !== END64) throw broken();
  if (tail.readUInt32LE(locator + 4) !== 0 || tail.readUInt32LE(locator + 16) > 1) throw broken();
  if (tail.readBigUInt64LE(locator + 8) !== BigInt(tailOffset + record)) throw broken();
  if (tail.readBigUInt64LE(record + 4) !== BigInt(END64_SIZE - 12)) throw broken();
  if (tail.readUInt32LE(record + 16) !== 0 || tail.readUInt32LE(record + 20) !== 0) throw broken();
  const [here, entries, size, offset] = [24, 32, 40, 48].map((at) =>
    Number(tail.readBigUInt64LE(record + at)),
  ) as [number, number, number, number];
  if (here !== entries) throw broken();
  return { entries, size, offset };
}
