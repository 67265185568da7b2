// Bases from this disk for builders: a name that the Dockerfile can have, and a layout or an archive behind it.

import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalBase } from '../engines/builders/builder.ts';
import type { Context } from '../kernel/context.ts';
import { type Digest, hexOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { BuiltImage, ImageIndex } from '../oci/image.ts';
import { isLocalImage, splitTag } from '../oci/local-image.ts';
import { isSamePlatform, parsePlatform } from '../oci/platform.ts';
import { once } from './decoded.ts';
import { choosePlatforms } from './target.ts';

export interface BaseRequest {
  /** Absolute path: references to this disk start here. */
  readonly directory: string;
  /** A folder of this build's own. */
  readonly work: string;
  readonly platforms: readonly string[];
}

/**
 * What a Dockerfile calls the base: itself, where it is in a registry.
 * @returns with `local` where it is on this disk
 * @throws BivyError `BASE_MISSING`, `BASE_INVALID`, `BASE_UNSUPPORTED`
 */
export async function openEngineBase(
  reference: string,
  request: BaseRequest,
  context: Context,
): Promise<{ readonly name: string; readonly local?: LocalBase }> {
  if (!isLocalImage(reference)) return { name: reference };
  const kind = reference.slice(0, reference.indexOf(':')) as 'oci' | 'oci-archive' | 'docker-archive';
  const { path, tag } = splitTag(request.directory, reference.slice(kind.length + 1));
  const place = { kind, path, tag, name: reference };
  const image = once(async () => {
    const { readForeignImage } = await import('../oci/foreign-image.ts');
    return readForeignImage(place, context);
  });
  const digest = kind === 'oci' ? await digestInLayout(path, tag, reference) : digestOf(await image());
  const hex = hexOf(digest).slice(0, 12);
  const name = `localhost/bivy-base:${hex}`;
  const layout = join(request.work, `base-${hex}`);
  const openLayout = once(async () => {
    // Builders split what they are given at colons and the like, which this name has not.
    if (kind === 'oci') return symlinkSync(path, layout);
    const { ociLayout } = await import('../oci/destinations/oci-layout.ts');
    await ociLayout(layout).write(await image(), [], context);
  });
  const archive = once(async () => {
    const { imageArchive } = await import('../oci/destinations/archive.ts');
    const file = join(request.work, `base-${hex}.tar`);
    const one = imageFor(await image(), request.platforms, reference);
    await imageArchive('docker-archive', file).write(one, [name], context);
    return file;
  });
  return { name, local: { name, layout, digest, openLayout, archive } };
}

async function digestInLayout(path: string, tag: string | undefined, name: string): Promise<Digest> {
  const [{ openLayout }, { rootOf }] = await Promise.all([
    import('../oci/layout.ts'),
    import('../oci/foreign-image.ts'),
  ]);
  return rootOf(openLayout(path, name), tag).digest;
}

function digestOf(image: BuiltImage | ImageIndex): Digest {
  return 'images' in image ? image.indexDigest : image.manifestDigest;
}

/** Of several platforms, the one that an engine's store is to have. */
function imageFor(image: BuiltImage | ImageIndex, asked: readonly string[], reference: string): BuiltImage {
  if (!('images' in image)) return image;
  const [platform = ''] = choosePlatforms({ platforms: asked });
  const wanted = parsePlatform(platform);
  const found = image.images.find((one) => isSamePlatform(parsePlatform(one.platform), wanted));
  if (found !== undefined) return found;
  throw new BivyError('BASE_MISSING', `\`${reference}\` has no image for \`${platform}\``, {
    causes: [`it has ${image.images.map((one) => one.platform).join(', ')}`],
    hint: 'choose a platform that the base has, or a base that has the platform',
  });
}
