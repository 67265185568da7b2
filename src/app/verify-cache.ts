// A cache that knows what was downloaded and nothing of what was made: layers are made again, whoever made them before.

import type { Cache } from '../kernel/cache.ts';
import type { Digest } from '../kernel/digest.ts';

/** Kinds of records that say what bivy itself made. */
const MADE: ReadonlySet<string> = new Set(['layers', 'layer-contents', 'preparations', 'debian-bases']);

/** What is learnt of layers stays in memory, and only there; blobs are stored by what they hold, as ever. */
export function withoutMade(cache: Cache): Cache {
  const made = new Map<string, unknown>();
  return {
    root: cache.root,
    blobPath: (digest) => cache.blobPath(digest),
    findBlob: (digest) => cache.findBlob(digest),
    verifyBlob: (digest) => cache.verifyBlob(digest),
    putBlob: (source, options) => cache.putBlob(source, options),
    adopt: (temporary, digest) => cache.adopt(temporary, digest),
    discardBlob: (digest) => cache.discardBlob(digest),
    temporary: () => cache.temporary(),
    readRecord<T>(kind: string, key: Digest): T | undefined {
      if (!MADE.has(kind)) return cache.readRecord<T>(kind, key);
      return structuredClone(made.get(`${kind} ${key}`)) as T | undefined;
    },
    writeRecord(kind, key, value) {
      if (MADE.has(kind)) made.set(`${kind} ${key}`, value);
      else cache.writeRecord(kind, key, value);
    },
  };
}
