// The content-addressed store under one directory. What stands under its final name is whole: written to a temporary
// file, verified, flushed, renamed. Two processes may share it without a lock: both would write the same bytes.
//
//   blobs/sha256/<hex>    wheels, Debian packages, layers: named by what they hold
//   records/<kind>/<hex>  what was learnt, as JSON with its own checksum: named by the key it was learnt for
//   tmp/                  unfinished files; whatever an interrupted run left is removed after a day

import { createHash, randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { open } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Digest, digestOf, hexOf } from './digest.ts';
import { BivyError } from './errors.ts';

export interface Blob {
  readonly digest: Digest;
  readonly path: string;
  readonly size: number;
}

export interface PutOptions {
  /** Refuse anything else. */
  readonly expected?: Digest;
  /** Most bytes to take. */
  readonly limit?: number;
  /** What the bytes are, for messages. */
  readonly name?: string;
}

export interface Cache {
  readonly root: string;
  /** Where a blob of that digest stands or would stand. */
  blobPath(digest: Digest): string;
  /** A look at the directory, not at the bytes. */
  findBlob(digest: Digest): Blob | undefined;
  /** Hashes the stored bytes; a blob that is not what it is called is removed. */
  verifyBlob(digest: Digest): Promise<Blob | undefined>;
  /** @throws BivyError `HASH_MISMATCH` when `expected` is not met; nothing is kept then */
  putBlob(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, options?: PutOptions): Promise<Blob>;
  /** Takes a finished temporary file whose digest the writer computed. */
  adopt(temporary: string, digest: Digest): Blob;
  discardBlob(digest: Digest): void;
  /** A fresh path under `tmp/`, on the same file system as the blobs. */
  temporary(): string;
  /** The value stored for that key, or nothing; a record that does not match its checksum is removed. */
  readRecord<T>(kind: string, key: Digest): T | undefined;
  writeRecord(kind: string, key: Digest, value: unknown): void;
}

/** `BIVY_CACHE_DIR`, else `bivy` under `XDG_CACHE_HOME`, else `~/.cache/bivy`. */
export function cacheRoot(environment: NodeJS.ProcessEnv): string {
  const own = environment['BIVY_CACHE_DIR'];
  if (own !== undefined && own !== '') return own;
  const shared = environment['XDG_CACHE_HOME'];
  return join(shared !== undefined && shared !== '' ? shared : join(homedir(), '.cache'), 'bivy');
}

const STALE_MS = 24 * 3600 * 1000;

export class DirectoryCache implements Cache {
  readonly root: string;
  #temporaries = false;

  constructor(root: string) {
    this.root = root;
  }

  blobPath(digest: Digest): string {
    return join(this.root, 'blobs', 'sha256', hexOf(digest));
  }

  findBlob(digest: Digest): Blob | undefined {
    const path = this.blobPath(digest);
    const found = fs.statSync(path, { throwIfNoEntry: false });
    return found?.isFile() === true ? { digest, path, size: found.size } : undefined;
  }

  async verifyBlob(digest: Digest): Promise<Blob | undefined> {
    const blob = this.findBlob(digest);
    if (blob === undefined) return undefined;
    const hash = createHash('sha256');
    for await (const chunk of fs.createReadStream(blob.path, { highWaterMark: 1 << 20 })) hash.update(chunk);
    if (hash.digest('hex') === hexOf(digest)) return blob;
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
        for await (const chunk of source) {
          size += chunk.length;
          if (size > limit) {
            throw new BivyError('HASH_MISMATCH', `${name} is larger than the ${limit} bytes it may have`);
          }
          hash.update(chunk);
          await file.write(chunk);
        }
        await file.sync();
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
      fs.rmSync(temporary, { force: true });
      throw error;
    }
  }

  adopt(temporary: string, digest: Digest): Blob {
    const path = this.blobPath(digest);
    fs.mkdirSync(join(this.root, 'blobs', 'sha256'), { recursive: true });
    const { size } = fs.statSync(temporary);
    fs.renameSync(temporary, path);
    return { digest, path, size };
  }

  discardBlob(digest: Digest): void {
    fs.rmSync(this.blobPath(digest), { force: true });
  }

  temporary(): string {
    const directory = join(this.root, 'tmp');
    if (!this.#temporaries) {
      fs.mkdirSync(directory, { recursive: true });
      this.#temporaries = true;
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
    try {
      if (end > 0 && text.slice(0, end) === digestOf(body)) return JSON.parse(body) as T;
    } catch {
      // not JSON: fall through and forget it
    }
    fs.rmSync(path, { force: true });
    return undefined;
  }

  writeRecord(kind: string, key: Digest, value: unknown): void {
    const path = this.#recordPath(kind, key);
    const body = JSON.stringify(value);
    const temporary = this.temporary();
    try {
      fs.writeFileSync(temporary, `${digestOf(body)}\n${body}`, { flag: 'wx' });
      fs.mkdirSync(join(this.root, 'records', kind), { recursive: true });
      fs.renameSync(temporary, path);
    } catch (error) {
      fs.rmSync(temporary, { force: true });
      throw error;
    }
  }

  #recordPath(kind: string, key: Digest): string {
    return join(this.root, 'records', kind, hexOf(key));
  }
}

/** Removes what a killed run left behind: temporary files that nobody wrote to for a day. */
function sweep(directory: string): void {
  const old = Date.now() - STALE_MS;
  for (const name of fs.readdirSync(directory)) {
    const path = join(directory, name);
    const found = fs.lstatSync(path, { throwIfNoEntry: false });
    if (found !== undefined && found.mtimeMs < old) fs.rmSync(path, { force: true, recursive: true });
  }
}
