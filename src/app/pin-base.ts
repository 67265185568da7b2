// What is to be written into `bivy.lock` for a base.

import type { Context } from '../kernel/context.ts';
import { isLocalImage } from '../oci/local-image.ts';
import type { PinnedBase } from '../project/pins.ts';
import type { Registry } from '../registry/registry.ts';
import { debianRequest, wantedPackages } from './debian-request.ts';
import { findDebianBase } from './known-bases.ts';
import { localPin, type PinPlace } from './pins.ts';

export interface PinOptions extends PinPlace {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly registry: () => Promise<Registry>;
}

/**
 * What the base is now, asked of mirror or registry; nothing where there is nothing to pin (`scratch`).
 * @throws BivyError as resolving the base does
 */
export async function makePin(options: PinOptions, context: Context): Promise<PinnedBase | undefined> {
  const { reference, platform, settings } = options;
  if (reference === 'scratch') return undefined;
  const debian = findDebianBase(reference);
  if (debian !== undefined) {
    const { pinDebianBase } = await import('../debian/pinned.ts');
    const request = debianRequest(debian.release, { ...options, refresh: true });
    const { composition, packages } = await pinDebianBase(request, context);
    const extra = [...new Set(wantedPackages(settings))].sort();
    return { kind: 'debian', reference, platform, composition, with: extra, packages };
  }
  if (isLocalImage(reference))
    return { ...(await localPin(reference, platform, context)), reference, platform };
  const { pinImage } = await import('../registry/pin.ts');
  const pin = await pinImage(reference, platform, await options.registry(), context);
  return { kind: 'image', reference, platform, ...pin };
}
