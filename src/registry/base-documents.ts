// The documents of an image in a registry: manifests, indexes, configurations. Small, named by their digests, and kept in
// the cache under them: each is asked for once.

import type { Context } from '../kernel/context.ts';
import { type Digest, digestOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { readBlob } from '../oci/blob.ts';
import { type Documents, MAX_MANIFEST } from '../oci/choose.ts';
import { type Descriptor, DOCKER_INDEX, DOCKER_MANIFEST, INDEX, MANIFEST } from '../oci/spec.ts';
import { missingImage } from './base-tag.ts';
import type { Registry, Repository } from './registry.ts';

export interface RemoteDocuments extends Documents {
  /** The bytes of what the image's name leads to, an index or a manifest. */
  root(): Promise<Uint8Array>;
}

const MANIFESTS: readonly string[] = [MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_INDEX];

/**
 * @param name the image as the user wrote it
 * @param digest of what it leads to
 */
export function remoteDocuments(
  { domain, path }: Repository,
  name: string,
  digest: Digest,
  registry: Registry,
  context: Context,
): RemoteDocuments {
  const repository: Repository = { domain, path };
  const shown = `the base \`${name}\``;
  /** Those of this build: choosing reads some of them twice. */
  const here = new Map<Digest, Uint8Array>();

  async function document(
    wanted: Digest,
    limit: number,
    ask: () => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    const known = here.get(wanted) ?? cached(wanted, limit, context);
    if (known !== undefined) {
      here.set(wanted, known);
      return known;
    }
    if (context.offline) {
      throw new BivyError('OFFLINE', `${shown} is not all here, and \`--offline\` forbids to fetch it`, {
        causes: [`\`${wanted}\` is missing`],
        hint: 'build once without `--offline`',
      });
    }
    const bytes = await ask();
    const actual = digestOf(bytes);
    if (actual !== wanted) throw changed(shown, actual, wanted);
    await context.cache.putBlob([bytes], { name: shown });
    here.set(wanted, bytes);
    return bytes;
  }

  async function manifest(wanted: Digest): Promise<Uint8Array> {
    const found = await registry.getManifest(repository, wanted);
    if (found !== undefined) return found.bytes;
    const cause = `\`${domain}\` has no \`${path}@${wanted}\``;
    if (wanted === digest) throw missingImage(name, domain, cause);
    throw new BivyError('BASE_INVALID', `${shown} is incomplete in its registry`, {
      causes: [cause],
      hint: 'push it again with all its platforms, or name another image',
    });
  }

  async function blob(descriptor: Descriptor): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of registry.readBlob(repository, descriptor)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  return {
    name: shown,
    root: () => document(digest, MAX_MANIFEST, () => manifest(digest)),
    async read(descriptor, limit) {
      const { digest: wanted, size, mediaType } = descriptor;
      if (size > limit) {
        throw new BivyError(
          'BASE_INVALID',
          `${shown}: \`${wanted}\` has ${size} bytes, more than the ${limit} it may have`,
        );
      }
      const isManifest = MANIFESTS.includes(mediaType);
      const bytes = await document(wanted, limit, () => (isManifest ? manifest(wanted) : blob(descriptor)));
      if (bytes.length === size) return bytes;
      throw new BivyError(
        'BASE_INVALID',
        `${shown}: \`${wanted}\` has ${bytes.length} bytes instead of ${size}`,
        { hint: 'push the image again with a current tool, or name another one' },
      );
    },
  };
}

/** What is damaged is forgotten. */
function cached(digest: Digest, limit: number, { cache }: Context): Uint8Array | undefined {
  const found = cache.findBlob(digest);
  if (found === undefined || found.size > limit) return undefined;
  try {
    return readBlob({ path: found.path, offset: 0, size: found.size }, limit, digest, digest);
  } catch {
    cache.discardBlob(digest);
    return undefined;
  }
}

function changed(name: string, actual: Digest, expected: Digest): BivyError {
  return new BivyError('REGISTRY_INVALID', `a document of ${name} is not what was promised`, {
    causes: [`its digest is \`${actual}\``, `expected \`${expected}\``],
    hint: 'the registry, a mirror or a proxy before it changed it; do not use it before you know which',
  });
}
