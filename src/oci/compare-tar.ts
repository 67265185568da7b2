// Two tar archives in step, member by member: the first file that differs, and in what. What members do not show (owner
// names, extended headers, padding) is found byte by byte. Holds one member of each; contents are never kept.

import { readTar, type TarEntry } from '../kernel/untar.ts';
import { BLOCK } from '../kernel/untar-header.ts';
import { meter } from './blob.ts';
import { type ByteDifference, firstDifference } from './compare-bytes.ts';

export type FileField =
  /** One side lacks the file, which is `null` there. */
  | 'missing'
  /** Both have it, at another place: `left` and `right` are the files that stand there. */
  | 'order'
  /** Another file stands in its place. */
  | 'path'
  | 'type'
  | 'mode'
  | 'uid'
  | 'gid'
  | 'mtime'
  | 'target'
  | 'size'
  /** Two bytes, at `offset` of the content. */
  | 'content'
  /** Two bytes, at `offset` of the archive, of something that only the archive shows: `detail` says what. */
  | 'header';

export interface FileDifference {
  /** As a member is called: `opt/app/main.py`. */
  readonly path: string;
  readonly field: FileField;
  readonly left: string | number | null;
  readonly right: string | number | null;
  readonly offset?: number;
  /** Of a header: `uname`, `extended header`, `padding`, `end`. */
  readonly detail?: string;
}

/** Opens the archive's bytes from their begin; asked again where a second look is needed. */
export type OpenTar = () => AsyncIterable<Uint8Array>;

const CHECKSUM_SIZE = 8;
const FIELDS = ['mode', 'uid', 'gid', 'mtime', 'target', 'size'] as const;

/** Says of other files what they are: it differs where they do. */
const RECORD = /\.dist-info\/RECORD$/;

/**
 * All that differs about the first file that does, a `RECORD` only where no other does; empty where the archives are the
 * same to the byte.
 * @throws BivyError `ARCHIVE_INVALID` where one is no sound archive
 */
export async function compareTars(openLeft: OpenTar, openRight: OpenTar): Promise<readonly FileDifference[]> {
  const [left, right] = [meter(openLeft()), meter(openRight())];
  const one = readTar(left.stream, { name: 'the left layer' });
  const other = readTar(right.stream, { name: 'the right layer' });
  let record: readonly FileDifference[] = [];
  try {
    for (;;) {
      const [mine, theirs] = [await following(one), await following(other)];
      if (mine === undefined && theirs === undefined) break;
      const found =
        mine !== undefined && theirs !== undefined && mine.path === theirs.path
          ? await compareEntries(mine, theirs)
          : [await displaced(mine, theirs, one, other)];
      if (found.length === 0) continue;
      if (mine === undefined || !RECORD.test(mine.path) || found.some(isPlace)) return found;
      if (record.length === 0) record = found;
    }
  } finally {
    await one.return();
    await other.return();
  }
  if (record.length > 0) return record;
  if (left.digest() === right.digest()) return [];
  const first = await unseen(openLeft, openRight, 0);
  if (first?.detail !== 'checksum') return first === undefined ? [] : [first];
  // A checksum differs because of a field behind it.
  const behind = await unseen(openLeft, openRight, (first.offset ?? 0) + CHECKSUM_SIZE);
  return [behind?.path === first.path ? behind : first];
}

/** What members do not show, from that place of the archives on. */
async function unseen(
  openLeft: OpenTar,
  openRight: OpenTar,
  from: number,
): Promise<FileDifference | undefined> {
  const found = await firstDifference(after(openLeft(), from), after(openRight(), from));
  return found === undefined ? undefined : locate(openLeft(), { ...found, offset: found.offset + from });
}

async function* after(source: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const chunk of source) {
    const skipped = Math.min(left, chunk.length);
    left -= skipped;
    if (skipped < chunk.length) yield chunk.subarray(skipped);
  }
}

/** Whether the files stand at different places: then the two archives are no longer in step. */
function isPlace({ field }: FileDifference): boolean {
  return field === 'missing' || field === 'order' || field === 'path';
}

