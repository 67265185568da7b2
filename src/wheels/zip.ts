// The directory of a zip archive (APPNOTE 6.3.10, 4.3.7 and 4.3.12), read as an attacker's: every length is held
// against the file, every entry against its local header, and no two members may share a byte.

import { type OpenFile, readSlice } from './file-slice.ts';
import { checkMemberName, decodeName } from './member-name.ts';
import { invalidWheel, printable, unsafeWheel } from './refusal.ts';
import type { DirectoryPlace } from './zip-end.ts';
import { readUnicodeName, readWideSizes } from './zip-extra.ts';

export interface ZipMember {
  /** As the archive has it; ends with `/` where it is a directory. */
  readonly name: string;
  /** 0 stored, 8 deflated. */
  readonly method: 0 | 8;
  readonly compressedSize: number;
  readonly size: number;
  readonly crc32: number;
  /** The upper half is the Unix mode, where the archiver wrote one. */
  readonly externalAttributes: number;
  /** Where the member's data starts in the file. */
  readonly dataOffset: number;
  readonly isDirectory: boolean;
}

interface DirectoryEntry extends Omit<ZipMember, 'dataOffset'> {
  readonly nameBytes: Buffer;
  readonly flags: number;
  readonly headerOffset: number;
}

const ENTRY = 0x02014b50;
const ENTRY_SIZE = 46;
const LOCAL = 0x04034b50;
const LOCAL_SIZE = 30;

const FLAG_ENCRYPTED = 1 << 0;
const FLAG_DESCRIPTOR = 1 << 3;
const FLAG_PATCHED = 1 << 5;
const FLAG_STRONG_ENCRYPTION = 1 << 6;
const FLAG_UTF8 = 1 << 11;
const FLAG_MASKED = 1 << 13;

/** The members in the order of the directory. @throws BivyError `WHEEL_INVALID`, `WHEEL_UNSAFE` */
export function readMembers(file: OpenFile, place: DirectoryPlace, wheel: string): readonly ZipMember[] {
  const directory = readSlice(file, place.offset, place.size);
  if (directory.length !== place.size) throw invalidWheel(wheel, 'its directory was cut short');
  const entries: DirectoryEntry[] = [];
  for (let at = 0; at < directory.length; ) {
    const entry = readEntry(directory, at, wheel);
    entries.push(entry.entry);
    at += entry.length;
  }
  const counted = place.countIsExact ? entries.length : entries.length % 0x10000;
  if (counted !== place.entries) {
    throw invalidWheel(
      wheel,
      `its directory has ${entries.length} entries, its end record promises ${place.entries}`,
    );
  }
  const members = entries.map((entry) => locate(file, place, entry, wheel));
  refuseOverlaps(entries, members, wheel);
  return members;
}

function readEntry(directory: Buffer, at: number, wheel: string): { entry: DirectoryEntry; length: number } {
  if (at + ENTRY_SIZE > directory.length || directory.readUInt32LE(at) !== ENTRY) {
    throw invalidWheel(wheel, 'its directory is broken');
  }
  const flags = directory.readUInt16LE(at + 8);
  const method = directory.readUInt16LE(at + 10);
  const nameEnd = at + ENTRY_SIZE + directory.readUInt16LE(at + 28);
  const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
  const end = extraEnd + directory.readUInt16LE(at + 32);
  if (end > directory.length) throw invalidWheel(wheel, 'its directory is broken');
  const nameBytes = directory.subarray(at + ENTRY_SIZE, nameEnd);
  const extra = directory.subarray(nameEnd, extraEnd);
  const name = decodeName(nameBytes, (flags & FLAG_UTF8) !== 0, wheel);
  checkMemberName(name, wheel);
  const shown = () => `member \`${printable(name)}\``;
  if ((flags & (FLAG_ENCRYPTED | FLAG_STRONG_ENCRYPTION | FLAG_MASKED)) !== 0) {
    throw invalidWheel(wheel, `${shown()} is encrypted`);
  }
  if ((flags & FLAG_PATCHED) !== 0 || (method !== 0 && method !== 8)) {
    throw invalidWheel(
      wheel,
      `${shown()} is compressed by method ${method}; only stored and deflated members are read`,
    );
  }
  const other = readUnicodeName(extra, nameBytes);
  if (other !== undefined && other !== name) {
    throw unsafeWheel(wheel, `${shown()} has a second name, \`${printable(other)}\``);
  }
  const narrow = [
    directory.readUInt32LE(at + 24),
    directory.readUInt32LE(at + 20),
    directory.readUInt32LE(at + 42),
  ] as const;
  const wide = readWideSizes(extra, narrow);
  const disk = directory.readUInt16LE(at + 34);
  if (wide === undefined || (disk !== 0 && disk !== 0xffff)) {
    throw invalidWheel(wheel, `${shown()} has a broken zip64 field`);
  }
  const [size, compressedSize, headerOffset] = wide;
  const entry: DirectoryEntry = {
    name,
    nameBytes,
    flags,
    method,
    size,
    compressedSize,
    headerOffset,
    crc32: directory.readUInt32LE(at + 16),
    externalAttributes: directory.readUInt32LE(at + 38),
    isDirectory: name.endsWith('/'),
  };
  return { entry, length: end - at };
}

