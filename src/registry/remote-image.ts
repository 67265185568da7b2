// The image that a name of a registry leads to, for one platform: digests and documents, no layer. Found once in a build,
// by whoever asks first.

import type { Context } from '../kernel/context.ts';
import type { Digest } from '../kernel/digest.ts';
import { documentType, findCandidates, noSuchPlatform } from '../oci/choose.ts';
import { parsePlatform } from '../oci/platform.ts';
import { type ImageReference, parseImage } from '../oci/reference.ts';
import type { Descriptor } from '../oci/spec.ts';
import { type RemoteDocuments, remoteDocuments } from './base-documents.ts';
import { currentDigest } from './base-tag.ts';
import { type Once, onceInBuild } from './once.ts';
import type { Registry } from './registry.ts';

export interface RemoteImage {
  readonly image: ImageReference;
  /** What the name leads to: an index, or the image's own manifest. */
  readonly root: { readonly mediaType: string; readonly digest: Digest };
  /** Of the image's manifest. */
  readonly manifest: Descriptor;
  readonly documents: RemoteDocuments;
}

const once: Once<RemoteImage> = onceInBuild();

/**
 * @throws BivyError `USAGE`, `TARGET_INVALID`, `BASE_MISSING` (no such image, tag or platform), `BASE_INVALID`,
 * `BASE_UNSUPPORTED`, `OFFLINE`, `REGISTRY_…`
 */
export function findRemoteImage(
  reference: string,
  platform: string,
  registry: Registry,
  context: Context,
): Promise<RemoteImage> {
  return once(registry, `${platform} ${reference}`, () => find(reference, platform, registry, context));
}

async function find(
  reference: string,
  platform: string,
  registry: Registry,
  context: Context,
): Promise<RemoteImage> {
  const wanted = parsePlatform(platform);
  const image = parseImage(reference);
  const digest = await currentDigest(image, reference, registry, context);
  const documents = remoteDocuments(image, reference, digest, registry, context);
  const bytes = await documents.root();
  const root = { mediaType: documentType(bytes, reference), digest, size: bytes.length };
  const { best, platforms } = await findCandidates([root], wanted, documents);
  const [manifest] = best;
  if (manifest === undefined) throw noSuchPlatform(documents.name, wanted, platforms);
  return { image, root, manifest, documents };
}
