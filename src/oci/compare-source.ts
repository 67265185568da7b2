// Images to be compared, from where they are: each platform's manifest, configuration and layers, as exact bytes. Layers
// are not read here. Attestations are no images; an index may nest.

import { statSync } from 'node:fs';
import type { Context } from '../kernel/context.ts';
import { itemsOf, member, stringOf, stringsOf } from '../kernel/decode.ts';
import { type Digest, digestOf, hexOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { ImageFiles } from './archive.ts';
import { type BlobPlace, readBlob } from './blob.ts';
import type { ComparedImage, ComparedLayer } from './compare.ts';
import { isOurs } from './destinations/contents.ts';
import type { LocalBlob, RemoteBlob } from './image.ts';
import { MAX_CONFIG, MAX_MANIFEST } from './layout.ts';
import { splitTag } from './local-image.ts';
import { spellPlatform } from './platform.ts';
import {
  type Descriptor,
  DOCKER_INDEX,
  DOCKER_MANIFEST,
  IMAGE_NAME,
  INDEX,
  MANIFEST,
  REF_NAME,
} from './spec.ts';
import { decodeConfig, decodeIndex, decodeManifest, parseJson } from './wire.ts';

/** Where the blobs of an image are. */
export interface BlobSource {
  /** For messages: `oci:dist/app`. */
  readonly name: string;
  /** A small blob, held against its digest. @param limit most bytes it may have */
  read(blob: Pick<Descriptor, 'digest' | 'size' | 'mediaType'>, limit: number): Promise<Uint8Array>;
  /** Where a layer is. */
  find(blob: Pick<Descriptor, 'digest' | 'size'>): LocalBlob | RemoteBlob;
}

export interface OpenedImage {
  readonly platform: string;
  /** Of the manifest; `null` where there is none. */
  readonly digest: Digest | null;
  readonly image: ComparedImage;
}

export interface OpenedImages {
  /** Of what the name leads to: an index or a manifest; `null` where there is neither. */
  readonly digest: Digest | null;
  /** One a platform, in the order found. */
  readonly images: readonly OpenedImage[];
}

const MAX_DEPTH = 4;
const MAX_IMAGES = 100;
const MAX_CONFIGS = 1000;

/**
 * The images of `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]` or `docker-archive:FILE[:TAG]`.
 * @throws BivyError `IMAGE_MISSING`, `BASE_INVALID`, `BASE_UNSUPPORTED`
 */
export async function openLocalImages(
  reference: string,
  context: Context,
  directory: string = '.',
): Promise<OpenedImages> {
  const kind = reference.slice(0, reference.indexOf(':'));
  const { path, tag } = splitTag(directory, reference.slice(kind.length + 1));
  const found = statSync(path, { throwIfNoEntry: false });
  if (kind === 'oci' ? found?.isDirectory() !== true : found?.isFile() !== true) {
    throw new BivyError('IMAGE_MISSING', `there is no image \`${reference}\``, {
      causes: [`\`${path}\` is no ${kind === 'oci' ? 'directory' : 'file'}`],
      hint: 'check the path: `bivy build -o oci:DIR` writes such an image, as `skopeo copy` and `docker save` do',
    });
  }
  const [{ openArchive }, { openLayout }] = await Promise.all([
    import('./archive.ts'),
    import('./layout.ts'),
  ]);
  const files = kind === 'oci' ? openLayout(path, reference) : await openArchive(path, reference, context);
  const index = files.find('index.json');
  // What Docker saves is its own: of bivy's archives the layout says more.
  const isLayout =
    kind !== 'docker-archive' || (index !== undefined && isOurs(readFile(index, 'index.json')));
  return isLayout ? openLayoutImages(files, tag) : openDockerImages(files, tag);
}

async function openLayoutImages(files: ImageFiles, tag: string | undefined): Promise<OpenedImages> {
  const { name } = files;
  const index = files.find('index.json');
  if (index === undefined) throw new BivyError('BASE_INVALID', `${name} has no \`index.json\``);
  const all = decodeIndex(parseJson(readFile(index, `${name}: index.json`), `${name}: index.json`));
  const named = new Map(all.filter((one) => isNamed(one, tag)).map((one) => [one.digest, one]));
  const [root, another] = [...named.values()];
  if (root === undefined || another !== undefined) {
    const tags = all.map((one) => one.annotations?.[REF_NAME] ?? one.digest);
    throw new BivyError(
      'IMAGE_MISSING',
      root === undefined
        ? `${name} does not hold ${tag === undefined ? 'an image' : `the image \`${tag}\``}`
        : `${name} holds several images`,
      {
        causes: [...new Set(tags)].slice(0, 20),
        hint: `name one of them, as in \`${name}:TAG\``,
      },
    );
  }
  return openImages(root, {
    name,
    read: async (blob, limit) =>
      readBlob(placeOf(files, blob), limit, `${name}: ${blob.digest}`, blob.digest),
    find: (blob) => placeOf(files, blob),
  });
}

/**
 * All images that a manifest or an index leads to.
 * @throws BivyError `BASE_INVALID`, `BASE_UNSUPPORTED`; what reading a blob throws
 */
