// `registry`: an image into the repositories that its tags name (distribution-spec v1.1, "Push"). What is there is not
// sent again. Blobs go first, then manifests by digest, and tags last: a push that fails or is killed leaves every tag
// where it was, and the next one goes on from what arrived.

import { mapBounded } from '../kernel/bounded.ts';
import type { Context } from '../kernel/context.ts';
import { BivyError } from '../kernel/errors.ts';
import type { Destination, Published } from '../oci/destination.ts';
import type { BuiltImage, ImageIndex } from '../oci/image.ts';
import { type Ahead, sendAhead } from './destination-ahead.ts';
import { deliverBlobs, resendBlobs, type SentBlob } from './destination-blobs.ts';
import { type PushedImage, pushedImage, type Target, targetsOf } from './destination-contents.ts';
import type { Registry, RemoteManifest, Repository } from './registry.ts';
import { nameOf } from './repository.ts';
import { rememberSeen } from './seen.ts';

export interface RegistryDestinationOptions {
  /** Repositories that blobs may be mounted from: those of `--cache-from`, the base's. */
  readonly sources?: readonly Repository[];
  /** Blobs on their way at once; 4 where left out. */
  readonly jobs?: number;
}

const JOBS = 4;

export function registryDestination(
  registry: Registry,
  { sources = [], jobs = JOBS }: RegistryDestinationOptions = {},
): Destination {
  let ahead: Ahead | undefined;
  return {
    async check({ offline }, tags): Promise<void> {
      if (tags !== undefined) targetsOf(tags);
      if (offline) {
        throw new BivyError('OFFLINE', 'an image cannot be pushed where the network is not to be used', {
          hint: 'leave `--offline` out, or write the image to `oci:DIR`',
        });
      }
    },
    begin({ digest, size, blob }, tags, context) {
      const [first] = targetsOf(tags);
      if (first === undefined) return;
      ahead ??= sendAhead(registry, first.repository, { sources, jobs });
      ahead.begin({ digest, size, from: blob }, context);
    },
    write: (image, tags, context) => push(registry, image, tags, { sources, jobs, ahead }, context),
    close: async () => ahead?.stop(),
  };
}

interface PushOptions extends Required<RegistryDestinationOptions> {
  /** What was begun for the first repository. */
  readonly ahead: Ahead | undefined;
}

async function push(
  registry: Registry,
  image: BuiltImage | ImageIndex,
  tags: readonly string[],
  { sources, jobs, ahead }: PushOptions,
  context: Context,
): Promise<Published> {
  const targets = targetsOf(tags);
  const pushed = pushedImage(image);
  const deliveries: Delivery[] = [];
  for (const target of targets) {
    // What the first repository got, the next ones of the registry can mount.
    const from = [...deliveries.map(({ target: { repository } }) => repository), ...sources];
    const isFirst = deliveries.length === 0;
    const early = isFirst && ahead !== undefined ? await ahead.settle(pushed.blobs) : [];
    const rest = pushed.blobs.filter(({ digest }) => early.every(({ blob }) => blob.digest !== digest));
    const late = await deliverBlobs(registry, target.repository, rest, { sources: from, jobs }, context);
    const blobs = [...early, ...late];
    deliveries.push(deliveryOf(registry, target, pushed, jobs, blobs, context));
  }
  let changed = false;
  for (const { put } of deliveries) {
    const news = await mapBounded(pushed.inner, jobs, context.signal, (manifest) =>
      put(manifest.digest, manifest),
    );
    changed ||= news.includes(true);
    // What tags lead to as well, where there are several: what one of them refuses is refused before any moves. After
    // what it names, never beside it: an index whose manifests are still on their way is refused.
    if (tags.length > 1) changed = (await put(pushed.top.digest, pushed.top)) || changed;
  }
  for (const { put, target } of deliveries) {
    for (const tag of target.tags) changed = (await put(tag, pushed.top)) || changed;
  }
  const blobs = deliveries.flatMap((delivery) => delivery.blobs());
  for (const { target } of deliveries) {
    rememberSeen(
      context.cache,
      target.repository,
      pushed.blobs.map(({ digest }) => digest),
    );
  }
  const moved = {
    uploaded: sizeOf(blobs, 'sent'),
    mounted: sizeOf(blobs, 'mounted'),
    present: sizeOf(blobs, 'present'),
  };
  return { kind: 'registry', changed: changed || moved.uploaded + moved.mounted > 0, moved };
}

/** One repository's part of a push. */
interface Delivery {
  readonly target: Target;
  blobs(): readonly SentBlob[];
  /** @returns false where the reference led to the manifest already */
  put(reference: string, manifest: RemoteManifest): Promise<boolean>;
}

function deliveryOf(
  registry: Registry,
  target: Target,
  pushed: PushedImage,
  jobs: number,
  delivered: readonly SentBlob[],
  context: Context,
): Delivery {
  const { repository } = target;
  const unchanged = delivered.every(({ how }) => how === 'present');
  let blobs = delivered;
  let again: Promise<void> | undefined;

  /** The registry said of a blob that it is there, or mounted it, and knows nothing of it now. */
  async function sendAgain(): Promise<void> {
    const message = `${nameOf(repository)} lacks a blob that it said it has: sending every blob`;
    context.emit({ type: 'note', message });
    blobs = await resendBlobs(registry, repository, pushed.blobs, { jobs }, context);
    for (const manifest of pushed.inner) await registry.putManifest(repository, manifest.digest, manifest);
  }

  return {
    target,
    blobs: () => blobs,
    async put(reference, manifest) {
      // Where blobs had to be moved, what names them is new as well: nothing is asked.
      if (unchanged && (await registry.findManifest(repository, reference)) === manifest.digest) return false;
      await again;
      const first = again === undefined;
      try {
        await registry.putManifest(repository, reference, manifest);
      } catch (error) {
        if (!first || !lacksBlob(error)) throw error;
        again ??= sendAgain();
        await again;
        await registry.putManifest(repository, reference, manifest);
      }
      return true;
    },
  };
}

/** Distribution-spec, "Error Codes": `MANIFEST_BLOB_UNKNOWN` is code-5, `BLOB_UNKNOWN` code-1. */
function lacksBlob(error: unknown): boolean {
  if (!(error instanceof BivyError)) return false;
  return [error.message, ...error.causes].some((text) => text.includes('BLOB_UNKNOWN'));
}

function sizeOf(blobs: readonly SentBlob[], how: SentBlob['how']): number {
  return blobs.reduce((sum, { blob, how: actual }) => sum + (actual === how ? blob.size : 0), 0);
}
