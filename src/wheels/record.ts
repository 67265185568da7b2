// RECORD (PyPA "Recording installed projects"): what a wheel says of its files, and what the installation says of its own.
// Written as pypa/installer 1.0 does: rows sorted by the path before its prefix, hashes of what was really written.

import type { FileDigest } from '../layers/entry.ts';
import { splitLines } from './python-text.ts';

/** One row to be written; RECORD's own has no digest. */
export interface RecordRow {
  /** Below the directory of its scheme: rows are sorted by this. */
  readonly path: string;
  /** From site-packages to that directory, with a closing `/`; empty where they are one. */
  readonly prefix: string;
  readonly digest?: FileDigest | undefined;
}

/** A row that the wheel brought: path, `algorithm=value` or nothing, size or nothing. */
export type WheelRow = readonly [path: string, hash: string, size: string];

/** The installed RECORD. */
export function formatRecord(rows: readonly RecordRow[]): Buffer {
  const sorted = [...rows].sort((left, right) => compareCodePoints(left.path, right.path));
  return Buffer.from(
    sorted
      .map(({ prefix, path, digest }) => {
        const hash =
          digest === undefined ? '' : `sha256=${Buffer.from(digest.sha256, 'hex').toString('base64url')}`;
        return `${quoteField(prefix + path)},${hash},${digest?.size ?? ''}\n`;
      })
      .join(''),
  );
}

/** The wheel's own rows by path; of several for one path the last. @throws SyntaxError where one has not three fields */
export function parseRecord(text: string): ReadonlyMap<string, WheelRow> {
  const rows = new Map<string, WheelRow>();
  for (const [index, fields] of parseCsv(splitLines(text)).entries()) {
    if (fields.length !== 3)
      throw new SyntaxError(`row ${index + 1} has ${fields.length} fields instead of 3`);
    const [path, hash, size] = fields as [string, string, string];
    const slashed = path.replaceAll('\\', '/');
    rows.set(slashed, [slashed, hash, size]);
  }
  return rows;
}

// The names that hashlib has on every Python with OpenSSL 1.1 or later: rows with others stop an installation.
const ALGORITHMS = new Set(
  (
    'blake2b blake2s md5 md5-sha1 ripemd160 sha1 sha224 sha256 sha384 sha3_224 sha3_256 sha3_384 sha3_512 ' +
    'sha512 sha512_224 sha512_256 shake_128 shake_256 sm3'
  ).split(' '),
);

/** What makes pypa/installer refuse a row of a file that the wheel holds. */
export function rowFault([path, hash, size]: WheelRow): string | undefined {
  if (path === '') return 'it has no path';
  if (hash !== '' && !hash.includes('=')) return `its hash \`${hash}\` is not \`algorithm=value\``;
  if (hash !== '' && !ALGORITHMS.has(hash.slice(0, hash.indexOf('='))))
    return `its hash \`${hash}\` is unknown`;
  return size !== '' && !/^\s*[+-]?\d+(_\d+)*\s*$/.test(size)
    ? `its size \`${size}\` is no number`
    : undefined;
}

/** Python orders strings by code point, JavaScript by UTF-16 unit: they differ above U+FFFF. */
function compareCodePoints(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function quoteField(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/** Python's `csv.reader` over lines without their ends: a quoted field may run on over the next line. */
function parseCsv(lines: readonly string[]): string[][] {
  const rows: string[][] = [];
  let fields: string[] = [];
  let field = '';
  let state: 'start' | 'plain' | 'quoted' | 'quote' = 'start';
  for (const line of lines) {
    if (state === 'start' && !line.includes('"')) {
      rows.push(line === '' ? [] : line.split(','));
      continue;
    }
    for (const character of line) {
      if (state === 'quoted') {
        if (character === '"') state = 'quote';
        else field += character;
      } else if (character === ',') {
        fields.push(field);
        field = '';
        state = 'start';
      } else if (character === '"' && state !== 'plain') {
        if (state === 'quote') field += character;
        state = 'quoted';
      } else {
        field += character;
        state = 'plain';
      }
    }
    if (state === 'quoted') continue;
    rows.push([...fields, field]);
    fields = [];
    field = '';
    state = 'start';
  }
  if (state === 'quoted') rows.push([...fields, field]);
  return rows;
}
