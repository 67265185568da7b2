// Which image a name of a registry is now, for one platform: digests alone, no layer is read.

import type { Context } from '../kernel/context.ts';
import type { Digest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { documentType, findCandidates, noSuchPlatform } from '../oci/choose.ts';
import { parsePlatform } from '../oci/platform.ts';
import { parseImage } from '../oci/reference.ts';
import { DOCKER_INDEX, INDEX } from '../oci/spec.ts';
import { remoteDocuments } from './base-documents.ts';
import { currentDigest } from './base-tag.ts';
import type { Registry } from './registry.ts';

export interface ImagePin {
  /** Of what the name leads to, where that is an index. */
  readonly index?: Digest;
  readonly manifest: Digest;
}

/** @throws BivyError as `openRemoteBase` does before it reads a layer */
export async function pinImage(
  reference: string,
  platform: string,
  registry: Registry,
  context: Context,
): Promise<ImagePin> {
  const wanted = parsePlatform(platform);
  const image = parseImage(reference);
  const digest = await currentDigest(image, reference, registry, context);
  const documents = remoteDocuments(image, reference, digest, registry, context);
  const bytes = await documents.root();
  const mediaType = documentType(bytes, reference);
  const { best, platforms } = await findCandidates(
    [{ mediaType, digest, size: bytes.length }],
    wanted,
    documents,
  );
  const [chosen] = best;
  if (chosen === undefined) throw noSuchPlatform(documents.name, wanted, platforms);
  return { ...(isIndex(mediaType) ? { index: digest } : {}), manifest: chosen.digest };
}

/**
 * The name by which a pinned image is pulled: that of the index, so that the same is known of it as without a pin.
 * @throws BivyError `PINS_DISAGREE` where the name itself says another digest
 */
export function pinnedImage(reference: string, { index, manifest }: Partial<ImagePin>): string {
  const pinned = index ?? manifest;
  const { digest } = parseImage(reference);
  if (pinned === undefined || digest === pinned) return reference;
  if (digest === undefined) return `${reference}@${pinned}`;
  throw new BivyError('PINS_DISAGREE', `\`bivy.lock\` pins another image for \`${reference}\``, {
    causes: [`${pinned} is pinned`],
    hint: 'run `bivy pin --update` and commit the result',
    location: { file: 'bivy.lock' },
  });
}

function isIndex(mediaType: string): boolean {
  return mediaType === INDEX || mediaType === DOCKER_INDEX;
}
