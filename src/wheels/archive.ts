// A wheel on disk, opened: its members, found to be safe and within bounds, and the bytes of small ones.
// Nothing is unpacked here; larger members are read by whoever writes the layer, from `dataOffset`.

import { constants, crc32, inflateRawSync } from 'node:zlib';
import { type OpenFile, readSlice, slicesEqual, withFile } from './file-slice.ts';
import { invalidWheel, printable, unsafeWheel } from './refusal.ts';
import { readMembers, type ZipMember } from './zip.ts';
import { findDirectory } from './zip-end.ts';

export type { ZipMember } from './zip.ts';

export interface WheelArchive {
  /** Where it stands on this disk. */
  readonly path: string;
  /** File name of the wheel, which says more than `path`: a cache calls files by their digests. */
  readonly name: string;
  /** Bytes of the file. */
  readonly size: number;
  /** In the order of the archive's directory; a name that is there twice stands for the same bytes. */
  readonly members: readonly ZipMember[];
}

/** Most that an archive may ask of us. Sizes in bytes. */
export interface ArchiveLimits {
  readonly entries: number;
  readonly directorySize: number;
  /** Of all members, unpacked. */
  readonly unpackedSize: number;
  /** Unpacked size over the file's, once it unpacks to more than `freeSize`. */
  readonly ratio: number;
  readonly freeSize: number;
}

const LIMITS: ArchiveLimits = {
  entries: 250_000,
  directorySize: 128 << 20,
  unpackedSize: 64 * 2 ** 30,
  ratio: 100,
  freeSize: 512 << 20,
};

/** What DEFLATE can reach at most: a match of 258 bytes for two bits (zlib's technical notes). */
const DEFLATE_RATIO = 1032;

/** @throws BivyError `WHEEL_INVALID`, `WHEEL_UNSAFE`; a system error where the file cannot be read */
export function openWheel(path: string, name: string, limits: Partial<ArchiveLimits> = {}): WheelArchive {
  return withFile(path, (file) => {
    const most = { ...LIMITS, ...limits };
    const place = findDirectory(file, name);
    if (place.size > most.directorySize || place.entries > most.entries) {
      throw unsafeWheel(name, `its directory is larger than the ${most.entries} entries it may have`);
    }
    const members = readMembers(file, place, name);
    if (members.length > most.entries) {
      throw unsafeWheel(name, `it has ${members.length} members, more than the ${most.entries} it may have`);
    }
    refuseBombs(members, file.size, most, name);
    refuseDoubles(file, members, name);
    return { path, name, size: file.size, members };
  });
}

/**
 * A member's bytes: whole, and exactly what the directory promised.
 * @throws BivyError `WHEEL_INVALID` where size, CRC or stream are wrong, or it is larger than `limit`
 */
export function readMember(archive: WheelArchive, member: ZipMember, limit: number): Buffer {
  const fault = (what: string) => invalidWheel(archive.name, `member \`${printable(member.name)}\` ${what}`);
  if (member.size > limit || member.compressedSize > limit + 1024) {
    throw fault(`is ${member.size} bytes, more than the ${limit} that such a file may have`);
  }
  const raw = withFile(archive.path, (file) => readSlice(file, member.dataOffset, member.compressedSize));
  if (raw.length !== member.compressedSize) throw fault('was cut short');
  const bytes = member.method === 0 ? raw : inflate(raw, member.size);
  if (bytes === undefined) throw fault('is not the DEFLATE stream that its sizes promise');
  if (bytes.length !== member.size) throw fault(`is ${bytes.length} bytes, not the ${member.size} it claims`);
  if (crc32(bytes) !== member.crc32) throw fault('does not match its CRC');
  return bytes;
}

/** The first `length` bytes of a member (fewer where it is shorter), read from as little of it as will do. */
export function peekMember(archive: WheelArchive, member: ZipMember, length: number, limit: number): Buffer {
  const wanted = Math.min(length, member.size);
  const head = withFile(archive.path, (file) => {
    return readSlice(file, member.dataOffset, Math.min(member.compressedSize, length + 512));
  });
  if (member.method === 0) return head.subarray(0, wanted);
  try {
    const bytes = inflateRawSync(head, { finishFlush: constants.Z_SYNC_FLUSH });
    if (bytes.length >= wanted) return bytes.subarray(0, wanted);
  } catch {
    // broken, which reading it whole says better
  }
  return readMember(archive, member, limit).subarray(0, wanted);
}

function inflate(raw: Buffer, size: number): Buffer | undefined {
  try {
    const options = { maxOutputLength: size + 1, info: true };
    // With `info`, Node returns the engine too: how much of the input it took. The types do not know.
    const { buffer, engine } = inflateRawSync(raw, options) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return engine.bytesWritten === raw.length ? buffer : undefined;
  } catch {
    return undefined;
  }
}

function refuseBombs(
  members: readonly ZipMember[],
  fileSize: number,
  most: ArchiveLimits,
  wheel: string,
): void {
  let total = 0;
  for (const member of members) {
    const possible = member.method === 0 ? member.compressedSize : member.compressedSize * DEFLATE_RATIO;
    if (member.size > possible || (member.method === 0 && member.size !== possible)) {
      const shown = printable(member.name);
      throw unsafeWheel(
        wheel,
        `member \`${shown}\` claims ${member.size} bytes, which its ${member.compressedSize} cannot hold`,
      );
    }
    total += member.size;
  }
  if (total > most.unpackedSize || (total > most.freeSize && total > fileSize * most.ratio)) {
    throw unsafeWheel(wheel, `its ${fileSize} bytes would unpack to ${total}`);
  }
}

/** One name twice is harmless where both are the same file, and a trick where they are not. */
function refuseDoubles(file: OpenFile, members: readonly ZipMember[], wheel: string): void {
  const seen = new Map<string, ZipMember>();
  for (const member of members) {
    const other = seen.get(member.name);
    if (other === undefined) {
      seen.set(member.name, member);
    } else if (
      other.method !== member.method ||
      other.compressedSize !== member.compressedSize ||
      other.size !== member.size ||
      other.crc32 !== member.crc32 ||
      other.externalAttributes !== member.externalAttributes ||
      !slicesEqual(file, other.dataOffset, member.dataOffset, member.compressedSize)
    ) {
      throw unsafeWheel(wheel, `it has two different members called \`${printable(member.name)}\``);
    }
  }
}
