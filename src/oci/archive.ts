// The members of an image archive (`docker save`, an OCI layout in a tar) as places on disk. A plain tar is searched by
// its headers alone and used where it stands; a compressed one is unpacked into the cache, member by member.
// Formats: image-spec, image-layout.md; moby, image/tarexport.

import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import type { Context } from '../kernel/context.ts';
import { type Digest, keyOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { fillFrom } from '../kernel/file-system.ts';
import { normalizeTarPath, readTar } from '../kernel/untar.ts';
import { BLOCK, decodeHeader, decodeName, decodePax, isZero } from '../kernel/untar-header.ts';
import { type BlobPlace, compressionOf, decompress, type LayerCompression, streamBlob } from './blob.ts';

/** Files of an image by their path: in a directory, or in an archive. */
export interface ImageFiles {
  /** For messages: `oci:DIR`. */
  readonly name: string;
  /** Stands for these very files: changes when they may have changed. */
  readonly identity: string;
  find(path: string): BlobPlace | undefined;
}

type Member = BlobPlace | { readonly link: string };

const MAX_MEMBERS = 100_000;
const MAX_EXTENDED = 1 << 20;
const MAX_LINKS = 16;

/** @throws BivyError `BASE_MISSING`, `BASE_INVALID`, `BASE_UNSUPPORTED` */
export async function openArchive(path: string, name: string, context: Context): Promise<ImageFiles> {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  if (found?.isFile() !== true) {
    throw new BivyError('BASE_MISSING', `the base \`${name}\` is not there: \`${path}\` is no file`, {
      hint: 'check the path; `docker save IMAGE -o FILE` writes such an archive',
    });
  }
  const whole: BlobPlace = { path, offset: 0, size: Number(found.size) };
  const compression = compressionOf(whole);
  const identity = `${path}\n${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`;
  if (compression === 'none') return fileIndex(name, identity, scan(path, name));
  if (compression === 'gzip' || compression === 'zstd') {
    return fileIndex(name, identity, await unpack(whole, compression, name, identity, context));
  }
  throw new BivyError('BASE_UNSUPPORTED', `the base \`${name}\` is compressed with ${compression}`, {
    hint: `unpack \`${path}\` first; plain tar archives, and those compressed with gzip or zstd, are read as they are`,
  });
}

function fileIndex(name: string, identity: string, members: ReadonlyMap<string, Member>): ImageFiles {
  return {
    name,
    identity,
    find(path) {
      let member = members.get(path);
      for (let links = 0; member !== undefined && 'link' in member; links++) {
        member = links < MAX_LINKS ? members.get(member.link) : undefined;
      }
      return member;
    },
  };
}

/** Reads headers and skips contents. */
function scan(path: string, name: string): Map<string, Member> {
  const members = new Map<string, Member>();
  const file = openSync(path, 'r');
  try {
    const end = fstatSync(file).size;
    let own: { path?: string; target?: string; size?: number } = {};
    for (let at = 0; at + BLOCK <= end; ) {
      const block = readAt(file, at, BLOCK, name);
      if (isZero(block)) break;
      const header = decodeHeader(block);
      if (typeof header === 'string') throw invalid(name, header);
      const size = own.size ?? header.size;
      const start = at + BLOCK;
      at = start + Math.ceil(size / BLOCK) * BLOCK;
      if (start + size > end) throw invalid(name, 'it ends in the middle of a member');
      if ('gxLK'.includes(header.type)) {
        if (size > MAX_EXTENDED) throw invalid(name, 'an extended header is too long');
        const data = readAt(file, start, size, name);
        if (header.type === 'L') own.path = decodeName(data);
        if (header.type === 'K') own.target = decodeName(data);
        if (header.type === 'x') own = { ...own, ...extendedOf(data, name) };
        continue;
      }
      const place = { path, offset: start, size };
      add(members, name, header.type, own.path ?? header.path, own.target ?? header.target, place);
      own = {};
    }
  } finally {
    closeSync(file);
  }
  return members;
}

function extendedOf(data: Uint8Array, name: string): { path?: string; target?: string; size?: number } {
  const { path, linkpath, size } = decodePax(data) ?? {};
  if (size !== undefined && !/^\d{1,15}$/.test(size)) throw invalid(name, 'a member has no size');
  return {
    ...(path === undefined ? {} : { path }),
    ...(linkpath === undefined ? {} : { target: linkpath }),
    ...(size === undefined ? {} : { size: Number(size) }),
  };
}

function add(
  members: Map<string, Member>,
  name: string,
  type: string,
  written: string,
  target: string,
  place: BlobPlace,
): void {
  const path = normalizeTarPath(written);
  if (path === undefined) throw invalid(name, `${JSON.stringify(written)} leaves the archive's root`);
  if (members.size >= MAX_MEMBERS) throw invalid(name, `it has more than ${MAX_MEMBERS} members`);
  if (type === '0' || type === '\0' || type === '7') members.set(path, place);
  if (type === '1' || type === '2') {
    // Old `docker save` links a layer that occurs twice: `../ID/layer.tar`.
    const link = normalizeTarPath(type === '1' ? target : posix.join(posix.dirname(path), target));
    if (link !== undefined) members.set(path, { link });
  }
}

interface Unpacked {
  readonly members: Readonly<
    Record<string, { readonly digest: Digest | ''; readonly size: number; readonly link?: string }>
  >;
}

async function unpack(
  whole: BlobPlace,
  compression: LayerCompression,
  name: string,
  identity: string,
  context: Context,
): Promise<Map<string, Member>> {
  const { cache, signal, emit } = context;
  const key = keyOf({ archive: identity, version: 2 });
  const known = cache.readRecord<Unpacked>('archives', key);
  if (known !== undefined) {
    const members = new Map<string, Member>();
    for (const [path, { digest, size, link }] of Object.entries(known.members)) {
      const blob = digest === '' ? undefined : cache.findBlob(digest);
      if (link !== undefined) members.set(path, { link });
      else if (blob?.size === size) members.set(path, { path: blob.path, offset: 0, size });
    }
    if (members.size === Object.keys(known.members).length) return members;
  }
  emit({ type: 'note', message: `unpacking ${name}` });
  const members = new Map<string, Member>();
  const record: Record<string, { digest: Digest | ''; size: number; link?: string }> = {};
  const plain = decompress(streamBlob(whole, signal), compression, name);
  for await (const entry of readTar(plain, { name })) {
    if (entry.kind === 'file') {
      const blob = await cache.putBlob(entry.content, { name: `\`${entry.path}\` of ${name}` });
      members.set(entry.path, { path: blob.path, offset: 0, size: blob.size });
      record[entry.path] = { digest: blob.digest, size: blob.size };
    } else if (entry.kind === 'hardlink' || entry.kind === 'symlink') {
      const place: BlobPlace = { path: '', offset: 0, size: 0 };
      add(members, name, entry.kind === 'hardlink' ? '1' : '2', entry.path, entry.target, place);
      const link = members.get(entry.path);
      if (link !== undefined && 'link' in link) record[entry.path] = { digest: '', size: 0, link: link.link };
    }
    if (members.size > MAX_MEMBERS) throw invalid(name, `it has more than ${MAX_MEMBERS} members`);
  }
  cache.writeRecord('archives', key, { members: record });
  return members;
}

function readAt(file: number, at: number, size: number, name: string): Buffer {
  const bytes = Buffer.alloc(size);
  if (fillFrom(file, bytes, at) < size) throw invalid(name, 'it ends in the middle of a member');
  return bytes;
}

function invalid(name: string, fault: string): BivyError {
  return new BivyError('BASE_INVALID', `the base \`${name}\` is no sound archive: ${fault}`, {
    hint: 'save the image again',
  });
}
