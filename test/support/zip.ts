// A zip writer that can lie about everything (APPNOTE 6.3.10): honest by default, so that a test says only its lie.
// The bytes depend on the arguments alone: times are zero and the encoder is pako.

import { crc32 } from 'node:zlib';
import { deflateRaw } from 'pako';

/** One member. What is left out is worked out honestly from the rest. */
export interface ZipMemberSpec {
  readonly name: string | Uint8Array;
  readonly content?: string | Uint8Array;
  /** 0 stored, 8 deflated (the default); anything else is declared and stored. */
  readonly method?: number;
  /** Unix mode with its file type, as the upper half of the external attributes; `0o100644` by default. */
  readonly mode?: number;
  readonly externalAttributes?: number;
  /** General purpose bits; 0x800 (UTF-8 names) is the caller's to set with raw names, and set for strings. */
  readonly flags?: number;
  /** The bytes to stand for the member's data instead of those that the method makes of `content`. */
  readonly data?: Uint8Array;
  /** What both headers claim. */
  readonly crc32?: number;
  readonly size?: number;
  readonly compressedSize?: number;
  /** What the local header claims alone. */
  readonly local?: {
    readonly name?: string | Uint8Array;
    readonly method?: number;
    readonly flags?: number;
    readonly crc32?: number;
    readonly size?: number;
    readonly compressedSize?: number;
    readonly extra?: Uint8Array;
    readonly signature?: number;
  };
  /** Sizes and CRC follow the data; the local header has zeros. */
  readonly descriptor?: boolean;
  /** Sizes (and the offset) stand in zip64 extra fields. */
  readonly zip64?: boolean;
  /** Extra field of the directory's entry, before any zip64 field. */
  readonly extra?: Uint8Array;
  readonly comment?: Uint8Array;
  /** Offset of the local header as the directory claims it. */
  readonly headerOffset?: number;
  readonly extractVersion?: number;
  readonly disk?: number;
  /** The member has a local header and data, and no entry in the directory. */
  readonly unlisted?: boolean;
  /** The member has an entry in the directory, and neither a local header nor data (give `headerOffset`). */
  readonly listedOnly?: boolean;
}

export interface ZipLies {
  /** Bytes before the archive that no offset counts. */
  readonly prefix?: Uint8Array;
  /** Bytes after the end record that no length counts. */
  readonly suffix?: Uint8Array;
  /** Bytes between the members and the directory. */
  readonly gap?: Uint8Array;
  readonly comment?: Uint8Array;
  readonly zip64?: boolean;
  /** Bytes before the directory that are not among those returned: a hole that the test makes in a file. */
  readonly hole?: number;
  readonly entries?: number;
  readonly directorySize?: number;
  readonly directoryOffset?: number;
  readonly disk?: number;
  /** The plain end record's figures beside a zip64 one; by default all saturated. */
  readonly plain?: { readonly entries?: number; readonly size?: number; readonly offset?: number };
}

/** The archive's bytes. */
export function zip(members: readonly ZipMemberSpec[], lies: ZipLies = {}): Uint8Array {
  const chunks: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  let listed = 0;
  for (const member of members) {
    const headerOffset = member.headerOffset ?? offset;
    const facts = factsOf(member);
    if (member.listedOnly !== true) {
      const bytes = join([localHeader(member, facts), facts.data, descriptor(member, facts)]);
      chunks.push(bytes);
      offset += bytes.length;
    }
    if (member.unlisted !== true) {
      directory.push(directoryEntry(member, facts, headerOffset));
      listed += 1;
    }
  }
  const gap = lies.gap ?? new Uint8Array(0);
  const entries = join(directory);
  const end = endRecords(offset + gap.length + (lies.hole ?? 0), entries.length, listed, lies);
  return join([
    lies.prefix ?? new Uint8Array(0),
    ...chunks,
    gap,
    entries,
    end,
    lies.suffix ?? new Uint8Array(0),
  ]);
}

interface Facts {
  readonly name: Uint8Array;
  readonly method: number;
  readonly flags: number;
  readonly data: Uint8Array;
  readonly crc32: number;
  readonly size: number;
  readonly compressedSize: number;
}

function factsOf(member: ZipMemberSpec): Facts {
  const content = bytesOf(member.content ?? '');
  const method = member.method ?? 8;
  const data = member.data ?? (method === 8 ? deflateRaw(content, { level: 9 }) : content);
  return {
    name: bytesOf(member.name),
    method,
    flags: member.flags ?? (typeof member.name === 'string' ? 0x800 : 0) | (member.descriptor ? 8 : 0),
    data,
    crc32: member.crc32 ?? crc32(content),
    size: member.size ?? content.length,
    compressedSize: member.compressedSize ?? data.length,
  };
}

