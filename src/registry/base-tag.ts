// Where a tag leads now. A build asks once, so that all its platforms stand on one image even where the tag moves
// meanwhile; what was answered is kept for builds without a network.

import type { Cache } from '../kernel/cache.ts';
import type { Context } from '../kernel/context.ts';
import { type Digest, isDigest, keyOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { ImageReference } from '../oci/reference.ts';
import { type Once, onceInBuild } from './once.ts';
import type { Registry, Repository } from './registry.ts';

const KIND = 'tags';

const once: Once<Digest> = onceInBuild();

/**
 * @param name the image as the user wrote it
 * @returns its own digest where it has one: nobody is asked then
 * @throws BivyError `BASE_MISSING`, `OFFLINE` where nobody has asked before, `REGISTRY_…`
 */
export function currentDigest(
  image: ImageReference,
  name: string,
  registry: Registry,
  context: Context,
): Promise<Digest> {
  if (image.digest !== undefined) return Promise.resolve(image.digest);
  return once(registry, image.full, () => ask(image, name, registry, context));
}

async function ask(
  { full, domain, path, tag = 'latest' }: ImageReference,
  name: string,
  registry: Registry,
  { cache, offline }: Context,
): Promise<Digest> {
  const key = keyOf({ image: full });
  const remembered = cache.readRecord<unknown>(KIND, key);
  const known = typeof remembered === 'string' && isDigest(remembered) ? remembered : undefined;
  if (offline) {
    if (known !== undefined) return known;
    throw new BivyError('OFFLINE', `the base \`${name}\` was never looked up, and \`--offline\` forbids to`, {
      hint: 'build once without `--offline`, or name a base on this disk: `oci:DIR`, `docker-archive:FILE`',
    });
  }
  // Who never asked needs the document as well; else its digest alone will mostly do.
  const repository = { domain, path };
  const digest =
    known === undefined
      ? await fetchDocument(repository, tag, name, registry, cache)
      : await registry.findManifest(repository, tag);
  if (digest === undefined) throw missingImage(name, domain, `\`${domain}\` has no \`${path}:${tag}\``);
  if (digest !== known) cache.writeRecord(KIND, key, digest);
  return digest;
}

async function fetchDocument(
  repository: Repository,
  tag: string,
  name: string,
  registry: Registry,
  cache: Cache,
): Promise<Digest | undefined> {
  const found = await registry.getManifest(repository, tag);
  if (found !== undefined)
    await cache.putBlob([found.bytes], { expected: found.digest, name: `the base \`${name}\`` });
  return found?.digest;
}

/** Registries do not tell a repository that is not there from a tag that is not. */
export function missingImage(name: string, domain: string, cause: string): BivyError {
  const login = domain === 'docker.io' ? 'docker login' : `docker login ${domain}`;
  return new BivyError('BASE_MISSING', `the base \`${name}\` is not there`, {
    causes: [cause],
    hint: `check its name and its tag; if it is private, \`${login}\` first; an image of this machine is named \`docker-archive:FILE\` once \`docker save IMAGE -o FILE\` wrote it`,
  });
}
