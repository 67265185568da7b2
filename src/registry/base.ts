// Bases in registries: whatever a name leads to there, as a `Base`. Documents are asked for once and kept by digest, which
// tag leads where is asked anew; layers are read only where nobody remembers what they hold, and stay in the registry else.

import type { Context } from '../kernel/context.ts';
import { BivyError } from '../kernel/errors.ts';
import type { Base } from '../oci/base.ts';
import { readImage } from '../oci/choose.ts';
import { inspectBase } from '../oci/inspect.ts';
import { parsePlatform, spellPlatform } from '../oci/platform.ts';
import type { ImageConfig, Platform } from '../oci/spec.ts';
import { remoteLayers } from './base-layers.ts';
import type { Registry } from './registry.ts';
import { findRemoteImage } from './remote-image.ts';
import { nameOf } from './repository.ts';

/**
 * An image of a registry as base, by any name that `docker pull` takes.
 * @param watch directories besides the usual ones whose files are listed in the facts: `usr/src/app`
 * @throws BivyError `USAGE`, `TARGET_INVALID`, `BASE_MISSING` (no such image, tag or platform), `BASE_INVALID`,
 * `BASE_UNSUPPORTED`, `OFFLINE`, `REGISTRY_…`
 */
export async function openRemoteBase(
  reference: string,
  platform: string,
  registry: Registry,
  context: Context,
  { watch = [] }: { readonly watch?: readonly string[] } = {},
): Promise<Base> {
  const wanted = parsePlatform(platform);
  const { image, root, manifest, documents } = await findRemoteImage(reference, platform, registry, context);
  const found = await readImage(manifest, documents);
  expectPlatform(found.config, wanted, reference);

  const { layers, fetch, stop } = remoteLayers(image, reference, found.layers, registry, context);
  try {
    const { facts, layers: known } = await inspectBase(
      { ...found, layers },
      { name: documents.name, identity: '' },
      watch,
      context,
    );
    return {
      name: reference,
      reference: image.full,
      digest: root.digest,
      config: found.config,
      facts,
      layers: known.map((layer, index) => ({
        kind: 'base',
        ...layer,
        packages: [],
        cached: true,
        blob: { repository: nameOf(image), fetch: () => fetch(index) },
      })),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Asks for what `openRemoteBase` will need first, its manifest and configuration, so that this finds them here.
 * @throws BivyError as that does before it reads a layer
 */
export async function askForRemoteBase(
  reference: string,
  platform: string,
  registry: Registry,
  context: Context,
): Promise<void> {
  const { manifest, documents } = await findRemoteImage(reference, platform, registry, context);
  await readImage(manifest, documents);
}

/** An index may call an image one for another machine. */
function expectPlatform(config: ImageConfig, wanted: Platform, reference: string): void {
  if (config.os === wanted.os && config.architecture === wanted.architecture) return;
  throw new BivyError(
    'BASE_INVALID',
    `the base \`${reference}\` has an image that is called one for \`${spellPlatform(wanted)}\``,
    {
      causes: [`its configuration says \`${spellPlatform(config)}\``],
      hint: 'push it again with a current tool, or name another image',
    },
  );
}