function localHeader(member: ZipMemberSpec, facts: Facts): Uint8Array {
  const { local = {} } = member;
  const hidden = member.descriptor === true;
  const wide = member.zip64 === true;
  const name = local.name === undefined ? facts.name : bytesOf(local.name);
  const size = local.size ?? (hidden ? 0 : facts.size);
  const compressedSize = local.compressedSize ?? (hidden ? 0 : facts.compressedSize);
  const extra = local.extra ?? (wide ? zip64Field([size, compressedSize]) : new Uint8Array(0));
  const header = Buffer.alloc(30);
  header.writeUInt32LE(local.signature ?? 0x04034b50, 0);
  header.writeUInt16LE(member.extractVersion ?? (wide ? 45 : 20), 4);
  header.writeUInt16LE(local.flags ?? facts.flags, 6);
  header.writeUInt16LE(local.method ?? facts.method, 8);
  header.writeUInt32LE(0x0021_0000, 10);
  header.writeUInt32LE(local.crc32 ?? (hidden ? 0 : facts.crc32), 14);
  header.writeUInt32LE(wide ? 0xffffffff : compressedSize, 18);
  header.writeUInt32LE(wide ? 0xffffffff : size, 22);
  header.writeUInt16LE(name.length, 26);
  header.writeUInt16LE(extra.length, 28);
  return join([header, name, extra]);
}

function descriptor(member: ZipMemberSpec, facts: Facts): Uint8Array {
  if (member.descriptor !== true) return new Uint8Array(0);
  const wide = member.zip64 === true;
  const record = Buffer.alloc(wide ? 24 : 16);
  record.writeUInt32LE(0x08074b50, 0);
  record.writeUInt32LE(facts.crc32, 4);
  if (wide) {
    record.writeBigUInt64LE(BigInt(facts.compressedSize), 8);
    record.writeBigUInt64LE(BigInt(facts.size), 16);
  } else {
    record.writeUInt32LE(facts.compressedSize, 8);
    record.writeUInt32LE(facts.size, 12);
  }
  return record;
}

function directoryEntry(member: ZipMemberSpec, facts: Facts, headerOffset: number): Uint8Array {
  const wide = member.zip64 === true;
  const extra = join([
    member.extra ?? new Uint8Array(0),
    wide ? zip64Field([facts.size, facts.compressedSize, headerOffset]) : new Uint8Array(0),
  ]);
  const comment = member.comment ?? new Uint8Array(0);
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE((3 << 8) | 20, 4);
  entry.writeUInt16LE(member.extractVersion ?? (wide ? 45 : 20), 6);
  entry.writeUInt16LE(facts.flags, 8);
  entry.writeUInt16LE(facts.method, 10);
  entry.writeUInt32LE(0x0021_0000, 12);
  entry.writeUInt32LE(facts.crc32, 16);
  entry.writeUInt32LE(wide ? 0xffffffff : facts.compressedSize, 20);
  entry.writeUInt32LE(wide ? 0xffffffff : facts.size, 24);
  entry.writeUInt16LE(facts.name.length, 28);
  entry.writeUInt16LE(extra.length, 30);
  entry.writeUInt16LE(comment.length, 32);
  entry.writeUInt16LE(member.disk ?? 0, 34);
  entry.writeUInt32LE(member.externalAttributes ?? ((member.mode ?? 0o100644) << 16) >>> 0, 38);
  entry.writeUInt32LE(wide ? 0xffffffff : headerOffset, 42);
  return join([entry, facts.name, extra, comment]);
}

function endRecords(start: number, size: number, count: number, lies: ZipLies): Uint8Array {
  const entries = lies.entries ?? count;
  const directorySize = lies.directorySize ?? size;
  const directoryOffset = lies.directoryOffset ?? start;
  const comment = lies.comment ?? new Uint8Array(0);
  const records: Uint8Array[] = [];
  if (lies.zip64 === true) {
    const wide = Buffer.alloc(56);
    wide.writeUInt32LE(0x06064b50, 0);
    wide.writeBigUInt64LE(44n, 4);
    wide.writeUInt16LE((3 << 8) | 45, 12);
    wide.writeUInt16LE(45, 14);
    wide.writeBigUInt64LE(BigInt(entries), 24);
    wide.writeBigUInt64LE(BigInt(entries), 32);
    wide.writeBigUInt64LE(BigInt(directorySize), 40);
    wide.writeBigUInt64LE(BigInt(directoryOffset), 48);
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50, 0);
    locator.writeBigUInt64LE(BigInt(start + size), 8);
    locator.writeUInt32LE(1, 16);
    records.push(wide, locator);
  }
  const saturated = lies.zip64 === true;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(lies.disk ?? 0, 4);
  end.writeUInt16LE(lies.plain?.entries ?? (saturated ? 0xffff : entries), 8);
  end.writeUInt16LE(lies.plain?.entries ?? (saturated ? 0xffff : entries), 10);
  end.writeUInt32LE(lies.plain?.size ?? (saturated ? 0xffffffff : directorySize), 12);
  end.writeUInt32LE(lies.plain?.offset ?? (saturated ? 0xffffffff : directoryOffset), 16);
  end.writeUInt16LE(comment.length, 20);
  return join([...records, end, comment]);
}

function zip64Field(values: readonly number[]): Uint8Array {
  const field = Buffer.alloc(4 + 8 * values.length);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(8 * values.length, 2);
  values.forEach((value, index) => {
    field.writeBigUInt64LE(BigInt(value), 4 + 8 * index);
  });
  return field;
}

function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value) : value;
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(chunks);
}
