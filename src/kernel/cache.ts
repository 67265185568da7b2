// The content-addressed store that stages remember things in: blobs by digest, records by key. `directory-cache.ts`
// implements it.

import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Digest } from './digest.ts';

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
  /** A look at the directory, not at the bytes; what is no regular file does not count. */
  findBlob(digest: Digest): Blob | undefined;
  /** Hashes the stored bytes; a blob that is not what it is called is removed. */
  verifyBlob(digest: Digest): Promise<Blob | undefined>;
  /**
   * Stores what the source gives. Nobody waits for the disk: a crash of the machine may cut the file short, so whoever
   * finds it later holds it against its digest, or against the size that was written down.
   * @throws BivyError `HASH_MISMATCH` when `expected` or `limit` is not met; nothing is kept then, nor when anything fails
   */
  putBlob(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, options?: PutOptions): Promise<Blob>;
  /**
   * Takes a finished temporary file whose digest the writer computed; whoever adopts writes down the size and compares
   * it later, as with `putBlob`.
   */
  adopt(temporary: string, digest: Digest): Blob;
  discardBlob(digest: Digest): void;
  /** A fresh path under `tmp/`, on the same file system as the blobs. Nothing is there yet. */
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
