// Extra fields of zip headers (APPNOTE 6.3.10, 4.5): sizes of more than 32 bits, and Info-ZIP's second name.

import { crc32 } from 'node:zlib';

const WIDE_SIZES = 0x0001;
const UNICODE_NAME = 0x7075;
const SATURATED = 0xffffffff;

type Sizes = readonly [size: number, compressedSize: number, headerOffset: number];

/**
 * The sizes and offset with those that are saturated taken from the zip64 field.
 * Nothing where the field is missing, doubled, cut short, or holds what no file can have.
 */
export function readWideSizes(extra: Buffer, narrow: Sizes): Sizes | undefined {
  if (!narrow.includes(SATURATED)) return narrow;
  const fields = readFields(extra)?.filter((field) => field.id === WIDE_SIZES);
  if (fields?.length !== 1) return undefined;
  const { data } = fields[0]!;
  let at = 0;
  const wide: number[] = [];
  for (const value of narrow) {
    if (value !== SATURATED) {
      wide.push(value);
    } else {
      if (at + 8 > data.length) return undefined;
      const read = data.readBigUInt64LE(at);
      if (read > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
      wide.push(Number(read));
      at += 8;
    }
  }
  return wide as unknown as Sizes;
}

/** The UTF-8 name beside the name, where there is one that still belongs to it. */
export function readUnicodeName(extra: Buffer, nameBytes: Uint8Array): string | undefined {
  const field = readFields(extra)?.find(({ id, data }) => id === UNICODE_NAME && data.length > 5);
  if (field?.data[0] !== 1 || field.data.readUInt32LE(1) !== crc32(nameBytes)) return undefined;
  return field.data.toString('utf8', 5);
}

function readFields(extra: Buffer): readonly { id: number; data: Buffer }[] | undefined {
  const fields: { id: number; data: Buffer }[] = [];
  let at = 0;
  while (at + 4 <= extra.length) {
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (end > extra.length) return undefined;
    fields.push({ id: extra.readUInt16LE(at), data: extra.subarray(at + 4, end) });
    at = end;
  }
  return fields;
}
