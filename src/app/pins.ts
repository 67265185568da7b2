// A base and its pin: what is to be written into `bivy.lock` for it, and what a build takes instead of asking what there
// is now.

import type { PinnedComposition } from '../debian/composition.ts';
import type { Context } from '../kernel/context.ts';
import { digestOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { isLocalImage } from '../oci/compare-source.ts';
import type { PinnedBase, PinnedImage, Pins } from '../project/pins.ts';
import { findPin } from '../project/pins-check.ts';
import type { Settings } from '../project/settings.ts';
import type { Registry } from '../registry/registry.ts';
import { DEBIAN_BASES } from './base.ts';
import { debianRequest, wantedPackages } from './debian-request.ts';

export interface PinOptions {
  readonly reference: string;
  readonly platform: string;
  readonly settings: Pick<Settings, 'packages' | 'init' | 'mirror' | 'securityMirror'>;
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
  const debian = Object.hasOwn(DEBIAN_BASES, reference) ? DEBIAN_BASES[reference] : undefined;
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

/** What a build takes where its base is pinned. */
export interface TakenPin {
  /** The name to open, with the pinned digest in it where that is how it is found. */
  readonly reference: string;
  /** Of a composed base. */
  readonly pinned?: PinnedComposition;
}

/**
 * @throws BivyError `PINS_DISAGREE` where the base is not pinned so, or is another one by now
 */
export async function takePin(
  pins: Pins,
  { reference, platform, settings }: Pick<PinOptions, 'reference' | 'platform' | 'settings'>,
  context: Context,
): Promise<TakenPin> {
  if (reference === 'scratch') return { reference };
  const pin = findPin(pins, { reference, platform, packages: wantedPackages(settings) });
  if (pin.kind === 'debian') return { reference, pinned: pin };
  if (!isLocalImage(reference)) {
    const { pinnedImage } = await import('../registry/pin.ts');
    return { reference: pinnedImage(reference, pin) };
  }
  const now = await localPin(reference, platform, context);
  const same =
    (pin.manifest === undefined || pin.manifest === now.manifest) &&
    (pin.config === undefined || pin.config === now.config);
  if (same) return { reference };
  throw new BivyError('PINS_DISAGREE', `\`${reference}\` is not the image that \`bivy.lock\` pins`, {
    causes: [
      `it is ${now.manifest ?? now.config}`,
      `pinned is ${pin.manifest ?? pin.config} for \`${platform}\``,
    ],
    hint: 'bring the image back, or run `bivy pin --update` to take this one',
    location: { file: 'bivy.lock' },
  });
}

/** An image of this disk is pinned by its documents: a manifest, or in what `docker save` writes a configuration. */
async function localPin(
  reference: string,
  platform: string,
  context: Context,
): Promise<Pick<PinnedImage, 'kind' | 'manifest' | 'config'>> {
  const { openLocalImages } = await import('../oci/compare-source.ts');
  const { images } = await openLocalImages(reference, context);
  const found = images.find((one) => one.platform === platform);
  if (found === undefined) {
    throw new BivyError('BASE_MISSING', `${reference} has no image for \`${platform}\``, {
      causes: [`it has ${images.map((one) => one.platform).join(', ') || 'no image at all'}`],
      hint: 'choose a platform that the base has, or a base that has the platform',
    });
  }
  const config = digestOf(found.image.config);
  return found.digest === null ? { kind: 'image', config } : { kind: 'image', manifest: found.digest };
}
