// Which image a name of a registry is now, for one platform: digests alone, no layer is read.

import type { Context } from '../kernel/context.ts';
import type { Digest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { parseImage } from '../oci/reference.ts';
import { DOCKER_INDEX, INDEX } from '../oci/spec.ts';
import type { Registry } from './registry.ts';
import { findRemoteImage } from './remote-image.ts';

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
  const { root, manifest } = await findRemoteImage(reference, platform, registry, context);
  return { ...(isIndex(root.mediaType) ? { index: root.digest } : {}), manifest: manifest.digest };
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
