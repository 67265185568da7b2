// Blobs into a repository: those that are there stay, those that another repository of the registry has are mounted, the
// rest is sent.

import { mapBounded } from '../kernel/bounded.ts';
import type { Context } from '../kernel/context.ts';
import { BivyError } from '../kernel/errors.ts';
import type { RemoteBlob } from '../oci/image.ts';
import type { PushedBlob } from './destination-contents.ts';
import { expectUndamaged, sourceOf } from './destination-source.ts';
import type { BlobSource, Registry, Repository } from './registry.ts';
import { nameOf, repositoryOf } from './repository.ts';
import { seenIn } from './seen.ts';

export interface SendingOptions {
  /** Repositories that may hold any of the blobs; those of other registries are passed over. */
  readonly sources: readonly Repository[];
  /** Blobs on their way at once. */
  readonly jobs: number;
}

export interface SentBlob {
  readonly blob: PushedBlob;
  readonly how: 'present' | 'mounted' | 'sent';
}

/** Questions whether a blob is there, at once. */
const QUESTIONS = 8;
/** Repositories that a registry is asked to mount one blob from. */
const MAX_SOURCES = 4;
/** Bytes between two words about progress. */
const STEP = 1 << 20;

/**
 * Brings every blob into the repository; what is there is left as it is.
 * @throws BivyError `REGISTRY_…`; `HASH_MISMATCH` where a file on this disk is not what it is called
 */
export async function deliverBlobs(
  registry: Registry,
  repository: Repository,
  blobs: readonly PushedBlob[],
  { sources, jobs }: SendingOptions,
  context: Context,
): Promise<readonly SentBlob[]> {
  const there = await mapBounded(blobs, QUESTIONS, context.signal, ({ digest }) =>
    registry.hasBlob(repository, digest),
  );
  const to = nameOf(repository);
  const present = blobs.filter((_, index) => there[index]);
  for (const { digest, size } of present) context.emit({ type: 'pushed', digest, size, to, how: 'present' });
  const missing = blobs.filter((_, index) => !there[index]);
  const sent = await transfer(registry, repository, missing, jobs, context, (blob) =>
    candidates(repository, blob, sources, context),
  );
  return [...present.map((blob): SentBlob => ({ blob, how: 'present' })), ...sent];
}

/** Sends every blob, whatever the registry says that it has. @throws as `deliverBlobs` */
export async function resendBlobs(
  registry: Registry,
  repository: Repository,
  blobs: readonly PushedBlob[],
  { jobs }: Pick<SendingOptions, 'jobs'>,
  context: Context,
): Promise<readonly SentBlob[]> {
  return transfer(registry, repository, blobs, jobs, context, () => []);
}

async function transfer(
  registry: Registry,
  repository: Repository,
  blobs: readonly PushedBlob[],
  jobs: number,
  context: Context,
  sourcesOf: (blob: PushedBlob) => readonly Repository[],
): Promise<readonly SentBlob[]> {
  const to = nameOf(repository);
  const progress = progressOf(to, blobs, context);
  return mapBounded(blobs, jobs, context.signal, async (blob, signal) => {
    const from = sourcesOf(blob);
    const onSent = (bytes: number): void => progress.sent(blob, bytes);
    const how = await transferBlob(registry, repository, blob, from, onSent, { ...context, signal });
    progress.done(blob, how);
    context.emit({ type: 'pushed', digest: blob.digest, size: blob.size, to, how });
    return { blob, how };
  });
}

async function transferBlob(
  registry: Registry,
  repository: Repository,
  blob: PushedBlob,
  from: readonly Repository[],
  onSent: (bytes: number) => void,
  context: Context,
): Promise<'mounted' | 'sent'> {
  const remote = 'fetch' in blob.from;
  if (remote && from.length > 0 && (await isMounted(registry, repository, blob, from))) return 'mounted';
  const place = 'fetch' in blob.from ? await blob.from.fetch() : blob.from;
  const options = { onSent, ...(remote ? {} : { from }) };
  try {
    return await registry.sendBlob(repository, sourceOf(blob, place, context), options);
  } catch (error) {
    if (error instanceof BivyError && error.code === 'REGISTRY_INVALID') {
      await expectUndamaged(blob, place, context);
    }
    throw error;
  }
}

/**
 * Mounts a blob that is not on this disk, where a repository gives it: nothing is fetched for an upload that may not be
 * needed, and no upload waits for a download.
 */
async function isMounted(
  registry: Registry,
  repository: Repository,
  { digest, size }: PushedBlob,
  from: readonly Repository[],
): Promise<boolean> {
  const absent = new BivyError('INTERNAL', `the blob \`${digest}\` was not fetched yet`);
  const open: BlobSource['open'] = () => {
    throw absent;
  };
  try {
    return (await registry.sendBlob(repository, { digest, size, open }, { from })) === 'mounted';
  } catch (error) {
    if (error === absent) return false;
    throw error;
  }
}

/** Where the registry may mount the blob from, the likeliest first. */
function candidates(
  repository: Repository,
  { digest, from }: PushedBlob,
  sources: readonly Repository[],
  { cache }: Context,
): readonly Repository[] {
  const own = 'fetch' in from ? [repositoryOf((from as RemoteBlob).repository)] : [];
  const found = new Map<string, Repository>();
  for (const source of [...own, ...seenIn(cache, repository.domain, digest), ...sources]) {
    if (source.domain === repository.domain && source.path !== repository.path) {
      found.set(source.path, source);
    }
  }
  return [...found.values()].slice(0, MAX_SOURCES);
}

interface Progress {
  sent(blob: PushedBlob, bytes: number): void;
  done(blob: PushedBlob, how: 'mounted' | 'sent'): void;
}

/** Bytes that are sent twice count once; what is mounted does not count. */
function progressOf(to: string, blobs: readonly PushedBlob[], { emit }: Context): Progress {
  const parts = new Map<PushedBlob, number>();
  let total = blobs.reduce((sum, { size }) => sum + size, 0);
  let sent = 0;
  let told = 0;
  const set = (blob: PushedBlob, bytes: number): void => {
    sent += bytes - (parts.get(blob) ?? 0);
    parts.set(blob, bytes);
  };
  return {
    sent(blob, bytes) {
      set(blob, Math.min(blob.size, (parts.get(blob) ?? 0) + bytes));
      if (sent < told + STEP) return;
      told = sent;
      emit({ type: 'upload', to, sent, total });
    },
    done(blob, how) {
      if (how === 'mounted') {
        total -= blob.size;
        set(blob, 0);
        return;
      }
      set(blob, blob.size);
      told = sent;
      emit({ type: 'upload', to, sent, total });
    },
  };
}
