// Reading OCI layouts, in a directory or in an archive: from `index.json` to the one image that was asked for.
// Spec: image-spec, image-layout.md and image-index.md. Digests are checked, sizes bounded, nesting too.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { member, stringOf } from '../kernel/decode.ts';
import { type Digest, digestOf, hexOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { ImageFiles } from './archive.ts';
import { type BlobPlace, readBlob } from './blob.ts';
import { isSamePlatform, spellPlatform } from './platform.ts';
import {
  type Descriptor,
  DOCKER_INDEX,
  DOCKER_LAYERS,
  DOCKER_MANIFEST,
  IMAGE_NAME,
  type ImageConfig,
  INDEX,
  LAYER,
  LAYER_GZIP,
  LAYER_ZSTD,
  MANIFEST,
  type Platform,
  REF_NAME,
} from './spec.ts';
import { decodeConfig, decodeIndex, decodeManifest, parseJson } from './wire.ts';

/** An image as it was found; what its layers really are is known once they have been read. */
export interface FoundImage {
  readonly config: ImageConfig;
  readonly configDigest: Digest;
  /** Lowest first, as many as `config.rootfs.diff_ids`; the digest is absent where the archive states none. */
  readonly layers: readonly { readonly place: BlobPlace; readonly digest?: Digest }[];
}

/** Bytes of an index or a manifest; registries refuse more. */
export const MAX_MANIFEST: number = 4 << 20;
/** Bytes of a configuration. */
export const MAX_CONFIG: number = 8 << 20;
const MAX_DEPTH = 4;
const MAX_CANDIDATES = 1000;

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
export function findLayoutImage(files: ImageFiles, platform: Platform, tag: string | undefined): FoundImage {
  checkVersion(files);
  const index = decodeIndex(parseJson(readFile(files, 'index.json'), `${files.name}: index.json`));
  const named = index.filter((descriptor) => isNamed(descriptor, tag));
  if (named.length === 0) throw noSuchTag(files, tag, index);

  const candidates = new Map<Digest, Descriptor>();
  const seen: string[] = [];
  const visit = (descriptor: Descriptor, depth: number): void => {
    if (depth > MAX_DEPTH || seen.length > MAX_CANDIDATES) {
      throw new BivyError('BASE_INVALID', `${files.name} nests too many indexes`);
    }
    const { mediaType, digest, platform: own } = descriptor;
    if (mediaType === INDEX || mediaType === DOCKER_INDEX) {
      const bytes = readDescribed(files, descriptor, MAX_MANIFEST);
      for (const inner of decodeIndex(parseJson(bytes, `${files.name}: ${digest}`))) visit(inner, depth + 1);
    } else if (mediaType === MANIFEST || mediaType === DOCKER_MANIFEST) {
      const actual = own ?? platformOf(files, descriptor);
      seen.push(spellPlatform(actual));
      if (isSamePlatform(actual, platform)) candidates.set(digest, descriptor);
    }
  };
  for (const descriptor of named) visit(descriptor, 0);

  const [first, second] = candidates.values();
  if (first === undefined) throw noSuchPlatform(files.name, platform, seen);
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
  return readImage(files, first);
}

/** @throws BivyError `BASE_MISSING` always */
export function noSuchPlatform(name: string, platform: Platform, seen: readonly string[]): BivyError {
  return new BivyError('BASE_MISSING', `${name} has no image for \`${spellPlatform(platform)}\``, {
    causes: [`it has ${seen.length === 0 ? 'no image at all' : [...new Set(seen)].sort().join(', ')}`],
    hint: 'choose a platform that the base has, or a base that has the platform',
  });
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

function readImage(files: ImageFiles, descriptor: Descriptor): FoundImage {
  const name = `${files.name}: ${descriptor.digest}`;
  const manifest = decodeManifest(parseJson(readDescribed(files, descriptor, MAX_MANIFEST), name));
  const bytes = readDescribed(files, manifest.config, MAX_CONFIG);
  const config = decodeConfig(parseJson(bytes, `${files.name}: ${manifest.config.digest}`));
  if (config.rootfs.diff_ids.length !== manifest.layers.length) {
    throw new BivyError(
      'BASE_INVALID',
      `${name} has ${manifest.layers.length} layers, its configuration ${config.rootfs.diff_ids.length}`,
    );
  }
  return {
    config,
    configDigest: digestOf(bytes),
    layers: manifest.layers.map((layer) => {
      checkLayerType(files.name, layer);
      return { place: placeOf(files, layer), digest: layer.digest };
    }),
  };
}

function checkLayerType(name: string, { mediaType, digest }: Descriptor): void {
  if ([LAYER, LAYER_GZIP, LAYER_ZSTD].includes(mediaType)) return;
  if (DOCKER_LAYERS[mediaType] !== undefined && DOCKER_LAYERS[mediaType] !== null) return;
  throw new BivyError(
    'BASE_UNSUPPORTED',
    `${name} has a layer of the type \`${mediaType.slice(0, 100)}\` (\`${digest}\`)`,
    { hint: 'only tar layers are supported: plain, gzip or zstd' },
  );
}

/** The platform of a manifest whose index does not tell. */
function platformOf(files: ImageFiles, descriptor: Descriptor): Platform {
  return readImageConfig(files, descriptor);
}

function readImageConfig(files: ImageFiles, descriptor: Descriptor): ImageConfig {
  const bytes = readDescribed(files, descriptor, MAX_MANIFEST);
  const { config } = decodeManifest(parseJson(bytes, `${files.name}: ${descriptor.digest}`));
  return decodeConfig(parseJson(readDescribed(files, config, MAX_CONFIG), `${files.name}: ${config.digest}`));
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
