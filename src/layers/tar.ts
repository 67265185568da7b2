// Tar headers (POSIX.1-1988 ustar; POSIX.1-2001 pax records only where ustar cannot say it). One time for all entries,
// numeric owners, no names: the header of an entry depends on the entry alone.

import { BivyError } from '../kernel/errors.ts';

/** What a header says. `size` is that of the bytes that follow: 0 for all but files. */
export interface Header {
  readonly kind: 'file' | 'directory' | 'symlink' | 'hardlink';
  /** `/`-separated, without the `/` that ends a directory's name in tar. */
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Of a link: what it names. */
  readonly target: string;
}

const BLOCK = 512;

/** 1980-01-02T00:00:00Z: what zip can say in every time zone, as seconds since 1970. */
const MTIME = 315_619_200;

/** The same time in RFC 3339. */
export const MODIFIED: string = '1980-01-02T00:00:00Z';

const TYPES = { file: '0', hardlink: '1', symlink: '2', directory: '5', pax: 'x' } as const;

const NAME_MAX = 100;
const PREFIX_MAX = 155;
/** Largest number of seven (owner) and eleven (size) octal digits. */
const ID_MAX = 0o7777777;
const SIZE_MAX = 0o77777777777;

/** The two blocks of zeros that end an archive. */
export const END: Uint8Array = new Uint8Array(2 * BLOCK);

/** Number of zero bytes that follow `size` bytes of content, 0 to 511. */
export function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

/** The bytes before an entry's content: 512, or 1536 and more where a pax header is needed. */
export function encodeHeader(header: Header): Uint8Array {
  const path = header.kind === 'directory' ? `${header.path}/` : header.path;
  const records: [string, string][] = [];
  let place = splitPath(path);
  if (place === undefined) {
    records.push(['path', path]);
    place = { prefix: '', name: shortName(path) };
  }
  let target = header.target;
  if (!fits(target, NAME_MAX)) {
    records.push(['linkpath', target]);
    target = shortName(target);
  }
  if (header.size > SIZE_MAX) records.push(['size', String(header.size)]);
  if (header.uid > ID_MAX) records.push(['uid', String(header.uid)]);
  if (header.gid > ID_MAX) records.push(['gid', String(header.gid)]);
  const block = encodeBlock({ ...header, ...place, target, type: TYPES[header.kind] });
  if (records.length === 0) return block;

  records.sort(([a], [b]) => (a < b ? -1 : 1));
  const body = Buffer.concat(records.map(([key, value]) => encodeRecord(key, value)));
  const pax = encodeBlock({
    type: TYPES.pax,
    prefix: '',
    name: `PaxHeaders/${shortName(path)}`.slice(0, NAME_MAX),
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: body.length,
    target: '',
  });
  return Buffer.concat([pax, body, new Uint8Array(paddingOf(body.length)), block]);
}

interface Block {
  readonly type: string;
  readonly prefix: string;
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly target: string;
}

function encodeBlock(block: Block): Buffer {
  const bytes = Buffer.alloc(BLOCK);
  writeText(bytes, block.name, 0);
  writeOctal(bytes, block.mode, 100, 7);
  writeOctal(bytes, Math.min(block.uid, ID_MAX), 108, 7);
  writeOctal(bytes, Math.min(block.gid, ID_MAX), 116, 7);
  writeOctal(bytes, block.size > SIZE_MAX ? 0 : block.size, 124, 11);
  writeOctal(bytes, MTIME, 136, 11);
  writeText(bytes, '        ', 148);
  writeText(bytes, block.type, 156);
  writeText(bytes, block.target, 157);
  writeText(bytes, 'ustar\x0000', 257);
  writeOctal(bytes, 0, 329, 7);
  writeOctal(bytes, 0, 337, 7);
  writeText(bytes, block.prefix, 345);
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) sum += bytes[at]!;
  writeOctal(bytes, sum, 148, 6);
  bytes[154] = 0;
  return bytes;
}

/** One by one: for a few ASCII characters that is faster than a call into the runtime. */
function writeText(bytes: Uint8Array, text: string, at: number): void {
  for (let index = 0; index < text.length; index++) bytes[at + index] = text.charCodeAt(index);
}

function writeOctal(bytes: Buffer, value: number, at: number, digits: number): void {
  const text = value.toString(8).padStart(digits, '0');
  if (text.length > digits) {
    throw new BivyError('INTERNAL', `a tar header has no room for the number ${value}`);
  }
  writeText(bytes, text, at);
}

/** The name fields of ustar, or nothing where the path fits in no way. */
function splitPath(path: string): { prefix: string; name: string } | undefined {
  if (!isAscii(path)) return undefined;
  if (path.length <= NAME_MAX) return { prefix: '', name: path };
  // The name may not be empty: the `/` that ends a directory's name is no place to cut.
  const cut = path.lastIndexOf('/', Math.min(PREFIX_MAX, path.length - 2));
  if (cut <= 0 || path.length - cut - 1 > NAME_MAX) return undefined;
  return { prefix: path.slice(0, cut), name: path.slice(cut + 1) };
}

function fits(text: string, most: number): boolean {
  return text.length <= most && isAscii(text);
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII is meant
  return /^[\x00-\x7f]*$/.test(text);
}

/** For readers that know no pax: the end of a path, without what ustar cannot say. */
function shortName(path: string): string {
  const base = path.replace(/\/$/, '').split('/').at(-1) ?? '';
  return base.replace(/[^\x20-\x7e]/g, '_').slice(0, NAME_MAX - 20);
}

/** `length key=value\n`, where the length counts its own digits. */
function encodeRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`);
}
