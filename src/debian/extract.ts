// The files of a Debian package, unpacked once: their contents one behind the other as a blob of the cache, and a listing
// that says what stands where. The package was held against its hash before; what it holds is suspect all the same.

import type { Blob, Cache } from '../kernel/cache.ts';
import { type Digest, keyOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { readTar, type TarEntry } from '../kernel/untar.ts';
import { unpackSlice } from './compression.ts';
import { type Deb, type DebMember, readDeb } from './deb.ts';
import { readElf } from './elf.ts';
import { isTrimmed, TRIMS } from './trim.ts';

export interface ExtractedFile {
  readonly kind: 'file';
  /** As the package has it, in the form of `TarEntry.path`. */
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** In the blob. */
  readonly offset: number;
  /** Of a shared library: `''` where it names none. */
  readonly soname?: string;
}

interface ExtractedOther {
  readonly kind: 'directory' | 'symlink' | 'hardlink';
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** `''` for directories. */
  readonly target: string;
}

export type ExtractedEntry = ExtractedFile | ExtractedOther;

export interface ExtractedDeb {
  /** `control`, as it is. */
  readonly control: string;
  /** `md5sums`, as it is; `''` where there is none. */
  readonly md5sums: string;
  /** The maintainer scripts, none of which was run. */
  readonly scripts: readonly string[];
  readonly blob: Digest;
  readonly entries: readonly ExtractedEntry[];
}

/** Counts up when the listing of one and the same package changes. */
const EXTRACTION = 1;

const CONTROL_BYTES = 64 << 20;
const DATA_BYTES = 4 * 2 ** 30;
/** Larger shared libraries are not looked into. */
const LIBRARY_BYTES = 256 << 20;

/**
 * @param digest of the `.deb`
 * @param fetch gives the `.deb`, known to be whole; not called where it was unpacked before
 * @param name for messages: `libc6 2.36-9`
 * @throws BivyError `ARCHIVE_INVALID`, and what `fetch` throws
 */
export async function extractDeb(
  digest: Digest,
  fetch: () => Promise<Blob>,
  name: string,
  cache: Cache,
): Promise<{ readonly deb: ExtractedDeb; readonly blob: Blob }> {
  const key = keyOf({
    deb: digest,
    extraction: EXTRACTION,
    trims: TRIMS.filter(({ of }) => of.includes('*')),
  });
  const known = cache.readRecord<ExtractedDeb>('debs', key);
  if (known !== undefined) {
    const blob = await cache.verifyBlob(known.blob);
    if (blob !== undefined) return { deb: known, blob };
  }
  const file = await fetch();
  const members = await readDeb(file.path, `\`${name}\``);
  const control = await readControl(file, members, name);
  const entries: ExtractedEntry[] = [];
  const blob = await cache.putBlob(readData(file, members, name, entries));
  const extracted: ExtractedDeb = { ...control, blob: blob.digest, entries };
  cache.writeRecord('debs', key, extracted);
  return { deb: extracted, blob };
}

function open(deb: Blob, member: DebMember, name: string, total: number): AsyncIterable<TarEntry> {
  return readTar(unpackSlice(deb.path, member, member.ending, name), { name, total });
}

async function readControl(
  deb: Blob,
  { control }: Deb,
  name: string,
): Promise<Pick<ExtractedDeb, 'control' | 'md5sums' | 'scripts'>> {
  const texts = new Map<string, string>();
  const scripts: string[] = [];
  for await (const entry of open(deb, control, `the control archive of \`${name}\``, CONTROL_BYTES)) {
    if (entry.kind !== 'file') continue;
    if (/^(?:pre|post)(?:inst|rm)$/.test(entry.path)) scripts.push(entry.path);
    if (entry.path !== 'control' && entry.path !== 'md5sums') continue;
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry.content) chunks.push(chunk);
    texts.set(entry.path, Buffer.concat(chunks).toString('utf8'));
  }
  const text = texts.get('control');
  if (text === undefined)
    throw new BivyError('ARCHIVE_INVALID', `\`${name}\` is no Debian package: it has no \`control\``);
  return { control: text, md5sums: texts.get('md5sums') ?? '', scripts: scripts.sort() };
}

/** Yields the contents that are kept, and lists them on the way. */
async function* readData(
  deb: Blob,
  { data }: Deb,
  name: string,
  entries: ExtractedEntry[],
): AsyncGenerator<Uint8Array, void, undefined> {
  const seen = new Set<string>();
  let offset = 0;
  for await (const { path, kind, mode, uid, gid, size, target, content } of open(
    deb,
    data,
    `the data archive of \`${name}\``,
    DATA_BYTES,
  )) {
    if (path === '' || isTrimmed(mergedPath(path), '*')) continue;
    if (seen.has(path)) throw new BivyError('ARCHIVE_INVALID', `\`${name}\` holds \`/${path}\` twice`);
    seen.add(path);
    const common = { path, mode, uid, gid };
    if (kind === 'directory' || kind === 'symlink' || kind === 'hardlink') {
      entries.push({ kind, ...common, target });
      continue;
    }
    if (kind !== 'file')
      throw new BivyError('ARCHIVE_INVALID', `\`${name}\` holds \`/${path}\`, which is a device`);
    const library =
      /(?:^|\/)(?:lib|ld-)[^/]*\.so[^/]*$/.test(path) && size <= LIBRARY_BYTES
        ? Buffer.alloc(size)
        : undefined;
    let at = 0;
    for await (const chunk of content) {
      library?.set(chunk, at);
      at += chunk.length;
      yield chunk;
    }
    const elf = library === undefined ? undefined : readElf(library);
    const soname = elf === undefined ? undefined : (elf.soname ?? '');
    entries.push({ kind, ...common, size, offset, ...(soname === undefined ? {} : { soname }) });
    offset += size;
  }
}

const MERGED = /^(?:bin|sbin|lib|lib32|lib64|libx32)(?=\/|$)/;

/** Where a path of a package stands once `/usr` is merged: `lib/x` is `usr/lib/x`. */
export function mergedPath(path: string): string {
  return MERGED.test(path) ? `usr/${path}` : path;
}
