// The key of a layer that is made of files, not of wheels: a digest of what is in it, content by content.

import { createHash, hash } from 'node:crypto';
import { type Digest, keyOf } from '../kernel/digest.ts';
import { createFileReader, type FileReader, passDeflate, passSlice } from './content.ts';
import type { Entry, FileEntry, Part } from './entry.ts';
import { type Compression, formatOf } from './layout.ts';

/** 64 hexadecimal digits of a file's content, where they are known without reading it. */
export type KnownDigest = (entry: FileEntry) => string | undefined;

export interface EntriesKeyOptions {
  readonly known?: KnownDigest;
  /** `gzip` where left out. */
  readonly compression?: Compression;
  /** As the job has them. */
  readonly prefetch?: readonly string[];
}

/**
 * The key of a layer of entries (base, venv, application): a listing of them with their contents' digests. Reads what
 * `known` cannot say. Computed contents follow from the others and are listed as such.
 */
export async function entriesKey(parts: readonly Part[], options: EntriesKeyOptions = {}): Promise<Digest> {
  const { known = () => undefined, compression, prefetch } = options;
  const reader = createFileReader();
  try {
    const listed = [];
    for (const { name, entries } of parts) {
      const rows = [];
      for (const entry of [...entries].sort((a, b) => (a.path < b.path ? -1 : 1))) {
        rows.push(await listEntry(entry, known, reader));
      }
      listed.push({ name, entries: rows });
    }
    return keyOf({ kind: 'entries', parts: listed, ...entriesFormat(compression, prefetch) });
  } finally {
    reader.close();
  }
}

/** What a layer of entries depends on beside them. Layers of gzip have no order but their own. */
export function entriesFormat(
  compression: Compression = 'gzip',
  prefetch: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  return { ...formatOf(compression), prefetch: compression === 'gzip' ? undefined : prefetch };
}

async function listEntry(entry: Entry, known: KnownDigest, reader: FileReader): Promise<readonly unknown[]> {
  const { kind, path, mode, uid = 0, gid = 0 } = entry;
  const common = [kind, path, mode, uid, gid];
  if (entry.kind === 'directory') return common;
  if (entry.kind !== 'file') return [...common, entry.target];
  if (entry.content.kind === 'computed') return [...common, 'computed', entry.shadowed === true];
  const sha256 = known(entry) ?? (await hashContent(entry, reader));
  return [...common, entry.size, sha256, entry.shadowed === true];
}

async function hashContent({ path, size, content }: FileEntry, reader: FileReader): Promise<string> {
  if (content.kind === 'bytes') return hash('sha256', content.bytes, 'hex');
  const digest = createHash('sha256');
  const inflated = (bytes: Uint8Array): void => void digest.update(bytes);
  const what = `\`${path}\``;
  if (content.kind === 'slice') passSlice(reader, content, size, what, inflated);
  else if (content.kind === 'deflate') await passDeflate(reader, content, size, what, { inflated });
  return digest.digest('hex');
}