async function following(entries: AsyncGenerator<TarEntry, void>): Promise<TarEntry | undefined> {
  const next = await entries.next();
  return next.done === true ? undefined : next.value;
}

async function compareEntries(left: TarEntry, right: TarEntry): Promise<readonly FileDifference[]> {
  const { path } = left;
  // A file and a link differ in more than their type, but nobody needs to hear it.
  if (left.kind !== right.kind) return [{ path, field: 'type', left: left.kind, right: right.kind }];
  const found: FileDifference[] = FIELDS.filter((field) => left[field] !== right[field]).map((field) => ({
    path,
    field,
    left: left[field],
    right: right[field],
  }));
  const content = await firstDifference(left.content, right.content);
  return content === undefined ? found : [...found, { path, field: 'content', ...content }];
}

/** Why two different files stand at one place: what follows is searched for each. */
async function displaced(
  left: TarEntry | undefined,
  right: TarEntry | undefined,
  leftRest: AsyncIterable<TarEntry>,
  rightRest: AsyncIterable<TarEntry>,
): Promise<FileDifference> {
  const [mine, theirs] = [left?.path ?? null, right?.path ?? null];
  const leftHas = theirs !== null && (await isAmong(theirs, leftRest));
  const rightHas = mine !== null && (await isAmong(mine, rightRest));
  if (mine !== null && theirs !== null && leftHas === rightHas) {
    return { path: mine, field: leftHas ? 'order' : 'path', left: mine, right: theirs };
  }
  return mine !== null && !rightHas
    ? { path: mine, field: 'missing', left: mine, right: null }
    : { path: theirs ?? '', field: 'missing', left: null, right: theirs };
}

async function isAmong(path: string, rest: AsyncIterable<TarEntry>): Promise<boolean> {
  let found = false;
  for await (const entry of rest) found ||= entry.path === path;
  return found;
}

/** Whose header or padding a byte of the archive belongs to. */
async function locate(tar: AsyncIterable<Uint8Array>, difference: ByteDifference): Promise<FileDifference> {
  const { offset } = difference;
  let read = 0;
  async function* blocks(): AsyncGenerator<Uint8Array> {
    for await (const block of inBlocks(tar)) {
      read += block.length;
      yield block;
    }
  }
  let path = '';
  let end = 0;
  for await (const entry of readTar(blocks())) {
    if (offset < end) return { path, field: 'header', ...difference, detail: 'padding' };
    // One block is asked for at a time, so what was read ends with the header of this member.
    if (offset < read) {
      return { path: entry.path, field: 'header', ...difference, detail: headerField(offset - read + BLOCK) };
    }
    path = entry.path;
    end = read + Math.ceil(entry.size / BLOCK) * BLOCK;
  }
  const detail = offset < end ? 'padding' : 'end';
  return { path: detail === 'end' ? '' : path, field: 'header', ...difference, detail };
}

async function* inBlocks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const chunk of source) {
    const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    let at = 0;
    for (; bytes.length - at >= BLOCK; at += BLOCK) yield bytes.subarray(at, at + BLOCK);
    rest = bytes.subarray(at);
  }
  if (rest.length > 0) yield rest;
}

/** Where the fields of a ustar header end (POSIX.1-2017, `pax`, "ustar Interchange Format"). */
const HEADER: readonly (readonly [number, string])[] = [
  [100, 'name'],
  [108, 'mode'],
  [116, 'uid'],
  [124, 'gid'],
  [136, 'size'],
  [148, 'mtime'],
  [156, 'checksum'],
  [157, 'type'],
  [257, 'target'],
  [265, 'magic'],
  [297, 'uname'],
  [329, 'gname'],
  [337, 'devmajor'],
  [345, 'devminor'],
  [500, 'prefix'],
];

/** @param at the place in the member's own header; below 0 for the extended ones in front of it */
function headerField(at: number): string {
  if (at < 0) return 'extended header';
  return HEADER.find(([end]) => at < end)?.[1] ?? 'padding';
}