/** Reads the local header, which must say what the directory says, and so finds the data. */
function locate(file: OpenFile, place: DirectoryPlace, entry: DirectoryEntry, wheel: string): ZipMember {
  const shown = () => `member \`${printable(entry.name)}\``;
  const { nameBytes, flags, headerOffset, ...known } = entry;
  const header = readSlice(file, headerOffset, LOCAL_SIZE + nameBytes.length);
  if (header.length < LOCAL_SIZE || header.readUInt32LE(0) !== LOCAL) {
    throw invalidWheel(wheel, `${shown()} is not where the directory says`);
  }
  const localFlags = header.readUInt16LE(6);
  const nameLength = header.readUInt16LE(26);
  const sameName = nameLength === nameBytes.length && header.subarray(LOCAL_SIZE).equals(nameBytes);
  const isReadAlike =
    (flags & FLAG_UTF8) === (localFlags & FLAG_UTF8) || nameBytes.every((byte) => byte < 0x80);
  if (!sameName || !isReadAlike) {
    const found = readSlice(file, headerOffset + LOCAL_SIZE, nameLength).toString('latin1');
    throw unsafeWheel(wheel, `${shown()} is called \`${printable(found)}\` in its own header`);
  }
  const extraLength = header.readUInt16LE(28);
  const dataOffset = headerOffset + LOCAL_SIZE + nameLength + extraLength;
  const local = readWideSizes(readSlice(file, dataOffset - extraLength, extraLength), [
    header.readUInt32LE(22),
    header.readUInt32LE(18),
    0,
  ]);
  const [size, compressedSize] = local ?? [-1, -1];
  const crc = header.readUInt32LE(14);
  // A streaming archiver writes zeros here and the facts behind the data.
  const deferred = (localFlags & FLAG_DESCRIPTOR) !== 0;
  const agrees =
    (size === entry.size || (deferred && size === 0)) &&
    (compressedSize === entry.compressedSize || (deferred && compressedSize === 0)) &&
    (crc === entry.crc32 || (deferred && crc === 0));
  if (header.readUInt16LE(8) !== entry.method || (localFlags & FLAG_ENCRYPTED) !== 0 || !agrees) {
    throw invalidWheel(
      wheel,
      `${shown()} has a header that disagrees with the directory on its size, CRC or method`,
    );
  }
  if (dataOffset + entry.compressedSize > place.offset) {
    throw invalidWheel(wheel, `${shown()} is larger than what the file holds of it`);
  }
  return { ...known, dataOffset };
}

/** Members that share bytes are how a small archive unpacks to petabytes (D. Fifield, "A better zip bomb", 2019). */
function refuseOverlaps(
  entries: readonly DirectoryEntry[],
  members: readonly ZipMember[],
  wheel: string,
): void {
  const order = entries.map((_, index) => index);
  order.sort((a, b) => entries[a]!.headerOffset - entries[b]!.headerOffset);
  let end = 0;
  let last = '';
  for (const index of order) {
    const member = members[index]!;
    if (entries[index]!.headerOffset < end) {
      throw unsafeWheel(
        wheel,
        `members \`${printable(last)}\` and \`${printable(member.name)}\` share bytes`,
      );
    }
    end = member.dataOffset + member.compressedSize;
    last = member.name;
  }
}
