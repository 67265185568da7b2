// Bases in registries: whatever a name leads to there, as a `Base`. Documents are asked for once and kept by digest, which
// tag leads where is asked anew; layers are read only where nobody remembers what they hold, and stay in the registry else.

import type { Context } from '../kernel/context.ts';
import { BivyError } from '../kernel/errors.ts';
import type { Base } from '../oci/base.ts';
import { documentType, findCandidates, noSuchPlatform, readImage } from '../oci/choose.ts';
import { inspectBase } from '../oci/inspect.ts';
import { parsePlatform, spellPlatform } from '../oci/platform.ts';
import { parseImage } from '../oci/reference.ts';
import type { ImageConfig, Platform } from '../oci/spec.ts';
import { remoteDocuments } from './base-documents.ts';
import { remoteLayers } from './base-layers.ts';
import { currentDigest } from './base-tag.ts';
import type { Registry } from './registry.ts';
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
  const image = parseImage(reference);
  const digest = await currentDigest(image, reference, registry, context);
  const documents = remoteDocuments(image, reference, digest, registry, context);
  const bytes = await documents.root();
  const root = { mediaType: documentType(bytes, reference), digest, size: bytes.length };
  const { best, platforms } = await findCandidates([root], wanted, documents);
  const [chosen] = best;
  if (chosen === undefined) throw noSuchPlatform(documents.name, wanted, platforms);
  const found = await readImage(chosen, documents);
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
      digest,
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
