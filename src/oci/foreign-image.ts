// An image that something else built, as a value: what BuildKit, podman and Docker's engine leave in an archive, with
// documents and layers as they are. Plain layers alone are packed, since nobody publishes them so.

import { statSync } from 'node:fs';
import type { Context } from '../kernel/context.ts';
import { type Digest, digestOf, hexOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { type ImageFiles, openArchive } from './archive.ts';
import { type BlobPlace, layerCompression, readBlob } from './blob.ts';
import { imageManifest } from './config.ts';
import type { AttachedManifest, BuiltImage, ImageIndex, ImageLayer } from './image.ts';
import { inspectBase } from './inspect.ts';
import { MAX_CONFIG, MAX_MANIFEST, openLayout } from './layout.ts';
import { packLayer } from './packed-layer.ts';
import { spellPlatform } from './platform.ts';
import { type Descriptor, type ImageConfig, INDEX, LAYER_GZIP, MANIFEST, REF_NAME } from './spec.ts';
import { decodeConfig, decodeIndex, decodeManifest, parseJson } from './wire.ts';

export interface ForeignPlace {
  readonly kind: 'oci' | 'oci-archive' | 'docker-archive';
  readonly path: string;
  /** Of several images, the one with this tag. */
  readonly tag?: string | undefined;
  /** For messages: `oci:DIR`, `what podman saved`. */
  readonly name: string;
}

/** Of a bill of materials, say. */
const MAX_STATEMENT = 256 << 20;
const REFERENCE_DIGEST = 'vnd.docker.reference.digest';

/**
 * The image of a layout or an archive, or the index of several, byte for byte; every layer is read once, and remembered.
 * @throws BivyError `BASE_MISSING`, `BASE_INVALID`, `BASE_UNSUPPORTED`, `HASH_MISMATCH`
 */
export async function readForeignImage(
  place: ForeignPlace,
  context: Context,
): Promise<BuiltImage | ImageIndex> {
  const files = await openFiles(place, context);
  if (place.kind === 'docker-archive') return dockerImage(place, files, context);
  const root = rootOf(files, place.tag);
  if (root.mediaType === MANIFEST) return layoutImage(files, root, context);
  if (root.mediaType !== INDEX) throw unsupported(files, root);
  const index = readDocument(files, root, MAX_MANIFEST);
  const images: BuiltImage[] = [];
  const attached: AttachedManifest[] = [];
  for (const inner of decodeIndex(parseJson(index, `${files.name}: ${root.digest}`))) {
    const subject = inner.annotations?.[REFERENCE_DIGEST];
    if (inner.mediaType !== MANIFEST) throw unsupported(files, inner);
    if (subject === undefined) images.push(await layoutImage(files, inner, context));
    else attached.push(attachedOf(files, inner, subject as Digest));
  }
  const whole = { index, indexDigest: root.digest, images };
  return attached.length === 0 ? whole : { ...whole, attached };
}

/**
 * What a layout has under a tag, or as its only image, without reading it.
 * @throws BivyError `BASE_MISSING`, `BASE_INVALID`
 */
export function rootOf(files: ImageFiles, tag: string | undefined): Descriptor {
  const place = files.find('index.json');
  if (place === undefined) throw new BivyError('BASE_INVALID', `${files.name} has no \`index.json\``);
  const name = `${files.name}: index.json`;
  const all = decodeIndex(parseJson(readBlob(place, MAX_MANIFEST, name), name));
  const named = all.filter(({ annotations }) => tag === undefined || annotations?.[REF_NAME] === tag);
  const [first, ...others] = new Map(named.map((one) => [one.digest, one])).values();
  if (first !== undefined && others.length === 0) return first;
  const tags = all.map(({ annotations, digest }) => annotations?.[REF_NAME] ?? digest);
  throw new BivyError(
    'BASE_MISSING',
    first === undefined
      ? `${files.name} does not hold ${tag === undefined ? 'an image' : `an image with the tag \`${tag}\``}`
      : `${files.name} holds several images`,
    { causes: [...new Set(tags)].slice(0, 20), hint: `name one of them, as in \`${files.name}:TAG\`` },
  );
}

async function openFiles({ kind, path, name }: ForeignPlace, context: Context): Promise<ImageFiles> {
  if (kind === 'oci') return openLayout(path, name);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new BivyError('BASE_MISSING', `there is no image at \`${path}\``, { hint: 'check the path' });
  }
  return openArchive(path, name, context);
}

async function layoutImage(files: ImageFiles, root: Descriptor, context: Context): Promise<BuiltImage> {
  const name = `${files.name}: ${root.digest}`;
  const manifest = readDocument(files, root, MAX_MANIFEST);
  const { config: described, layers } = decodeManifest(parseJson(manifest, name));
  const bytes = readDocument(files, described, MAX_CONFIG);
  const config = decodeConfig(parseJson(bytes, `${files.name}: ${described.digest}`));
  const places = layers.map((layer) => ({ place: placeOf(files, layer), digest: layer.digest }));
  const learnt = await learn(files, config, described.digest, places, context);
  const own = learnt.layers.map((layer, at): ImageLayer => {
    const { mediaType, annotations } = layers[at]!;
    return { ...layer, mediaType, ...(annotations === undefined ? {} : { annotations }) };
  });
  const documents = { manifest, manifestDigest: root.digest, config: bytes, configDigest: described.digest };
  if (own.every(({ blob, digest, diffId }) => digest !== diffId || !('path' in blob))) {
    return { platform: spellPlatform(config), ...documents, layers: own, unpacked: learnt.unpacked };
  }
  return packImage(config, bytes, { layers: own, unpacked: learnt.unpacked }, context);
}

