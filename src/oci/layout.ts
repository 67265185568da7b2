// Reading OCI layouts, in a directory or in an archive: from `index.json` to the one image that was asked for.
// Spec: image-spec, image-layout.md. Digests are checked, sizes bounded.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { member, stringOf } from '../kernel/decode.ts';
import { hexOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { ImageFiles } from './archive.ts';
import { type BlobPlace, readBlob } from './blob.ts';
import { type Documents, findCandidates, MAX_MANIFEST, noSuchPlatform, readImage } from './choose.ts';
import type { FoundImage } from './found.ts';
import { spellPlatform } from './platform.ts';
import { type Descriptor, IMAGE_NAME, type Platform, REF_NAME } from './spec.ts';
import { decodeIndex, parseJson } from './wire.ts';

export { MAX_CONFIG, MAX_MANIFEST } from './choose.ts';

/** @throws BivyError `BASE_MISSING` */
export function openLayout(directory: string, name: string): ImageFiles {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new BivyError(
      'BASE_MISSING',
      `the base \`${name}\` is not there: \`${directory}\` is no directory`,
      {
        hint: 'check the path; `skopeo copy docker://IMAGE oci:DIR` writes such a layout',
      },
    );
  }
  return {
    name,
    identity: directory,
    find(path) {
      const file = join(directory, path);
      const found = statSync(file, { throwIfNoEntry: false });
      return found?.isFile() === true ? { path: file, offset: 0, size: found.size } : undefined;
    },
  };
}

/**
 * @param tag the one wanted, where the layout holds several images
 * @throws BivyError `BASE_MISSING` (no such platform or tag), `BASE_INVALID`, `BASE_UNSUPPORTED`
 */
export async function findLayoutImage(
  files: ImageFiles,
  platform: Platform,
  tag: string | undefined,
): Promise<FoundImage> {
  checkVersion(files);
  const index = decodeIndex(parseJson(readFile(files, 'index.json'), `${files.name}: index.json`));
  const named = index.filter((descriptor) => isNamed(descriptor, tag));
  if (named.length === 0) throw noSuchTag(files, tag, index);
  const documents: Documents = {
    name: files.name,
    read: async (descriptor, limit) => readDescribed(files, descriptor, limit),
  };
  const { best, platforms } = await findCandidates(named, platform, documents);
  const [first, second] = best;
  if (first === undefined) throw noSuchPlatform(files.name, platform, platforms);
  if (second !== undefined) {
    const tags = index.map((descriptor) => descriptor.annotations?.[REF_NAME] ?? descriptor.digest);
    throw new BivyError(
      'BASE_INVALID',
      `${files.name} holds several images for \`${spellPlatform(platform)}\``,
      {
        causes: tags.slice(0, 20),
        hint: `name the one you want, as in \`${files.name}:${tags[0]}\``,
      },
    );
  }
  const { layers, ...image } = await readImage(first, documents);
  return {
    ...image,
    layers: layers.map((layer) => ({ place: placeOf(files, layer), digest: layer.digest })),
  };
}

function checkVersion(files: ImageFiles): void {
  const place = files.find('oci-layout');
  if (place === undefined) {
    throw new BivyError('BASE_INVALID', `${files.name} is no OCI layout: it has no \`oci-layout\` file`, {
      hint: 'use `docker-archive:FILE` for what `docker save` writes',
    });
  }
  const node = parseJson(readBlob(place, 4096, `${files.name}: oci-layout`), `${files.name}: oci-layout`);
  const version = stringOf(member(node, 'imageLayoutVersion'));
  if (!/^1\./.test(version)) {
    throw new BivyError('BASE_UNSUPPORTED', `${files.name} is an OCI layout of version \`${version}\``, {
      hint: 'version 1.0.0 is supported',
    });
  }
}

function isNamed({ annotations = {} }: Descriptor, tag: string | undefined): boolean {
  return tag === undefined || annotations[REF_NAME] === tag || annotations[IMAGE_NAME] === tag;
}

function noSuchTag(files: ImageFiles, tag: string | undefined, index: readonly Descriptor[]): BivyError {
  const tags = index.flatMap((descriptor) => descriptor.annotations?.[REF_NAME] ?? []);
  const what = tag === undefined ? 'an image' : `an image with the tag \`${tag}\``;
  return new BivyError('BASE_MISSING', `${files.name} does not hold ${what}`, {
    causes: tags.length === 0 ? [] : [`it has ${tags.slice(0, 20).join(', ')}`],
  });
}

function readDescribed(files: ImageFiles, descriptor: Descriptor, limit: number): Buffer {
  const name = `${files.name}: ${descriptor.digest}`;
  return readBlob(placeOf(files, descriptor), limit, name, descriptor.digest);
}

function placeOf(files: ImageFiles, { digest, size }: Descriptor): BlobPlace {
  const place = files.find(`blobs/sha256/${hexOf(digest)}`);
  if (place === undefined) {
    throw new BivyError('BASE_INVALID', `${files.name} lacks the blob \`${digest}\``, {
      hint: 'copy or save the image again',
    });
  }
  if (place.size !== size) {
    throw new BivyError(
      'BASE_INVALID',
      `${files.name}: the blob \`${digest}\` has ${place.size} bytes instead of ${size}`,
      { hint: 'copy or save the image again' },
    );
  }
  return place;
}

function readFile(files: ImageFiles, path: string): Buffer {
  const place = files.find(path);
  if (place === undefined) throw new BivyError('BASE_INVALID', `${files.name} has no \`${path}\``);
  return readBlob(place, MAX_MANIFEST, `${files.name}: ${path}`);
}
