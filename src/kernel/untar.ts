// A streaming reader of tar archives from outside: ustar, GNU long names and base-256 numbers, pax (POSIX.1-2017,
// `pax`, "Extended Description"). Every byte is suspect: checksums are held, metadata and counts are bounded, paths
// that climb out are refused. Nothing is written anywhere.

import { BivyError } from './errors.ts';
import { BLOCK, decodeHeader, decodeName, decodePax, isZero, type RawHeader } from './untar-header.ts';

type TarKind = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo';

export interface TarEntry {
  /** Relative, `/`-separated, no empty, `.` or `..` component; `''` is the root itself. */
  readonly path: string;
  readonly kind: TarKind;
  /** The twelve permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content; 0 for all but files. */
  readonly size: number;
  /** Seconds since 1970, whole. */
  readonly mtime: number;
  /** Of a symlink as it stands; of a hard link in the form of `path`; else `''`. */
  readonly target: string;
  /** To be read at most once, before the next entry is asked for; what is not read is skipped. */
  readonly content: AsyncIterable<Uint8Array>;
}

export interface TarLimits {
  /** What is read, for messages. */
  readonly name?: string;
  /** Most members; default two million. */
  readonly entries?: number;
  /** Most bytes of one extended header; default 1 MiB. */
  readonly metadata?: number;
  /** Most bytes of the whole archive, unpacked; no bound by default. */
  readonly total?: number;
}

const KINDS: Readonly<Record<string, TarKind>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

/**
 * The members of a tar, in its order. The source is read to its end, so that a hash taken on the way is of all of it.
 * @throws BivyError `ARCHIVE_INVALID`
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  {
    name = 'a tar archive',
    entries = 2_000_000,
    metadata = 1 << 20,
    total = Number.POSITIVE_INFINITY,
  }: TarLimits = {},
): AsyncGenerator<TarEntry, void, undefined> {
  const bytes = new ByteSource(source, name, total);
  const shared: Record<string, string> = {};
  let own: Record<string, string> = {};
  let count = 0;
  try {
    for (;;) {
      const block = await bytes.block();
      if (block === undefined || isZero(block)) break;
      const header = decodeHeader(block);
      if (typeof header === 'string') throw invalid(name, header, count);
      if (++count > entries) throw invalid(name, `it has more than ${entries} members`, count);

      if ('xgLK'.includes(header.type)) {
        if (header.size > metadata) throw invalid(name, 'an extended header is too long', count);
        const data = await bytes.take(header.size);
        await bytes.skip(padding(header.size));
        if (header.type === 'L') own['path'] = decodeName(data);
        else if (header.type === 'K') own['linkpath'] = decodeName(data);
        else {
          const records = decodePax(data);
          if (records === undefined) throw invalid(name, 'an extended header is damaged', count);
          if (header.type === 'g') Object.assign(shared, records);
          else own = { ...own, ...records };
        }
        continue;
      }

      const entry = toEntry(header, { ...shared, ...own }, name, count);
      own = {};
      const rest = { left: entry.size };
      yield { ...entry, content: bytes.content(rest) };
      await bytes.skip(rest.left + padding(entry.size));
    }
    await bytes.drain();
  } finally {
    await bytes.close();
  }
}

/**
 * A member's path in the form that `TarEntry` promises, or nothing where it climbs out of the root.
 * Absolute paths are taken from the root, as engines do.
 */
export function normalizeTarPath(path: string): string | undefined {
  if (path.includes('\0')) return undefined;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? undefined : parts.join('/');
}

