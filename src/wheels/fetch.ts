// Every file of a plan into the cache: what is there needs no look-up, what is not is located, downloaded (largest first)
// and held against the lock's hash before it gets its name.

import { createReadStream } from 'node:fs';
import { basename, resolve } from 'node:path';
import { mapBounded } from '../kernel/bounded.ts';
import type { Blob } from '../kernel/cache.ts';
import type { Context } from '../kernel/context.ts';
import { type Digest, toDigest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { publicUrl } from '../kernel/http-address.ts';
import type { PackageSource } from '../project/project.ts';
import { credentialsOf, type NamedIndex } from './credentials.ts';
import { defaultIndexUrl } from './default-index.ts';
import { type LocatedFile, locateFiles, missingFiles, type WantedFile } from './locate.ts';

export type { WantedFile } from './locate.ts';

export interface FetchOptions {
  /** The lock's directory: paths of local files are relative to it. */
  readonly directory: string;
  /** Root of the default index's simple API, perhaps with credentials; PyPI's where left out. */
  readonly indexUrl?: string;
  /** The project's own `[[tool.poetry.source]]`. */
  readonly sources?: readonly PackageSource[];
  /** Credentials are read from it. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Told of each file that was not in the cache, as soon as it is. */
  readonly arrived?: Arrived;
}

/** @param size bytes */
export type Arrived = (sha256: string, size: number) => void;

const DOWNLOADS = 8;
/** For a file whose size nobody told: more than any index takes. */
const FILE_BYTES = 16 * 1024 ** 3;

/**
 * The blobs of the files, by SHA-256 (64 hexadecimal digits). A stored file that was damaged is discarded and fetched
 * anew. Nothing is asked where nothing is missing.
 * @throws BivyError `OFFLINE`, `FILE_MISSING` and `HASH_MISMATCH` (each with all files concerned), `INDEX_UNREACHABLE`,
 * `INDEX_INVALID`, `SOURCE_UNSUPPORTED`
 */
export async function fetchFiles(
  files: readonly WantedFile[],
  context: Context,
  options: FetchOptions,
): Promise<ReadonlyMap<string, Blob>> {
  const { cache, emit, signal } = context;
  // A file that several packages share is fetched once, from where the first of them has it.
  const wanted = files.filter(
    ({ file }, index) => files.findIndex((other) => other.file.sha256 === file.sha256) === index,
  );
  const blobs = new Map<string, Blob>();
  await mapBounded(wanted, DOWNLOADS, signal, async ({ file }) => {
    const blob = await cache.verifyBlob(digestOfFile(file.sha256));
    if (blob !== undefined) blobs.set(file.sha256, blob);
  });
  const cached = blobs.size;
  const absent = wanted.filter(({ file }) => !blobs.has(file.sha256));
  for (const [file, blob] of await readLocal(absent.filter(isLocal), context, options.directory)) {
    blobs.set(file, blob);
    options.arrived?.(file, blob.size);
  }
  const remote = absent.filter((file) => !isLocal(file));
  if (remote.length > 0) {
    if (context.offline) throw offline(remote);
    for (const [file, blob] of await download(remote, context, options)) blobs.set(file, blob);
  }
  const size = [...blobs.values()].reduce((sum, blob) => sum + blob.size, 0);
  emit({ type: 'wheels', total: wanted.length, cached, size });
  return blobs;
}

async function download(
  files: readonly WantedFile[],
  context: Context,
  { indexUrl, sources = [], environment = process.env, arrived }: FetchOptions,
): Promise<readonly (readonly [string, Blob])[]> {
  const unsupported = files.find(({ source }) => source.kind === 'git' || source.kind === 'directory');
  if (unsupported !== undefined) {
    throw new BivyError(
      'SOURCE_UNSUPPORTED',
      `\`${unsupported.package}\` is locked as source code, not as a wheel`,
      {
        hint: 'build a wheel of it and depend on that',
      },
    );
  }
  let root = indexUrl === undefined ? undefined : Promise.resolve(indexUrl);
  const indexes: NamedIndex[] = sources.flatMap(({ name, url }) =>
    url === undefined ? [] : [{ name, url }],
  );
  if (indexUrl !== undefined) indexes.push({ url: indexUrl });
  // Not the addresses in the lock: a changed lock must not draw a source's password to another host.
  const authorize = credentialsOf(indexes, environment);
  const located = await locateFiles(files, context, {
    sources,
    authorize,
    indexUrl: () => {
      root ??= defaultIndexUrl();
      return root;
    },
  });
  const ordered = [...located].sort(bySize);
  const gone: string[] = [];
  const blobs = await mapBounded(ordered, DOWNLOADS, context.signal, async (file, signal) => {
    const blob = await downloadFile(file, authorize(file.url), context, signal);
    if (blob === undefined) gone.push(`\`${file.wanted.file.name}\`: gone from \`${publicUrl(file.url)}\``);
    else arrived?.(file.wanted.file.sha256, blob.size);
    return [file.wanted.file.sha256, blob] as const;
  });
  if (gone.length > 0) throw missingFiles(gone);
  return blobs.flatMap(([sha256, blob]) => (blob === undefined ? [] : [[sha256, blob] as const]));
}

/** Nothing where the server does not have it. */
async function downloadFile(
  { wanted, url, size }: LocatedFile,
  authorization: string | undefined,
  { cache, http, emit }: Context,
  signal: AbortSignal,
): Promise<Blob | undefined> {
  const { name, sha256 } = wanted.file;
  const limit = size ?? FILE_BYTES;
  const response = await http.request({
    url,
    limit,
    signal,
    verified: true,
    ...(authorization === undefined ? {} : { headers: { authorization } }),
  });
  if (response.status === 404 || response.status === 410) return undefined;
  if (response.status !== 200) {
    throw new BivyError(
      'INDEX_UNREACHABLE',
      `cannot get \`${name}\`: \`${publicUrl(response.url)}\` answered with status ${response.status}`,
      {
        hint: 'check the index and your credentials for it',
      },
    );
  }
  const declared = response.headers['content-length'];
  emit({ type: 'download', name, size: size ?? (declared === undefined ? undefined : Number(declared)) });
  const blob = await cache.putBlob(response.body, {
    expected: digestOfFile(sha256),
    limit,
    name: `\`${name}\``,
  });
  emit({ type: 'downloaded', name, size: blob.size });
  return blob;
}

async function readLocal(
  files: readonly WantedFile[],
  { cache }: Context,
  directory: string,
): Promise<readonly (readonly [string, Blob])[]> {
  const blobs: (readonly [string, Blob])[] = [];
  const missing: string[] = [];
  for (const { file, source } of files) {
    const path = resolve(directory, source.url ?? file.name);
    const name = `\`${basename(path)}\``;
    try {
      const expected = digestOfFile(file.sha256);
      blobs.push([file.sha256, await cache.putBlob(bytesOf(path), { expected, name })]);
    } catch (error) {
      const { code, path: at } = error as NodeJS.ErrnoException;
      if (at !== path || (code !== 'ENOENT' && code !== 'ENOTDIR')) throw error;
      missing.push(`${name}: there is no \`${path}\``);
    }
  }
  if (missing.length > 0) throw missingFiles(missing);
  return blobs;
}

function isLocal({ source }: WantedFile): boolean {
  return source.kind === 'file';
}

/**
 * Largest first, so that no large one is left alone at the end; of unknown size after those, wheels of one platform
 * before those of any, which are small mostly; by name.
 */
function bySize(left: LocatedFile, right: LocatedFile): number {
  const difference = (right.size ?? -1) - (left.size ?? -1);
  if (difference !== 0) return difference;
  const kinds = Number(isForAny(left)) - Number(isForAny(right));
  if (kinds !== 0) return kinds;
  return left.wanted.file.name < right.wanted.file.name ? -1 : 1;
}

function isForAny({ wanted }: LocatedFile): boolean {
  return wanted.file.name.endsWith('-any.whl');
}

function digestOfFile(sha256: string): Digest {
  return toDigest(`sha256:${sha256}`);
}

function offline(files: readonly WantedFile[]): BivyError {
  const what = files.length === 1 ? 'a file that is needed is' : `${files.length} files that are needed are`;
  return new BivyError('OFFLINE', `${what} not in the cache, and nothing may be downloaded`, {
    causes: files
      .map(({ file, package: name, version }) => `\`${file.name}\` of \`${name}\` ${version}`)
      .sort(),
    hint: 'run once without `--offline`',
  });
}

/** Opened when it is read: a stream that fails before somebody listens would end the process. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path);
}
