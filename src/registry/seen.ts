// Bivy's own record of which repositories of a registry were seen to hold a blob, so that it can be mounted from there
// instead of being sent. A hint and no more: a mount that is refused becomes an upload.

import type { Cache } from '../kernel/cache.ts';
import { type Digest, keyOf } from '../kernel/digest.ts';
import type { Repository } from './registry.ts';

const KIND = 'seen';
/** Repositories remembered for a blob. */
const MAX_REPOSITORIES = 8;

/** Repositories of that registry where the blob was last seen; the most recent first. */
export function seenIn(cache: Cache, domain: string, digest: Digest): readonly Repository[] {
  return pathsOf(cache, domain, digest).map((path) => ({ domain, path }));
}

/** Remembers that the repository holds these blobs. */
export function rememberSeen(cache: Cache, { domain, path }: Repository, digests: readonly Digest[]): void {
  for (const digest of digests) {
    const known = pathsOf(cache, domain, digest);
    if (known[0] === path) continue;
    const paths = [path, ...known.filter((other) => other !== path)].slice(0, MAX_REPOSITORIES);
    cache.writeRecord(KIND, seenKey(domain, digest), paths);
  }
}

function pathsOf(cache: Cache, domain: string, digest: Digest): readonly string[] {
  return cache.readRecord<readonly string[]>(KIND, seenKey(domain, digest)) ?? [];
}

function seenKey(domain: string, digest: Digest): Digest {
  return keyOf({ blob: digest, registry: domain });
}
