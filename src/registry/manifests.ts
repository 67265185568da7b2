// Manifests and indexes over the distribution protocol (distribution-spec v1.1, "Pulling manifests", "Pushing
// Manifests"): bounded, of a known type, and the bytes that their digest is of.

import { type Digest, digestOf, isDigest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { DOCKER_INDEX, DOCKER_MANIFEST, INDEX, MANIFEST } from '../oci/spec.ts';
import type { Exchange } from './exchange.ts';
import type { RemoteManifest, Repository } from './registry.ts';
import { nameOf } from './repository.ts';

const TYPES: readonly string[] = [MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_INDEX];
const ACCEPT = TYPES.join(', ');
/** Bytes; distribution-spec v1.1, "Pushing Manifests". */
const MAX_MANIFEST = 4 << 20;

/** @returns nothing where the registry answers 404. @throws BivyError `REGISTRY_…` */
export async function getManifest(
  exchange: Exchange,
  repository: Repository,
  reference: string,
): Promise<RemoteManifest | undefined> {
  const answer = await exchange.askWhole(repository, {
    to: `manifests/${reference}`,
    actions: 'pull',
    headers: { accept: ACCEPT },
    limit: MAX_MANIFEST,
  });
  if (answer.status === 404) return undefined;
  if (answer.status !== 200)
    throw await exchange.refusal(repository, answer, `pull \`${spell(repository, reference)}\``);
  const name = `the manifest \`${reference}\` of \`${nameOf(repository)}\``;
  const digest = digestOf(answer.bytes);
  for (const promised of [reference, answer.headers['docker-content-digest'] ?? '']) {
    if (isDigest(promised) && promised !== digest) throw changed(name, digest, promised);
  }
  return {
    mediaType: typeOf(answer.bytes, answer.headers['content-type'], name),
    digest,
    bytes: answer.bytes,
  };
}

/** @returns nothing where the registry answers 404. @throws BivyError `REGISTRY_…` */
export async function findManifest(
  exchange: Exchange,
  repository: Repository,
  reference: string,
): Promise<Digest | undefined> {
  const answer = await exchange.askWhole(repository, {
    to: `manifests/${reference}`,
    method: 'HEAD',
    actions: 'pull',
    headers: { accept: ACCEPT },
    limit: MAX_MANIFEST,
  });
  if (answer.status === 404) return undefined;
  const digest = answer.headers['docker-content-digest'] ?? '';
  if (answer.status === 200 && isDigest(digest)) {
    if (isDigest(reference) && reference !== digest) {
      throw changed(`the manifest \`${reference}\` of \`${nameOf(repository)}\``, digest, reference);
    }
    return digest;
  }
  // HEAD has no body that would tell more, and some registries do not tell the digest there, or know no HEAD.
  return (await getManifest(exchange, repository, reference))?.digest;
}

/** @throws BivyError `REGISTRY_…` naming what was refused */
export async function putManifest(
  exchange: Exchange,
  repository: Repository,
  reference: string,
  { mediaType, digest, bytes }: RemoteManifest,
): Promise<void> {
  const answer = await exchange.askBriefly(repository, {
    to: `manifests/${reference}`,
    method: 'PUT',
    actions: 'pull,push',
    headers: { 'content-type': mediaType },
    body: bytes,
  });
  const { status, headers } = answer;
  if (status < 200 || status >= 300) {
    throw await exchange.refusal(repository, answer, `push \`${spell(repository, reference)}\``);
  }
  const stored = headers['docker-content-digest'] ?? '';
  if (isDigest(stored) && stored !== digest) {
    const name = `the manifest that \`${repository.domain}\` keeps as \`${spell(repository, reference)}\``;
    throw changed(name, stored, digest);
  }
}

/**
 * The media type that a manifest says of itself, else that of the answer. What could be read as either of two kinds is
 * neither (GHSA-xmmx-7jpf-fx42).
 */
function typeOf(bytes: Uint8Array, contentType: string | undefined, name: string): string {
  let body: Readonly<Record<string, unknown>> | undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) body = value as typeof body;
  } catch {
    // told below
  }
  if (body === undefined) throw new BivyError('REGISTRY_INVALID', `${name} is no JSON object`);
  const header = contentType?.split(';')[0]?.trim().toLowerCase();
  const own = typeof body['mediaType'] === 'string' ? body['mediaType'] : undefined;
  const mediaType = own ?? header ?? '';
  if (body['schemaVersion'] === 1 || /\.distribution\.manifest\.v1\+/.test(mediaType)) {
    throw new BivyError('REGISTRY_INVALID', `${name} is in Docker's schema 1, which is not supported`, {
      hint: 'push the image again with a current tool',
    });
  }
  if (!TYPES.includes(mediaType)) {
    throw new BivyError('REGISTRY_INVALID', `${name} is of the unknown type \`${shown(mediaType)}\``, {
      hint: 'images and indexes of OCI and of Docker (schema 2) are supported',
    });
  }
  const index = mediaType === INDEX || mediaType === DOCKER_INDEX;
  const foreign = index ? ['config', 'layers'] : ['manifests'];
  if (foreign.some((member) => body[member] !== undefined)) {
    throw new BivyError('REGISTRY_INVALID', `${name} is a manifest and an index at once`, {
      hint: 'nobody can say which of its halves is meant; push the image again with a current tool',
    });
  }
  return mediaType;
}

function changed(name: string, actual: Digest, promised: string): BivyError {
  return new BivyError('REGISTRY_INVALID', `${name} is not what was promised`, {
    causes: [`its digest is \`${actual}\``, `expected \`${promised}\``],
    hint: 'the registry, a mirror or a proxy before it changed it; do not use it before you know which',
  });
}

function spell({ path }: Repository, reference: string): string {
  return `${path}${reference.includes(':') ? '@' : ':'}${reference}`;
}

function shown(mediaType: string): string {
  return mediaType.replace(/[^\x20-\x7e]/g, '').slice(0, 100);
}
