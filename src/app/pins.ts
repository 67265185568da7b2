// What a build takes for a base that `bivy.lock` pins, instead of asking what there is now.

import type { PinnedComposition } from '../debian/composition.ts';
import type { Context } from '../kernel/context.ts';
import { digestOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { isLocalImage } from '../oci/local-image.ts';
import { parsePlatform, platformRank, spellPlatform } from '../oci/platform.ts';
import type { PinnedImage, Pins } from '../project/pins.ts';
import { findPin } from '../project/pins-check.ts';
import type { Settings } from '../project/settings.ts';
import { wantedPackages } from './debian-request.ts';

export interface PinPlace {
  readonly reference: string;
  readonly platform: string;
  readonly settings: Pick<Settings, 'packages' | 'init' | 'mirror' | 'securityMirror'>;
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
  { reference, platform, settings }: PinPlace,
  context: Context,
): Promise<TakenPin> {
  if (reference === 'scratch') return { reference };
  const spelled = spellPlatform(parsePlatform(platform));
  const pin = findPin(pins, { reference, platform: spelled, packages: wantedPackages(settings) });
  if (pin.kind === 'debian') return { reference, pinned: pin };
  if (!isLocalImage(reference)) {
    const { pinnedImage } = await import('../registry/pin.ts');
    return { reference: pinnedImage(reference, pin) };
  }
  const now = await localPin(reference, spelled, context);
  const same =
    (pin.manifest === undefined || pin.manifest === now.manifest) &&
    (pin.config === undefined || pin.config === now.config);
  if (same) return { reference };
  throw new BivyError('PINS_DISAGREE', `\`${reference}\` is not the image that \`bivy.lock\` pins`, {
    causes: [
      `it is ${now.manifest ?? now.config}`,
      `pinned is ${pin.manifest ?? pin.config} for \`${spelled}\``,
    ],
    hint: 'bring the image back, or run `bivy pin --update` to take this one',
    location: { file: 'bivy.lock' },
  });
}

/** An image of this disk is pinned by its documents: a manifest, or in what `docker save` writes a configuration. */
export async function localPin(
  reference: string,
  platform: string,
  context: Context,
): Promise<Pick<PinnedImage, 'kind' | 'manifest' | 'config'>> {
  const { openLocalImages } = await import('../oci/compare-source.ts');
  const { images } = await openLocalImages(reference, context);
  const wanted = parsePlatform(platform);
  const [found] = images
    .map((one) => ({
      one,
      rank: platformRank(parsePlatform(one.platform), wanted) ?? Number.POSITIVE_INFINITY,
    }))
    .filter(({ rank }) => Number.isFinite(rank))
    .sort((a, b) => a.rank - b.rank)
    .map(({ one }) => one);
  if (found === undefined) {
    throw new BivyError('BASE_MISSING', `${reference} has no image for \`${platform}\``, {
      causes: [`it has ${images.map((one) => one.platform).join(', ') || 'no image at all'}`],
      hint: 'choose a platform that the base has, or a base that has the platform',
    });
  }
  const config = digestOf(found.image.config);
  return found.digest === null ? { kind: 'image', config } : { kind: 'image', manifest: found.digest };
}
