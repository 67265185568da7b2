// The cache in one directory. What stands under its final name was whole when it got it: written to
// a temporary file, verified, renamed. Two processes may share it without a lock: both would write the same bytes. What
// it holds is looked at with distrust all the same: disks fail, machines crash, people edit.
//
//   blobs/sha256/<hex>    wheels, Debian packages, layers: named by what they hold
//   records/<kind>/<hex>  what was learnt, as JSON with its own checksum: named by the key it was learnt for
//   tmp/                  unfinished files; whatever an interrupted run left is removed after a day

import { createHash, randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Blob, Cache, PutOptions } from './cache.ts';
import { type Digest, digestOf, hexOf } from './digest.ts';
import { BivyError, toBivyError } from './errors.ts';
import { makeDirectory } from './file-system.ts';

/** Bytes that are hashed and written at once: what comes over a network comes in many small pieces. */
const PIECE = 1 << 20;
const STALE_MS = 24 * 3600 * 1000;
const TEMPORARY = /^\d+-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export class DirectoryCache implements Cache {
  readonly root: string;
  #swept = false;

  constructor(root: string) {
    this.root = root;
  }

  blobPath(digest: Digest): string {
    return join(this.root, 'blobs', 'sha256', hexOf(digest));
  }

  findBlob(digest: Digest): Blob | undefined {
    const path = this.blobPath(digest);
    const found = look(path);
    return found?.isFile() === true ? { digest, path, size: found.size } : undefined;
  }

  async verifyBlob(digest: Digest): Promise<Blob | undefined> {
    const blob = this.findBlob(digest);
    if (blob === undefined) return undefined;
    const hash = createHash('sha256');
    let size = 0;
    try {
      for await (const chunk of fs.createReadStream(blob.path, { highWaterMark: 1 << 20 })) {
        hash.update(chunk as Uint8Array);
        size += (chunk as Uint8Array).length;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    if (hash.digest('hex') === hexOf(digest)) return { ...blob, size };
    this.discardBlob(digest);
    return undefined;
  }

  async putBlob(
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    { expected, limit = Number.POSITIVE_INFINITY, name = 'a file' }: PutOptions = {},
  ): Promise<Blob> {
    const temporary = this.temporary();
    const hash = createHash('sha256');
    let size = 0;
    try {
      const file = await open(temporary, 'wx', 0o644);
      try {
        const doing = `cannot keep ${name} in the cache \`${this.root}\``;
        const piece = Buffer.allocUnsafeSlow(PIECE);
        let held = 0;
        const keep = async (bytes: Uint8Array): Promise<void> => {
          hash.update(bytes);
          await writeAll(file, bytes, doing);
        };
        for await (const chunk of source) {
          size += chunk.length;
          if (size > limit) {
            throw new BivyError('HASH_MISMATCH', `${name} is larger than the ${limit} bytes it may have`);
          }
          if (held + chunk.length > PIECE) {
            await keep(piece.subarray(0, held));
            held = 0;
          }
          if (chunk.length > PIECE) await keep(chunk);
          else {
            piece.set(chunk, held);
            held += chunk.length;
          }
        }
        if (held > 0) await keep(piece.subarray(0, held));
      } finally {
        await file.close();
      }
      const digest = `sha256:${hash.digest('hex')}` as Digest;
      if (expected !== undefined && digest !== expected) {
        throw new BivyError('HASH_MISMATCH', `${name} is not what was promised`, {
          causes: [`its SHA-256 is ${hexOf(digest)}`, `expected ${hexOf(expected)}`],
          hint: 'the file was changed after it was locked, or damaged on the way; do not use it before you know which',
        });
      }
      return this.adopt(temporary, digest);
    } catch (error) {
      remove(temporary);
      throw error;
    }
  }

  adopt(temporary: string, digest: Digest): Blob {
    const path = this.blobPath(digest);
    this.#makeDirectory('blobs', 'sha256');
    const { size } = fs.statSync(temporary);
    place(temporary, path);
    return { digest, path, size };
  }

  discardBlob(digest: Digest): void {
    fs.rmSync(this.blobPath(digest), { force: true, recursive: true });
  }

  temporary(): string {
    const directory = this.#makeDirectory('tmp');
    if (!this.#swept) {
      this.#swept = true;
      sweep(directory);
    }
    return join(directory, `${process.pid}-${randomUUID()}`);
  }

  readRecord<T>(kind: string, key: Digest): T | undefined {
    const path = this.#recordPath(kind, key);
    let text: string;
    try {
      text = fs.readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
    const end = text.indexOf('\n');
    const body = text.slice(end + 1);
    if (end > 0 && text.slice(0, end) === checksum(kind, key, body)) return JSON.parse(body) as T;
    remove(path);
    return undefined;
  }

  writeRecord(kind: string, key: Digest, value: unknown): void {
    const body = JSON.stringify(value);
    const temporary = this.temporary();
    try {
      fs.writeFileSync(temporary, `${checksum(kind, key, body)}\n${body}`, { flag: 'wx' });
      this.#makeDirectory('records', kind);
      place(temporary, this.#recordPath(kind, key));
    } catch (error) {
      remove(temporary);
      throw error;
    }
  }

  #recordPath(kind: string, key: Digest): string {
    return join(this.root, 'records', kind, hexOf(key));
  }

  /** Made each time anew: another process may clear the cache meanwhile. */
  #makeDirectory(...path: readonly string[]): string {
    const directory = join(this.root, ...path);
    try {
      makeDirectory(directory);
    } catch (error) {
      const known = toBivyError(error);
      if (known.code === 'DISK_FULL' || known.code === 'PERMISSION') {
        throw new BivyError(known.code, `cannot use the cache \`${this.root}\``, {
          hint: 'point `BIVY_CACHE_DIR` at a directory where this user may write and space is left',
          cause: error,
        });
      }
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST' && code !== 'ENOTDIR' && code !== 'ENOENT' && code !== 'ELOOP') throw error;
      throw new BivyError(
        'CONFIG_INVALID',
        `cannot use the cache \`${this.root}\`: there is something else than directories`,
        {
          hint: 'remove what stands there, or point `BIVY_CACHE_DIR` at another place',
          cause: error,
        },
      );
    }
    return directory;
  }
}

/** Binds a record to its kind and key, so that one under another's name is as good as damaged. */
function checksum(kind: string, key: Digest, body: string): Digest {
  return digestOf(`${kind}\n${key}\n${body}`);
}

function look(path: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Takes a name, whatever stands there: a directory under a blob's name is damage like any other. */
function place(temporary: string, path: string): void {
  try {
    fs.renameSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EXDEV') {
      throw new BivyError(
        'CONFIG_INVALID',
        `\`${temporary}\` and \`${path}\` are on different file systems`,
        {
          hint: 'the cache must be in one place; point `BIVY_CACHE_DIR` at a directory without links to elsewhere',
          cause: error,
        },
      );
    }
    if (look(path)?.isDirectory() !== true) throw error;
    fs.rmSync(path, { recursive: true, force: true });
    fs.renameSync(temporary, path);
  }
}

/** Writes it all: near the end of a disk one call may take only a part. */
async function writeAll(file: FileHandle, chunk: Uint8Array, doing: string): Promise<void> {
  try {
    for (let offset = 0; offset < chunk.length; ) {
      offset += (await file.write(chunk, offset, chunk.length - offset)).bytesWritten;
    }
  } catch (error) {
    const { code, message, hint } = toBivyError(error);
    throw new BivyError(code, `${doing}: ${message}`, {
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

/** Cleans up after a failure that is being told already. */
function remove(path: string): void {
  try {
    fs.rmSync(path, { force: true, recursive: true });
  } catch {
    // it stays until it is swept
  }
}

/**
 * Removes what a killed run left behind: temporary files that nobody wrote to for a day. Only what has a name of ours:
 * `tmp` may be a link to a place that others use. What cannot be removed is somebody else's.
 */
function sweep(directory: string): void {
  const old = Date.now() - STALE_MS;
  for (const name of fs.readdirSync(directory)) {
    if (!TEMPORARY.test(name)) continue;
    const path = join(directory, name);
    const found = look(path);
    if (found !== undefined && found.mtimeMs < old) remove(path);
  }
}
