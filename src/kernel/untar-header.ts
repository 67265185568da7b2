// The 512 bytes in front of each tar member, and the records of pax extended headers: bytes to values, nothing else.
// Layout: POSIX.1-2017 `pax`, "ustar Interchange Format"; base-256 numbers as GNU tar writes them.

export const BLOCK = 512;

export interface RawHeader {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  /** One character. */
  readonly type: string;
  readonly target: string;
}

/** The header as it stands, or what is wrong with it. */
export function decodeHeader(block: Uint8Array): RawHeader | string {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  const checksum = numberAt(bytes, 148, 8);
  if (!isChecksum(bytes, checksum)) return 'a header fails its checksum';
  const type = String.fromCharCode(bytes[156]!);
  const size = numberAt(bytes, 124, 12);
  const mode = numberAt(bytes, 100, 8);
  const uid = numberAt(bytes, 108, 8);
  const gid = numberAt(bytes, 116, 8);
  const mtime = numberAt(bytes, 136, 12);
  if (size === undefined || size < 0) return 'a header has no size';
  if (mode === undefined || uid === undefined || gid === undefined || mtime === undefined) {
    return 'a header has a field that is no number';
  }
  // Only POSIX archives (`ustar\0`) have a prefix; GNU's (`ustar `) keep times there.
  const posix = bytes.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = posix ? textAt(bytes, 345, 155) : '';
  const name = textAt(bytes, 0, 100);
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    mode,
    uid,
    gid,
    size,
    mtime,
    type,
    target: textAt(bytes, 157, 100),
  };
}

export function isZero(block: Uint8Array): boolean {
  for (let at = 0; at < block.length; at++) if (block[at] !== 0) return false;
  return true;
}

/** The name that a GNU `L` or `K` member carries. */
export function decodeName(data: Uint8Array): string {
  return textAt(Buffer.from(data.buffer, data.byteOffset, data.byteLength), 0, data.length);
}

/**
 * The records of a pax extended header (`length key=value\n`), or nothing if it is damaged. An empty value takes back
 * what was said before.
 */
export function decodePax(data: Uint8Array): Record<string, string> | undefined {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const records: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    if (space < 0 || space - at > 9) return undefined;
    const length = bytes.toString('latin1', at, space);
    const end = at + Number(length);
    if (!/^\d+$/.test(length) || end > bytes.length || end <= space + 1 || bytes[end - 1] !== 0x0a) {
      return undefined;
    }
    const equals = bytes.indexOf(0x3d, space);
    if (equals < 0 || equals >= end) return undefined;
    const key = bytes.toString('utf8', space + 1, equals);
    const value = bytes.subarray(equals + 1, end - 1);
    // Contents of attributes are binary, and nobody here asks for them.
    if (!key.startsWith('SCHILY.') && !key.startsWith('LIBARCHIVE.')) records[key] = decodeText(value);
    at = end;
  }
  return records;
}

function isChecksum(bytes: Buffer, expected: number | undefined): boolean {
  let unsigned = 0;
  let signed = 0;
  for (let at = 0; at < BLOCK; at++) {
    const byte = at >= 148 && at < 156 ? 0x20 : bytes[at]!;
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  return expected === unsigned || expected === signed;
}

function textAt(bytes: Buffer, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return decodeText(end < 0 ? field : field.subarray(0, end));
}

/** UTF-8; bytes that are not become Latin-1, so that two different names stay different. */
function decodeText(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') ? bytes.toString('latin1') : text;
}

/** An octal field, or a base-256 one (first bit set); an empty field is 0. */
function numberAt(bytes: Buffer, at: number, length: number): number | undefined {
  const first = bytes[at]!;
  if ((first & 0x80) !== 0) {
    const negative = first === 0xff;
    let value = negative ? -1n : BigInt(first & 0x7f);
    for (let index = 1; index < length; index++) {
      value = value * 256n + BigInt(bytes[at + index]!);
    }
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : undefined;
  }
  const text = bytes.toString('latin1', at, at + length).replace(/^[ \0]+/, '');
  const digits = /^[^ \0]*/.exec(text)![0];
  if (digits === '') return 0;
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}
