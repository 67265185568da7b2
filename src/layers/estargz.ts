// eStargz (containerd/stargz-snapshotter, docs/estargz.md): the table of contents that makes a gzip layer readable from
// any file on, the footer that says where it is, and the landmark that ends what is fetched first. The digest of the
// table is what a reader holds everything against; so its JSON is canonical and ends where it ends.

import { createHash } from 'node:crypto';
import { canonicalJson, type Digest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { Entry, FileDigest, FileEntry, Part } from './entry.ts';
import { HEADER } from './gzip.ts';
import { MODIFIED } from './tar.ts';

const TOC_NAME = 'stargz.index.json';
const LANDMARK = '.prefetch.landmark';
const NO_LANDMARK = '.no.prefetch.landmark';
const RESERVED: ReadonlySet<string> = new Set([TOC_NAME, LANDMARK, NO_LANDMARK]);

/** A stretch of a file that can be read alone. */
export interface Chunk {
  /** Where its gzip member begins, bytes from the start of the blob. */
  readonly offset: number;
  /** Where it begins in the file. */
  readonly at: number;
  readonly size: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** The table, as it grows with the layer. */
export interface Toc {
  /** Any entry but a file, in the order in which they are written. */
  add(entry: Exclude<Entry, FileEntry>): void;
  /** A file; `chunks` is empty where the file is. */
  addFile(entry: FileEntry, digest: FileDigest, chunks: readonly Chunk[]): void;
  /** The JSON in pieces: it is as long as there are files. */
  finish(): { readonly pieces: readonly Buffer[]; readonly size: number; readonly digest: Digest };
}

export function createToc(): Toc {
  const pieces: Buffer[] = [];
  const hash = createHash('sha256');
  let size = 0;
  function put(text: string): void {
    const bytes = Buffer.from(text);
    hash.update(bytes);
    size += bytes.length;
    pieces.push(bytes);
  }
  function row(row: Readonly<Record<string, unknown>>): void {
    put((pieces.length === 0 ? '{"entries":[' : ',') + canonicalJson(row));
  }
  return {
    add(entry) {
      if (entry.kind === 'directory') row({ ...common(entry), name: `${entry.path}/`, type: 'dir' });
      else row({ ...common(entry), type: entry.kind, linkName: entry.target });
    },
    addFile(entry, digest, chunks) {
      const file = { ...common(entry), type: 'reg', size: some(digest.size), digest: spell(digest) };
      const [first, ...more] = chunks;
      row(first === undefined ? file : { ...file, ...describe(first, digest.size) });
      for (const chunk of more) {
        row({ name: entry.path, type: 'chunk', chunkOffset: chunk.at, ...describe(chunk, digest.size) });
      }
    },
    finish() {
      put(pieces.length === 0 ? '{"entries":[],"version":1}' : '],"version":1}');
      return { pieces, size, digest: `sha256:${hash.digest('hex')}` as Digest };
    },
  };
}

/** Members that would be zero are left out, as the reference library does. */
function common({ path, mode, uid = 0, gid = 0 }: Entry): Readonly<Record<string, unknown>> {
  return { name: path, modtime: MODIFIED, mode: some(mode), uid: some(uid), gid: some(gid) };
}

function describe(chunk: Chunk, fileSize: number): Readonly<Record<string, unknown>> {
  return {
    offset: chunk.offset,
    chunkSize: chunk.size === fileSize ? undefined : chunk.size,
    chunkDigest: spell(chunk),
  };
}

function some(number: number): number | undefined {
  return number === 0 ? undefined : number;
}

function spell({ sha256 }: { readonly sha256: string }): string {
  return `sha256:${sha256}`;
}

/** The table as an entry of the layer, the last one. */
export function tocEntry(size: number): FileEntry {
  return {
    kind: 'file',
    path: TOC_NAME,
    mode: 0o644,
    size,
    content: { kind: 'bytes', bytes: new Uint8Array() },
  };
}

/** The file of one byte after those that are fetched first; where there are none, one that says so. */
export function landmarkEntry(some: boolean): FileEntry {
  const bytes = Uint8Array.of(0xf);
  const path = some ? LANDMARK : NO_LANDMARK;
  return { kind: 'file', path, mode: 0o644, size: bytes.length, content: { kind: 'bytes', bytes } };
}

/** @throws BivyError `ROOT_INVALID` where an entry has the name of one of eStargz's own files */
export function refuseReserved(parts: readonly Part[]): void {
  for (const { name, entries } of parts) {
    const found = entries.find(({ path }) => RESERVED.has(path));
    if (found === undefined) continue;
    throw new BivyError('ROOT_INVALID', `\`/${found.path}\` of ${name} cannot be in an eStargz layer`, {
      causes: ['the format keeps its own index under that name'],
      hint: 'leave the file out, move `workdir`, or build with `--compression gzip`',
    });
  }
}

/** The last 51 bytes: a gzip member that gives nothing, and says in its extra field where the table's member begins. */
export function encodeFooter(tocOffset: number): Uint8Array {
  const place = Buffer.from(`${tocOffset.toString(16).padStart(16, '0')}STARGZ`, 'latin1');
  const header = Buffer.from(HEADER);
  header[3] = 4;
  return Buffer.concat([
    header,
    Uint8Array.of(place.length + 4, 0, 0x53, 0x47, place.length, 0),
    place,
    Uint8Array.of(1, 0, 0, 0xff, 0xff),
    new Uint8Array(8),
  ]);
}

/** What a layer's descriptor must say for it to be read lazily; `containerd.io/uncompressed` as BuildKit has it. */
export function estargzAnnotations(
  toc: Digest,
  tarSize: number,
  diffId: Digest,
): Readonly<Record<string, string>> {
  return {
    'containerd.io/snapshot/stargz/toc.digest': toc,
    'containerd.io/uncompressed': diffId,
    'io.containers.estargz.uncompressed-size': String(tarSize),
  };
}
