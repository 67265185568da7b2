// Entries to a layer: a gzip blob on disk, its digest, and the diffID of the tar in it. Files whose DEFLATE streams lie
// in an archive are not compressed again: the streams go into the blob as they are, inflated once to be checked and
// hashed. Nothing larger than about a megabyte is held, whatever the files' sizes.

import type { Digest } from '../kernel/digest.ts';
import { type ArrangedPart, arrange } from './arrange.ts';
import { createFileReader, type FileReader } from './content.ts';
import type { Entry, FileDigest, FileEntry, Part, SymlinkEntry } from './entry.ts';
import {
  createToc,
  encodeFooter,
  estargzAnnotations,
  landmarkEntry,
  refuseReserved,
  type Toc,
  tocEntry,
} from './estargz.ts';
import { CHUNK, type Compression, SPLICE_THRESHOLD } from './layout.ts';
import { type BlobFile, createBlobFile, createLayerStream, type LayerStream } from './output.ts';
import { hashPayload, type PayloadTask, writeChunks, writePayload } from './payload.ts';
import { END, encodeHeader, paddingOf } from './tar.ts';

export interface WrittenFile extends FileDigest {
  /** Name of the part. */
  readonly part: string;
  readonly path: string;
  readonly mode: number;
}

export interface LayerSummary {
  /** Of the compressed blob. */
  readonly digest: Digest;
  /** Of the uncompressed tar. */
  readonly diffId: Digest;
  /** Bytes of the compressed blob. */
  readonly size: number;
  /** Sum of the sizes of the files written, hard links counted once; without those of eStargz itself. */
  readonly unpacked: number;
  /** Regular files in the order they stand in the layer. */
  readonly files: readonly WrittenFile[];
  /** Files that were hashed and left out, because another part ships their path. */
  readonly shadowed: readonly WrittenFile[];
  /** For the layer's descriptor in a manifest; absent where it needs none. */
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface LayerOptions {
  /** `gzip` where left out. */
  readonly compression?: Compression;
  /** With `estargz`, what is fetched before a container starts; nothing where left out. */
  readonly isFirst?: (entry: FileEntry | SymlinkEntry) => boolean;
  /** Bytes, of `gzip`; for measurements: layers of another threshold have other digests. */
  readonly spliceThreshold?: number;
  readonly signal?: AbortSignal;
}

/**
 * Writes the parts to a new file at `output.path`; on failure there is no file.
 * @throws BivyError `WHEEL_INVALID` where content is not what was promised, `INTERNAL` where entries contradict each other,
 *   `ROOT_INVALID` where a file has the name of one of eStargz's own
 */
export async function writeLayer(
  parts: readonly Part[],
  output: { readonly path: string },
  options: LayerOptions = {},
): Promise<LayerSummary> {
  const threshold = options.spliceThreshold ?? SPLICE_THRESHOLD;
  const lazy = options.compression === 'estargz';
  if (lazy) refuseReserved(parts);
  const { directories, parts: arranged } = arrange(parts, {
    isLarge: ({ size }) => size >= threshold,
    isFirst: (entry) => lazy && options.isFirst?.(entry) === true,
  });
  const blob = createBlobFile(output.path);
  const reader = createFileReader();
  try {
    const stream = createLayerStream((bytes) => blob.write(bytes));
    const work: Work = {
      stream,
      reader,
      toc: lazy ? createToc() : undefined,
      // A member for each file anyway: its own stream is as good as ours.
      isSpliced: lazy ? ({ size }) => size > 0 && size <= CHUNK : ({ size }) => size >= threshold,
      digests: new Map(),
      files: [],
      shadowed: [],
      signal: options.signal,
    };
    for (const directory of directories) writeEntry(work, directory);
    for (const part of arranged) await writeEntries(work, part, part.first);
    if (lazy) await writeFile(work, landmarkEntry(work.files.length > 0), '');
    for (const part of arranged) await writePart(work, part);
    const end = work.toc === undefined ? finish(stream) : finishLazy(stream, work.toc, blob);
    const { digest, size } = blob.finish();
    const unpacked = work.files.reduce((sum, file) => sum + file.size, 0);
    return { digest, size, unpacked, files: work.files, shadowed: work.shadowed, ...end };
  } finally {
    reader.close();
    blob.discard();
  }
}

type End = Pick<LayerSummary, 'diffId' | 'annotations'>;

function finish(stream: LayerStream): End {
  stream.write(END);
  return { diffId: stream.finish().digest };
}

/** The table of contents in a member of its own, and where it is. */
function finishLazy(stream: LayerStream, toc: Toc, blob: BlobFile): End {
  const offset = stream.cut();
  const { pieces, size, digest } = toc.finish();
  writeHeader(stream, tocEntry(size), size);
  for (const piece of pieces) stream.write(piece);
  writePadding(stream, size);
  stream.write(END);
  const tar = stream.finish();
  blob.write(encodeFooter(offset));
  return { diffId: tar.digest, annotations: estargzAnnotations(digest, tar.size, tar.digest) };
}

interface Work {
  readonly stream: LayerStream;
  readonly reader: FileReader;
  readonly toc: Toc | undefined;
  /** Of files that are DEFLATE streams. */
  readonly isSpliced: (entry: FileEntry) => boolean;
  /** By part, then by path. */
  readonly digests: Map<ArrangedPart, Map<string, FileDigest>>;
  readonly files: WrittenFile[];
  readonly shadowed: WrittenFile[];
  readonly signal: AbortSignal | undefined;
}

async function writePart(work: Work, part: ArrangedPart): Promise<void> {
  for (const entry of part.shadowed) {
    const digest = await hashPayload({ reader: work.reader, entry, part: part.name });
    note(work, part, work.shadowed, entry, digest);
  }
  await writeEntries(work, part, part.entries);
  for (const entry of part.computed) {
    if (entry.content.kind !== 'computed') continue;
    const bytes = entry.content.from(digestsOf(work, part));
    const file: FileEntry = { ...entry, size: bytes.length, content: { kind: 'bytes', bytes } };
    note(work, part, work.files, entry, await writeFile(work, file, part.name));
  }
}

async function writeEntries(
  work: Work,
  part: ArrangedPart,
  entries: readonly (Entry & { readonly kind: 'file' | 'symlink' | 'hardlink' })[],
): Promise<void> {
  for (const entry of entries) {
    work.signal?.throwIfAborted();
    if (entry.kind === 'file') note(work, part, work.files, entry, await writeFile(work, entry, part.name));
    else writeEntry(work, entry);
  }
}

function note(
  work: Work,
  part: ArrangedPart,
  list: WrittenFile[],
  { path, mode }: FileEntry,
  { sha256, size }: FileDigest,
): void {
  digestsOf(work, part).set(path, { sha256, size });
  list.push({ part: part.name, path, mode, sha256, size });
}

function digestsOf({ digests }: Work, part: ArrangedPart): Map<string, FileDigest> {
  const known = digests.get(part) ?? new Map<string, FileDigest>();
  digests.set(part, known);
  return known;
}

function writeEntry({ stream, toc }: Work, entry: Exclude<Entry, FileEntry>): void {
  writeHeader(stream, entry, 0);
  toc?.add(entry);
}

/** Header, content, padding. */
async function writeFile(work: Work, entry: FileEntry, part: string): Promise<FileDigest> {
  const { stream, reader, toc, isSpliced } = work;
  const task: PayloadTask = { reader, entry, part };
  writeHeader(stream, entry, entry.size);
  let digest: FileDigest;
  if (toc === undefined || entry.size === 0) {
    digest = await writePayload(task, stream, isSpliced);
    toc?.addFile(entry, digest, []);
  } else {
    const written = await writeChunks(task, stream, isSpliced);
    digest = written.digest;
    toc.addFile(entry, digest, written.chunks);
  }
  writePadding(stream, entry.size);
  return digest;
}

function writeHeader(stream: LayerStream, entry: Entry, size: number): void {
  const { kind, path, mode, uid = 0, gid = 0 } = entry;
  const target = entry.kind === 'symlink' || entry.kind === 'hardlink' ? entry.target : '';
  stream.write(encodeHeader({ kind, path, mode, uid, gid, size, target }));
}

function writePadding(stream: LayerStream, size: number): void {
  if (size % 512 !== 0) stream.write(END.subarray(0, paddingOf(size)));
}
