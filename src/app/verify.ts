// `bivy verify`: makes the image again from its sources, believing nothing that was made before, and holds the two
// against each other to the byte.

import type { Context } from '../kernel/context.ts';
import type { Digest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { type Comparison, checkLayers, compareImages } from '../oci/compare.ts';
import type { OpenedImage } from '../oci/compare-source.ts';
import { parsePlatform, spellPlatform } from '../oci/platform.ts';
import { findBase } from './chosen-base.ts';
import { decodeInputs, once, openPins, warnOfIgnored } from './decoded.ts';
import { makeImage } from './image.ts';
import { type InputRequest, inProject, readInputs } from './inputs.ts';
import { withoutMade } from './verify-cache.ts';
import { openVerified } from './verify-source.ts';
import { withWorkbench } from './workbench.ts';

export interface VerifyRequest extends InputRequest {
  /** `team/app:1.2`, `oci:DIR[:TAG]`, `oci-archive:FILE`, `docker-archive:FILE`. */
  readonly image: string;
  readonly workers?: number;
  /** Domains that may be asked over plain HTTP. */
  readonly insecureRegistries?: readonly string[];
}

export interface Verified {
  readonly image: string;
  /** Of what the name leads to; `null` where it has none, as in what `docker save` writes. */
  readonly digest: Digest | null;
  /** Every platform that was compared. */
  readonly equal: boolean;
  /** In the image's order. */
  readonly platforms: readonly VerifiedPlatform[];
  /** Platforms of the image that the settings do not ask for. */
  readonly skipped: readonly string[];
}

export interface VerifiedPlatform {
  readonly platform: string;
  /** Of the manifest; `null` where the image has none. */
  readonly image: Digest | null;
  readonly rebuilt: Digest;
  /** Left is the image, right what was made again. */
  readonly comparison: Comparison;
}

/** @throws BivyError where the image cannot be had or made again; that it differs is no error */
export function verifyImage(request: VerifyRequest, context: Context): Promise<Verified> {
  return inProject(request.directory, () => verify(request, context));
}

async function verify(request: VerifyRequest, context: Context): Promise<Verified> {
  const inputs = readInputs(request);
  const decode = once(() => decodeInputs(inputs));
  const { settings } = await decode();
  await warnOfIgnored(await decode(), inputs, context.emit);
  const { image: name } = request;
  const pins = await openPins(inputs, settings);
  return withWorkbench(
    request,
    { inputs, decode, images: [name], files: [name], pins },
    context,
    async (bench) => {
      const found = await openVerified(name, bench.registry, context);
      const { chosen, skipped } = choose(name, found.images, settings.platforms);
      const anew: Context = { ...context, cache: withoutMade(context.cache) };
      // A base that nobody named depends on all platforms that the image was built for.
      const all = found.images.map(({ platform }) => platform);
      const { reference } = await findBase(all, bench, anew);
      const platforms: VerifiedPlatform[] = [];
      for (const { platform, digest, image } of chosen) {
        const { image: rebuilt } = await makeImage(request, reference, platform, bench, anew);
        const comparison = await compareImages(image, { name: 'what was made again', ...rebuilt }, context);
        if (comparison.equal) await checkLayers(image, context);
        platforms.push({ platform, image: digest, rebuilt: rebuilt.manifestDigest, comparison });
      }
      const equal = platforms.every(({ comparison }) => comparison.equal);
      return { image: name, digest: found.digest, equal, platforms, skipped };
    },
  );
}

interface Choice {
  readonly chosen: readonly OpenedImage[];
  readonly skipped: readonly string[];
}

/** The images of the platforms asked for; all where none is. @throws BivyError `IMAGE_MISSING` where none is left */
function choose(name: string, images: readonly OpenedImage[], asked: readonly string[]): Choice {
  const wanted = new Set(asked.map((platform) => spellPlatform(parsePlatform(platform))));
  const chosen = images.filter(({ platform }) => wanted.size === 0 || wanted.has(platform));
  if (chosen.length > 0) {
    return { chosen, skipped: images.filter((one) => !chosen.includes(one)).map(({ platform }) => platform) };
  }
  const has = images.map(({ platform }) => `\`${platform}\``);
  throw new BivyError(
    'IMAGE_MISSING',
    images.length === 0
      ? `\`${name}\` holds no image`
      : `\`${name}\` has no image for ${[...wanted].map((platform) => `\`${platform}\``).join(', ')}`,
    {
      causes: has.length === 0 ? [] : [`it has ${has.join(', ')}`],
      hint: 'name its platform with `--platform`',
    },
  );
}