/** What `docker save` writes: a configuration, and layers that are plain in all but the newest engines. */
async function dockerImage(place: ForeignPlace, files: ImageFiles, context: Context): Promise<BuiltImage> {
  const { openLocalImages } = await import('./compare-source.ts');
  const tag = place.tag === undefined ? '' : `:${place.tag}`;
  const { images } = await openLocalImages(`docker-archive:${place.path}${tag}`, context);
  const [only, ...others] = images;
  if (only === undefined || others.length > 0) {
    throw new BivyError('BASE_INVALID', `${files.name} holds ${images.length} images instead of one`);
  }
  const bytes = only.image.config;
  const configDigest = digestOf(bytes);
  const config = decodeConfig(parseJson(bytes, `${files.name}: ${configDigest}`));
  const places = only.image.layers.map(({ size, diffId, blob }) => {
    if (!('path' in blob)) throw new BivyError('INTERNAL', `${files.name} is not on this disk`);
    const found = { path: blob.path, offset: blob.offset, size };
    const isPlain = layerCompression(found, files.name) === 'none';
    return { place: found, ...(isPlain ? { digest: diffId } : {}) };
  });
  return packImage(config, bytes, await learn(files, config, configDigest, places, context), context);
}

interface Learnt {
  readonly layers: readonly ImageLayer[];
  readonly unpacked: number;
}

/** What the layers hold; each is held against its digests when it is read for the first time. */
async function learn(
  files: ImageFiles,
  config: ImageConfig,
  configDigest: Digest,
  layers: readonly { readonly place: BlobPlace; readonly digest?: Digest }[],
  context: Context,
): Promise<Learnt> {
  const { facts, layers: known } = await inspectBase({ config, configDigest, layers }, files, [], context);
  return {
    unpacked: facts.unpacked,
    layers: known.map((layer, at) => ({
      ...layer,
      kind: 'dockerfile',
      packages: [],
      cached: false,
      blob: { path: layers[at]!.place.path, offset: layers[at]!.place.offset },
    })),
  };
}

/** The image with every plain layer packed, and a manifest that says so; its configuration stays what it is. */
async function packImage(
  config: ImageConfig,
  bytes: Uint8Array,
  { layers, unpacked }: Learnt,
  context: Context,
): Promise<BuiltImage> {
  const packed: ImageLayer[] = [];
  for (const layer of layers) {
    const { digest, diffId, size, blob } = layer;
    if (digest !== diffId || !('path' in blob)) {
      packed.push(layer);
      continue;
    }
    const made = await packLayer({ ...blob, size }, diffId, context);
    const place = { path: made.path, offset: 0 };
    packed.push({ ...layer, mediaType: LAYER_GZIP, digest: made.digest, size: made.size, blob: place });
  }
  const configDigest = digestOf(bytes);
  const manifest = imageManifest({ config: { digest: configDigest, size: bytes.length }, layers: packed });
  return {
    platform: spellPlatform(config),
    manifest,
    manifestDigest: digestOf(manifest),
    config: bytes,
    configDigest,
    layers: packed,
    unpacked,
  };
}

function attachedOf(files: ImageFiles, root: Descriptor, subject: Digest): AttachedManifest {
  const manifest = readDocument(files, root, MAX_MANIFEST);
  const { config, layers } = decodeManifest(parseJson(manifest, `${files.name}: ${root.digest}`));
  return {
    subject,
    manifest,
    manifestDigest: root.digest,
    config: readDocument(files, config, MAX_CONFIG),
    configDigest: config.digest,
    blobs: layers.map((layer) => ({
      digest: layer.digest,
      bytes: readDocument(files, layer, MAX_STATEMENT),
    })),
  };
}

function readDocument(files: ImageFiles, descriptor: Descriptor, limit: number): Buffer {
  const { digest } = descriptor;
  return readBlob(placeOf(files, descriptor), limit, `${files.name}: ${digest}`, digest);
}

function placeOf(files: ImageFiles, { digest, size }: Descriptor): BlobPlace {
  const place = files.find(`blobs/sha256/${hexOf(digest)}`);
  if (place?.size === size) return place;
  throw new BivyError('BASE_INVALID', `${files.name} lacks the blob \`${digest}\``, {
    hint: 'copy or save the image again',
  });
}

function unsupported(files: ImageFiles, { mediaType }: Descriptor): BivyError {
  return new BivyError('BASE_UNSUPPORTED', `${files.name} is of the type \`${mediaType.slice(0, 100)}\``, {
    hint: 'OCI images and indexes of them are supported',
  });
}