export async function openImages(root: Descriptor, source: BlobSource): Promise<OpenedImages> {
  const images = new Map<Digest, OpenedImage>();
  const visit = async (descriptor: Descriptor, depth: number): Promise<void> => {
    const { mediaType, digest } = descriptor;
    if (images.has(digest) || isAttestation(descriptor)) return;
    if (mediaType === INDEX || mediaType === DOCKER_INDEX) {
      if (depth > MAX_DEPTH) throw new BivyError('BASE_INVALID', `${source.name} nests too many indexes`);
      const bytes = await source.read(descriptor, MAX_MANIFEST);
      for (const inner of decodeIndex(parseJson(bytes, `${source.name}: ${digest}`))) {
        await visit(inner, depth + 1);
      }
    } else if (mediaType === MANIFEST || mediaType === DOCKER_MANIFEST) {
      if (images.size >= MAX_IMAGES) {
        throw new BivyError('BASE_INVALID', `${source.name} holds more than ${MAX_IMAGES} images`);
      }
      images.set(digest, await openImage(descriptor, source));
    } else if (depth === 0) {
      throw new BivyError(
        'BASE_UNSUPPORTED',
        `${source.name} is of the type \`${mediaType.slice(0, 100)}\``,
        {
          hint: 'name an image or an index of images',
        },
      );
    }
  };
  await visit(root, 0);
  return { digest: root.digest, images: [...images.values()] };
}

async function openImage(descriptor: Descriptor, source: BlobSource): Promise<OpenedImage> {
  const name = `${source.name}: ${descriptor.digest}`;
  const manifest = await source.read(descriptor, MAX_MANIFEST);
  const { config: described, layers } = decodeManifest(parseJson(manifest, name));
  const bytes = await source.read(described, MAX_CONFIG);
  const config = decodeConfig(parseJson(bytes, `${source.name}: ${described.digest}`));
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== layers.length) throw unequal(name, layers.length, diffIds.length);
  return {
    platform: spellPlatform(config),
    digest: descriptor.digest,
    image: {
      name: source.name,
      manifest,
      config: bytes,
      layers: layers.map(({ digest, size }, index) => ({
        digest,
        size,
        diffId: diffIds[index]!,
        blob: source.find({ digest, size }),
      })),
    },
  };
}

/** As BuildKit writes them into an index: https://docs.docker.com/build/metadata/attestations/attestation-storage/ */
function isAttestation({ platform, annotations = {} }: Descriptor): boolean {
  return platform?.os === 'unknown' || annotations['vnd.docker.reference.type'] !== undefined;
}

/** What `docker save` writes: configurations and tars, by their paths. Format: moby, image/tarexport. */
function openDockerImages(files: ImageFiles, tag: string | undefined): OpenedImages {
  const { name } = files;
  const list = files.find('manifest.json');
  if (list === undefined) {
    throw new BivyError('BASE_INVALID', `${name} has no \`manifest.json\``, {
      hint: 'use `oci-archive:FILE` for an OCI layout in a tar',
    });
  }
  const items = itemsOf(parseJson(readFile(list, `${name}: manifest.json`), `${name}: manifest.json`));
  const images: OpenedImage[] = [];
  const tags: string[] = [];
  for (const item of items.slice(0, MAX_CONFIGS)) {
    const own = stringsOf(member(item, 'RepoTags'));
    tags.push(...own);
    if (tag !== undefined && !own.includes(tag)) continue;
    const path = stringOf(member(item, 'Config'));
    const config = readBlob(fileOf(files, path), MAX_CONFIG, `${name}: ${path}`);
    const decoded = decodeConfig(parseJson(config, `${name}: ${path}`));
    const paths = stringsOf(member(item, 'Layers'));
    const diffIds = decoded.rootfs.diff_ids;
    if (diffIds.length !== paths.length) throw unequal(name, paths.length, diffIds.length);
    const layers = paths.map((layer, index): ComparedLayer => {
      const place = fileOf(files, layer);
      return { size: place.size, diffId: diffIds[index]!, blob: place };
    });
    images.push({ platform: spellPlatform(decoded), digest: null, image: { name, config, layers } });
  }
  const distinct = new Map(images.map((one) => [digestOf(one.image.config), one]));
  if (distinct.size !== 1) {
    throw new BivyError(
      'IMAGE_MISSING',
      distinct.size === 0
        ? `${name} does not hold ${tag === undefined ? 'an image' : `the image \`${tag}\``}`
        : `${name} holds several images`,
      { causes: tags.slice(0, 20), hint: `name one of them, as in \`${name}:NAME:TAG\`` },
    );
  }
  return { digest: null, images: [...distinct.values()] };
}

function unequal(name: string, layers: number, diffIds: number): BivyError {
  return new BivyError('BASE_INVALID', `${name} has ${layers} layers, its configuration ${diffIds}`);
}

function isNamed({ annotations = {} }: Descriptor, tag: string | undefined): boolean {
  return tag === undefined || annotations[REF_NAME] === tag || annotations[IMAGE_NAME] === tag;
}

function placeOf(files: ImageFiles, { digest, size }: Pick<Descriptor, 'digest' | 'size'>): BlobPlace {
  const place = fileOf(files, `blobs/sha256/${hexOf(digest)}`);
  if (place.size === size) return place;
  throw new BivyError(
    'BASE_INVALID',
    `${files.name}: the blob \`${digest}\` has ${place.size} bytes instead of ${size}`,
    { hint: 'copy or save the image again' },
  );
}

function fileOf(files: ImageFiles, path: string): BlobPlace {
  const place = files.find(path);
  if (place !== undefined) return place;
  throw new BivyError('BASE_INVALID', `${files.name} lacks ${JSON.stringify(path)}`, {
    hint: 'copy or save the image again',
  });
}

function readFile(place: BlobPlace, name: string): Buffer {
  return readBlob(place, MAX_MANIFEST, name);
}
