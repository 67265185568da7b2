// Entries to a layer: a gzip blob on disk, its digest, and the diffID of the tar in it. Files whose DEFLATE streams lie
// in an archive are not compressed again: the streams go into the blob as they are, inflated once to be checked and
// hashed. Nothing larger than about a megabyte is held, whatever the files' sizes.

import { createHash, hash } from 'node:crypto';
import type { Digest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { type ArrangedPart, arrange } from './arrange.ts';
import { createFileReader, type FileReader, type PieceTakers, passDeflate, passSlice } from './content.ts';
import type { Entry, FileDigest, FileEntry, Part } from './entry.ts';
import { SPLICE_THRESHOLD } from './layout.ts';
import { createBlobFile, createLayerStream, type LayerStream } from './output.ts';
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
  /** Sum of the sizes of the files written, hard links counted once. */
  readonly unpacked: number;
  /** Regular files in the order they stand in the layer. */
  readonly files: readonly WrittenFile[];
  /** Files that were hashed and left out, because another part ships their path. */
  readonly shadowed: readonly WrittenFile[];
}

export interface LayerOptions {
  /** Bytes; for measurements: layers of another threshold have other digests. */
  readonly spliceThreshold?: number;
  readonly signal?: AbortSignal;
}

/**
 * Writes the parts to a new file at `output.path` and flushes it to the disk; on failure there is no file.
 * @throws BivyError `WHEEL_INVALID` where content is not what was promised, `INTERNAL` where entries contradict each other
 */
export async function writeLayer(
  parts: readonly Part[],
  output: { readonly path: string },
  options: LayerOptions = {},
): Promise<LayerSummary> {
  const threshold = options.spliceThreshold ?? SPLICE_THRESHOLD;
  const isSpliced = (entry: FileEntry): boolean =>
    entry.content.kind === 'deflate' && entry.size >= threshold;
  const { directories, parts: arranged } = arrange(
    parts,
    (entry) => isSpliced(entry) || entry.size >= threshold,
  );
  const blob = createBlobFile(output.path);
  const reader = createFileReader();
  try {
    const stream = createLayerStream((bytes) => blob.write(bytes));
    const work: Work = { stream, reader, isSpliced, files: [], shadowed: [], signal: options.signal };
    for (const directory of directories) writeHeader(stream, directory, 0);
    for (const part of arranged) await writePart(work, part);
    stream.write(END);
    const diffId = stream.finish();
    const { digest, size } = blob.finish();
    const unpacked = work.files.reduce((sum, file) => sum + file.size, 0);
    return { digest, diffId, size, unpacked, files: work.files, shadowed: work.shadowed };
  } finally {
    reader.close();
    blob.discard();
  }
}

interface Work {
  readonly stream: LayerStream;
  readonly reader: FileReader;
  readonly isSpliced: (entry: FileEntry) => boolean;
  readonly files: WrittenFile[];
  readonly shadowed: WrittenFile[];
  readonly signal: AbortSignal | undefined;
}

async function writePart(work: Work, part: ArrangedPart): Promise<void> {
  const digests = new Map<string, FileDigest>();
  function note(list: WrittenFile[], { path, mode }: FileEntry, { sha256, size }: FileDigest): void {
    digests.set(path, { sha256, size });
    list.push({ part: part.name, path, mode, sha256, size });
  }
  for (const entry of part.shadowed) note(work.shadowed, entry, await hashFile(work, entry, part.name));
  for (const entry of part.entries) {
    work.signal?.throwIfAborted();
    if (entry.kind === 'file') note(work.files, entry, await writeFile(work, entry, part.name));
    else writeHeader(work.stream, entry, 0);
  }
  for (const entry of part.computed) {
    if (entry.content.kind !== 'computed') continue;
    const bytes = entry.content.from(digests);
    writeHeader(work.stream, entry, bytes.length);
    writePadded(work.stream, bytes);
    note(work.files, entry, { sha256: hash('sha256', bytes, 'hex'), size: bytes.length });
  }
}

function writeHeader(stream: LayerStream, entry: Entry, size: number): void {
  const { kind, path, mode, uid = 0, gid = 0 } = entry;
  const target = entry.kind === 'symlink' || entry.kind === 'hardlink' ? entry.target : '';
  stream.write(encodeHeader({ kind, path, mode, uid, gid, size, target }));
}

function writePadded(stream: LayerStream, bytes: Uint8Array): void {
  stream.write(bytes);
  writePadding(stream, bytes.length);
}

function writePadding(stream: LayerStream, size: number): void {
  if (size % 512 !== 0) stream.write(END.subarray(0, paddingOf(size)));
}

/** Header, content, padding. */
async function writeFile(work: Work, entry: FileEntry, part: string): Promise<FileDigest> {
  const { stream } = work;
  const { content, size } = entry;
  writeHeader(stream, entry, size);
  let digest: PassedFile;
  if (content.kind === 'deflate' && work.isSpliced(entry)) {
    stream.beginSplice();
    digest = await passFile(work, entry, part, {
      compressed: (bytes) => stream.compressed(bytes),
      inflated: (bytes) => stream.inflated(bytes),
    });
    stream.endSplice(content.crc32, size, digest.open);
  } else {
    digest = await passFile(work, entry, part, { inflated: (bytes) => stream.write(bytes) });
  }
  writePadding(stream, size);
  return digest;
}

function hashFile(work: Work, entry: FileEntry, part: string): Promise<FileDigest> {
  return passFile(work, entry, part, { inflated: () => {} });
}

interface PassedFile extends FileDigest {
  /** Whether what was passed as compressed was left open. */
  readonly open: boolean;
}

async function passFile(
  { reader }: Work,
  { path, content, size }: FileEntry,
  part: string,
  take: PieceTakers,
): Promise<PassedFile> {
  const what = `\`${path}\` of ${part}`;
  if (content.kind === 'bytes') {
    if (content.bytes.length !== size) {
      throw new BivyError('INTERNAL', `${what} has ${content.bytes.length} bytes, but declares ${size}`);
    }
    take.inflated(content.bytes);
    return { sha256: hash('sha256', content.bytes, 'hex'), size, open: false };
  }
  const digest = createHash('sha256');
  function inflated(bytes: Uint8Array): void {
    digest.update(bytes);
    take.inflated(bytes);
  }
  let open = false;
  if (content.kind === 'slice') passSlice(reader, content, size, what, inflated);
  else if (content.kind === 'deflate') {
    open = await passDeflate(reader, content, size, what, { ...take, inflated });
  }
  return { sha256: digest.digest('hex'), size, open };
}
