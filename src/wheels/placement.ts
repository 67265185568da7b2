// Files as an installation lays them down one after another: a later one takes the place of an earlier one, and RECORD
// keeps a row of both, as it does where pypa/installer writes over a file.

import { createHash } from 'node:crypto';
import { BivyError } from '../kernel/errors.ts';
import type { Content, DirectoryEntry, Entry, FileDigest, FileEntry } from '../layers/entry.ts';
import { readMember, type WheelArchive, type ZipMember } from './archive.ts';
import { formatRecord, type RecordRow } from './record.ts';
import { invalidWheel, printable, unsafeWheel } from './refusal.ts';

/** What is laid down: a member of the archive as it is, or bytes that were made from one or anew. */
export type Source =
  | { readonly kind: 'member'; readonly member: ZipMember }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

export interface Placed {
  /** Path in the image. */
  readonly path: string;
  readonly source: Source;
  readonly executable: boolean;
  readonly row: Pick<RecordRow, 'path' | 'prefix'>;
}

/** Largest member that may be written over by another of its own wheel: it is read only to be hashed. */
const LARGEST_REPLACED = 16 << 20;
/** A long name asks for two thousand of them. */
const MOST_DIRECTORIES = 250_000;

/** Called with the digests of members as they were written, by name, before RECORD is made. */
export type RecordCheck = (written: ReadonlyMap<string, FileDigest>) => void;

export class Placement {
  readonly #archive: WheelArchive;
  readonly #files = new Map<string, Placed>();
  readonly #rows: { readonly placed: Placed; digest?: FileDigest }[] = [];

  constructor(archive: WheelArchive) {
    this.#archive = archive;
  }

  /** Lays a file down. The mode of one that was there stays executable: it is written into, not replaced. */
  add(placed: Placed): void {
    const earlier = this.#replace(placed.path);
    const executable = placed.executable || earlier?.executable === true;
    this.#files.set(placed.path, { ...placed, executable });
    this.#rows.push({ placed });
  }

  /**
   * Everything laid down, with the directories from `top` downward and RECORD at `record`.
   * @throws BivyError `WHEEL_INVALID` where a path is both a file and a directory
   */
  finish(top: string, record: Omit<Placed, 'source' | 'executable'>, check: RecordCheck): readonly Entry[] {
    this.#replace(record.path);
    const rows = this.#rows;
    const recordEntry: FileEntry = {
      kind: 'file',
      path: record.path,
      mode: this.#files.get(record.path)?.executable === true ? 0o755 : 0o644,
      size: 0,
      content: {
        kind: 'computed',
        from: (digests) => {
          check(this.#membersOf(digests));
          const written = rows.map(({ placed, digest }) => ({
            ...placed.row,
            digest: digest ?? digestAt(digests, placed.path),
          }));
          return formatRecord([...written, record.row]);
        },
      },
    };
    const files = [...this.#files.values()]
      .filter(({ path }) => path !== record.path)
      .map((placed) => this.#fileEntry(placed));
    return [...this.#directories(top, record.path), ...files, recordEntry];
  }

  /** Settles the row of the file at `path`, whose bytes are about to go. */
  #replace(path: string): Placed | undefined {
    const earlier = this.#files.get(path);
    const row = earlier && this.#rows.findLast((other) => other.placed.path === path);
    if (row !== undefined) row.digest = this.#digest(row.placed.source);
    return earlier;
  }

  /** Digests by member of the archive, for those that were laid down as they are and stayed. */
  #membersOf(digests: ReadonlyMap<string, FileDigest>): ReadonlyMap<string, FileDigest> {
    const found = new Map<string, FileDigest>();
    for (const { path, source } of this.#files.values()) {
      if (source.kind === 'member') found.set(source.member.name, digestAt(digests, path));
    }
    return found;
  }

  #fileEntry({ path, source, executable }: Placed): FileEntry {
    const mode = executable ? 0o755 : 0o644;
    if (source.kind === 'bytes') {
      const content: Content = { kind: 'bytes', bytes: source.bytes };
      return { kind: 'file', path, mode, size: source.bytes.length, content };
    }
    const { method, size, compressedSize, crc32, dataOffset: offset } = source.member;
    const archive = this.#archive.path;
    const content: Content =
      method === 0
        ? { kind: 'slice', path: archive, offset, crc32 }
        : { kind: 'deflate', path: archive, offset, compressedSize, crc32 };
    return { kind: 'file', path, mode, size, content };
  }

  #directories(top: string, record: string): readonly DirectoryEntry[] {
    const directories = new Set([top]);
    for (const path of [...this.#files.keys(), record]) {
      for (let end = path.lastIndexOf('/'); end > top.length; end = path.lastIndexOf('/', end - 1)) {
        const directory = path.slice(0, end);
        if (directories.has(directory)) break;
        directories.add(directory);
        if (directories.size > MOST_DIRECTORIES) {
          throw unsafeWheel(this.#archive.name, `it asks for more than ${MOST_DIRECTORIES} directories`);
        }
      }
    }
    for (const path of directories) {
      if (this.#files.has(path) || path === record) {
        throw invalidWheel(this.#archive.name, `\`${printable(path)}\` is both a file and a directory in it`);
      }
    }
    return [...directories].sort().map((path) => ({ kind: 'directory', path, mode: 0o755 }));
  }

  #digest(source: Source): FileDigest {
    const bytes =
      source.kind === 'bytes' ? source.bytes : readMember(this.#archive, source.member, LARGEST_REPLACED);
    return { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
  }
}

function digestAt(digests: ReadonlyMap<string, FileDigest>, path: string): FileDigest {
  const digest = digests.get(path);
  if (digest === undefined) throw new BivyError('INTERNAL', `no digest of \`${path}\` to record`);
  return digest;
}
