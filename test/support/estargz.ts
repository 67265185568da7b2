// Reads an eStargz layer by its own rules, and believes nothing: footer, table of contents, and each chunk inflated from
// where the table says that its member begins.

import { createHash } from 'node:crypto';
import { gunzipSync, inflateRawSync } from 'node:zlib';

/** A row of the table, as it stands there. */
export interface TocRow {
  readonly name: string;
  readonly type: string;
  readonly size?: number;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly modtime?: string;
  readonly linkName?: string;
  readonly digest?: string;
  readonly offset?: number;
  readonly chunkOffset?: number;
  readonly chunkSize?: number;
  readonly chunkDigest?: string;
}

export interface LazyLayer {
  readonly tar: Buffer;
  readonly rows: readonly TocRow[];
  /** The table's bytes. */
  readonly json: string;
  readonly tocDigest: string;
  readonly tocOffset: number;
  /** Contents of regular files, each read through the table alone. */
  readonly contents: ReadonlyMap<string, Buffer>;
}

const FOOTER = 51;
const MEMBER = Buffer.from('1f8b08', 'hex');

/** @throws Error naming the rule that the layer breaks */
export function readLazyLayer(blob: Buffer): LazyLayer {
  const footer = blob.toString('hex', blob.length - FOOTER);
  const place = /^1f8b08040000000000ff1a0053471600((?:3\d|6[1-6]){16})53544152475a010000ffff0{16}$/.exec(
    footer,
  );
  if (place === null) throw new Error(`no footer: ${footer}`);
  const tocOffset = Number.parseInt(Buffer.from(place[1]!, 'hex').toString(), 16);
  const entry = memberAt(blob, tocOffset);
  const size = Number.parseInt(entry.toString('latin1', 124, 135), 8);
  const end = 512 + Math.ceil(size / 512) * 512 + 1024;
  if (entry.toString('latin1', 0, 17) !== 'stargz.index.json' || entry.length !== end) {
    throw new Error('the table is not the last entry, in a member of its own');
  }
  const bytes = entry.subarray(512, 512 + size);
  const json = bytes.toString();
  const { version, entries: rows } = JSON.parse(json) as { version: number; entries: TocRow[] };
  if (version !== 1) throw new Error(`version ${version}`);
  return {
    tar: gunzipSync(blob),
    rows,
    json,
    tocDigest: sha256(bytes),
    tocOffset,
    contents: readFiles(blob, rows),
  };
}

function readFiles(blob: Buffer, rows: readonly TocRow[]): ReadonlyMap<string, Buffer> {
  const contents = new Map<string, Buffer>();
  const offsets = rows.flatMap(({ offset }) => offset ?? []);
  if (offsets.some((offset, index) => index > 0 && offset <= offsets[index - 1]!)) {
    throw new Error('offsets do not grow');
  }
  rows.forEach((row, index) => {
    if (row.type !== 'reg') return;
    const pieces: Buffer[] = [];
    let at = 0;
    for (let next = index; at < (row.size ?? 0); next++) {
      const chunk = rows[next];
      if (chunk?.name !== row.name || (chunk.chunkOffset ?? 0) !== at)
        throw new Error(`a hole in ${row.name}`);
      const length = chunk.chunkSize ?? row.size! - at;
      const piece = memberAt(blob, chunk.offset!).subarray(0, length);
      if (sha256(piece) !== chunk.chunkDigest) throw new Error(`${row.name} at ${at} is another chunk`);
      pieces.push(piece);
      at += length;
    }
    const whole = Buffer.concat(pieces);
    if (sha256(whole) !== row.digest) throw new Error(`${row.name} is another file`);
    contents.set(row.name, whole);
  });
  return contents;
}

/** What the one member gives that begins there: payload, and whatever stands in it after that. */
function memberAt(blob: Buffer, offset: number): Buffer {
  if (!blob.subarray(offset, offset + 3).equals(MEMBER)) throw new Error(`no member at ${offset}`);
  return inflateRawSync(blob.subarray(offset + 10));
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