function toEntry(
  header: RawHeader,
  extended: Readonly<Record<string, string>>,
  name: string,
  count: number,
): Omit<TarEntry, 'content'> {
  const written = extended['path'] || header.path;
  if (Object.keys(extended).some((key) => key.startsWith('GNU.sparse.'))) {
    throw invalid(name, `\`${written}\` is a sparse member, which image layers must not have`, count);
  }
  const known = KINDS[header.type];
  if (known === undefined) {
    throw invalid(name, `\`${written}\` has the unknown type ${JSON.stringify(header.type)}`, count);
  }
  const kind = known === 'file' && written.endsWith('/') ? 'directory' : known;
  const path = normalizeTarPath(written);
  if (path === undefined) throw invalid(name, `${JSON.stringify(written)} leaves the archive's root`, count);
  if (path === '' && kind !== 'directory') throw invalid(name, 'a member has no name', count);
  const link = extended['linkpath'] || header.target;
  const target = kind === 'hardlink' ? normalizeTarPath(link) : link;
  if (target === undefined || (kind === 'symlink' && (target === '' || target.includes('\0')))) {
    throw invalid(name, `\`${written}\` links to ${JSON.stringify(link)}, outside the archive`, count);
  }
  const number = (key: string, value: number): number => {
    const text = extended[key];
    if (text === undefined || text === '') return value;
    const parsed = /^-?\d{1,16}(?:\.\d*)?$/.test(text) ? Math.floor(Number(text)) : Number.NaN;
    if (!Number.isSafeInteger(parsed))
      throw invalid(name, `\`${written}\` has no number as \`${key}\``, count);
    return parsed;
  };
  const size = number('size', header.size);
  if (size < 0) throw invalid(name, `\`${written}\` has a negative size`, count);
  return {
    path,
    kind,
    mode: header.mode & 0o7777,
    uid: number('uid', header.uid),
    gid: number('gid', header.gid),
    // Only files carry data: what other members say of their size is not followed by bytes.
    size: kind === 'file' ? size : 0,
    mtime: number('mtime', header.mtime),
    target: kind === 'hardlink' || kind === 'symlink' ? target : '',
  };
}

/** Bytes of a chunked source, asked for by number. */
class ByteSource {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #name: string;
  readonly #total: number;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  #seen = 0;
  #done = false;

  constructor(source: AsyncIterable<Uint8Array>, name: string, total: number) {
    this.#iterator = source[Symbol.asyncIterator]();
    this.#name = name;
    this.#total = total;
  }

  /** Makes sure that a byte is at hand; false at the end. */
  async #fill(): Promise<boolean> {
    while (this.#at === this.#chunk.length) {
      if (this.#done) return false;
      const next = await this.#iterator.next();
      if (next.done === true) {
        this.#done = true;
        return false;
      }
      this.#chunk = next.value;
      this.#at = 0;
      this.#seen += next.value.length;
      if (this.#seen > this.#total) {
        throw new BivyError('ARCHIVE_INVALID', `${this.#name} unpacks to more than ${this.#total} bytes`);
      }
    }
    return true;
  }

  #slice(most: number): Uint8Array {
    const end = Math.min(this.#chunk.length, this.#at + most);
    const part = this.#chunk.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  /** Valid until the next call. */
  async take(size: number): Promise<Uint8Array> {
    if (this.#chunk.length - this.#at >= size) return this.#slice(size);
    const whole = new Uint8Array(size);
    for (let at = 0; at < size; ) {
      if (!(await this.#fill())) throw this.#truncated();
      const part = this.#slice(size - at);
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  /** The next header block; nothing where the source ends between two members. */
  async block(): Promise<Uint8Array | undefined> {
    return (await this.#fill()) ? await this.take(BLOCK) : undefined;
  }

  async skip(size: number): Promise<void> {
    for (let left = size; left > 0; ) {
      if (!(await this.#fill())) throw this.#truncated();
      left -= this.#slice(left).length;
    }
  }

  async *content(rest: { left: number }): AsyncGenerator<Uint8Array, void, undefined> {
    while (rest.left > 0) {
      if (!(await this.#fill())) throw this.#truncated();
      const part = this.#slice(rest.left);
      rest.left -= part.length;
      yield part;
    }
  }

  async drain(): Promise<void> {
    do this.#at = this.#chunk.length;
    while (await this.#fill());
  }

  async close(): Promise<void> {
    if (!this.#done) await this.#iterator.return?.();
  }

  #truncated(): BivyError {
    return new BivyError('ARCHIVE_INVALID', `${this.#name} ends in the middle of a member`);
  }
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function invalid(name: string, fault: string, member: number): BivyError {
  return new BivyError('ARCHIVE_INVALID', `${name} is not a sound tar archive: ${fault} (member ${member})`);
}
