// The layers of an image in a registry: downloaded into the cache when somebody needs their bytes, each once, verified. A
// build that only pushes beside them needs none.

import { mapBounded } from '../kernel/bounded.ts';
import type { Context } from '../kernel/context.ts';
import type { Digest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { BlobPlace } from '../oci/blob.ts';
import type { RemoteLayer } from '../oci/found.ts';
import type { Descriptor } from '../oci/spec.ts';
import type { Registry, Repository } from './registry.ts';

export interface RemoteLayers {
  /** Lowest first. Whoever opens one is about to read them all: all begin to come. */
  readonly layers: readonly RemoteLayer[];
  /** That layer's blob alone, for whoever copies it and holds it against its digest then. */
  fetch(index: number): Promise<BlobPlace>;
  /** Ends the downloads that are on their way. */
  stop(): Promise<void>;
}

/** Downloads at once. */
const PARALLEL = 4;

/** @param name the image as the user wrote it */
export function remoteLayers(
  { domain, path }: Repository,
  name: string,
  descriptors: readonly Descriptor[],
  registry: Registry,
  context: Context,
): RemoteLayers {
  const stopping = new AbortController();
  const places = new Map<Digest, Promise<BlobPlace>>();
  let all: Promise<unknown> | undefined;

  function fetch(index: number, verified = false): Promise<BlobPlace> {
    const { digest, size } = descriptors[index]!;
    const known = places.get(digest);
    if (known !== undefined) return known;
    const layer = { digest, size, verified, name: `layer ${index + 1} of the base \`${name}\`` };
    const place = fetchLayer({ domain, path }, layer, registry, {
      ...context,
      signal: AbortSignal.any([context.signal, stopping.signal]),
    });
    places.set(digest, place);
    // Its failure is met by whoever asked; until then it must not count as unhandled.
    place.catch(() => undefined);
    return place;
  }

  function open(index: number): Promise<BlobPlace> {
    const every = [...descriptors.keys()];
    all ??= mapBounded(every, PARALLEL, stopping.signal, (each) => fetch(each, true)).catch(() => undefined);
    return fetch(index, true);
  }

  return {
    layers: descriptors.map(({ digest, size }, index) => ({ digest, size, open: () => open(index) })),
    fetch: (index) => fetch(index),
    async stop() {
      stopping.abort();
      await all;
    },
  };
}

interface NamedLayer {
  readonly digest: Digest;
  readonly size: number;
  readonly name: string;
  /** What is in the cache is to be hashed: a look at its size does not do. */
  readonly verified: boolean;
}

async function fetchLayer(
  repository: Repository,
  { digest, size, name, verified }: NamedLayer,
  registry: Registry,
  { cache, emit, offline, signal }: Context,
): Promise<BlobPlace> {
  const found = verified ? await cache.verifyBlob(digest) : cache.findBlob(digest);
  if (found?.size === size) return { path: found.path, offset: 0, size };
  if (offline) {
    throw new BivyError('OFFLINE', `${name} is not here, and \`--offline\` forbids to fetch it`, {
      hint: 'build once without `--offline`',
    });
  }
  emit({ type: 'download', name, size });

  async function* bytes(): AsyncGenerator<Uint8Array> {
    for await (const chunk of registry.readBlob(repository, { digest, size })) {
      signal.throwIfAborted();
      yield chunk;
    }
  }
  try {
    const blob = await cache.putBlob(bytes(), { expected: digest, limit: size, name });
    emit({ type: 'downloaded', name, size });
    return { path: blob.path, offset: 0, size: blob.size };
  } catch (error) {
    if (!(error instanceof BivyError) || error.code !== 'HASH_MISMATCH') throw error;
    throw new BivyError('REGISTRY_INVALID', error.message, {
      causes: error.causes,
      hint: 'the registry, a mirror or a proxy before it changed it; do not use it before you know which',
    });
  }
}
