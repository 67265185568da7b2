// Two images: the same to the byte, or where they first part: layer, file, field, byte. Layers of one digest are the same
// and are not read; of the others the first is, from both sides, held against its digests before anything is said of it.

import type { Context } from '../kernel/context.ts';
import { type Digest, digestOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { LayerKind } from '../layers/record.ts';
import { type BlobPlace, decompress, layerCompression, meter, streamBlob } from './blob.ts';
import { type ByteDifference, firstDifference } from './compare-bytes.ts';
import { compareJson, type JsonDifference } from './compare-json.ts';
import { compareTars, type FileDifference } from './compare-tar.ts';
import type { LocalBlob, RemoteBlob } from './image.ts';

export interface ComparedLayer {
  /** Of the compressed blob; absent where nobody says it, as in what `docker save` writes. */
  readonly digest?: Digest;
  /** Of the blob, in bytes. */
  readonly size: number;
  /** As the configuration states it. */
  readonly diffId: Digest;
  readonly blob: LocalBlob | RemoteBlob;
  readonly kind?: LayerKind;
  readonly packages?: readonly string[];
}

/** A `BuiltImage` with a name is one. */
export interface ComparedImage {
  /** For messages: `oci:dist/app`. */
  readonly name: string;
  /** Absent where the archive keeps none; compression is not compared then. */
  readonly manifest?: Uint8Array;
  readonly config: Uint8Array;
  readonly layers: readonly ComparedLayer[];
}

export interface LayerDifference {
  /** From 0. */
  readonly index: number;
  /** Nothing where that image has no such layer. */
  readonly left: LayerName | null;
  readonly right: LayerName | null;
  /** `missing`: one image lacks the layer; `order`: both have it, elsewhere; `files`; `compression`: of one tar. */
  readonly what: 'missing' | 'order' | 'files' | 'compression';
  /** All that differs about the first file that does. */
  readonly files: readonly FileDifference[];
  /** In the blobs, where the tars in them are the same. */
  readonly compressed: ByteDifference | null;
}

export interface LayerName {
  readonly digest: Digest | null;
  readonly diffId: Digest;
  readonly size: number;
  readonly kind: LayerKind | null;
  readonly packages: readonly string[];
}

export interface Comparison {
  readonly equal: boolean;
  /** The first one. */
  readonly layer: LayerDifference | null;
  /** What follows from the layers' difference is left out, here and below. */
  readonly config: readonly JsonDifference[];
  readonly manifest: readonly JsonDifference[];
}

/**
 * @throws BivyError `HASH_MISMATCH` where a layer is not what it is called, `ARCHIVE_INVALID`, `BASE_UNSUPPORTED`; what
 * fetching a layer throws
 */
export async function compareImages(
  left: ComparedImage,
  right: ComparedImage,
  context: Context,
): Promise<Comparison> {
  const layer = await compareLayers(left, right, context);
  const config = compareDocuments(left.config, right.config).filter(
    ({ path }) => layer === null || !/^rootfs\.diff_ids\[/.test(path),
  );
  const sameConfig = Buffer.compare(left.config, right.config) === 0;
  const manifest =
    left.manifest === undefined || right.manifest === undefined
      ? []
      : compareDocuments(left.manifest, right.manifest).filter(
          ({ path }) =>
            (layer === null || !/^layers\[\d+\]/.test(path)) &&
            (sameConfig || !/^config\.(?:digest|size)$/.test(path)),
        );
  const equal = layer === null && config.length === 0 && manifest.length === 0;
  return { equal, layer, config, manifest };
}

/**
 * Reads the layers that are on this disk and holds them against their digests.
 * @throws BivyError `HASH_MISMATCH`
 */
export async function checkLayers({ name, layers }: ComparedImage, context: Context): Promise<void> {
  for (const [index, layer] of layers.entries()) {
    if (layer.digest !== undefined && 'path' in layer.blob) await openLayer(name, index, layer, context);
  }
}

/** The same values in other bytes are a difference of the document itself. */
function compareDocuments(left: Uint8Array, right: Uint8Array): readonly JsonDifference[] {
  if (Buffer.compare(left, right) === 0) return [];
  const found = compareJson(parsed(left), parsed(right));
  return found.length > 0 ? found : [{ path: '', left: digestOf(left), right: digestOf(right) }];
}

function parsed(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

interface Side {
  readonly name: string;
  readonly layers: readonly (ComparedLayer & { readonly identity: Digest })[];
}

async function compareLayers(
  left: ComparedImage,
  right: ComparedImage,
  context: Context,
): Promise<LayerDifference | null> {
  // Where one side states no digests of blobs, the tars in them decide.
  const stated = [...left.layers, ...right.layers].every(({ digest }) => digest !== undefined);
  const [one, other] = [await identify(left, stated, context), await identify(right, stated, context)];
  const index = firstIndex(one.layers, other.layers);
  if (index === undefined) return null;
  const [mine, theirs] = [one.layers[index], other.layers[index]];
  const names = { index, left: nameOf(mine), right: nameOf(theirs), files: [], compressed: null };
  if (mine === undefined || theirs === undefined) return { ...names, what: 'missing' };
  const leftLater = other.layers.some(({ identity }, at) => at > index && identity === mine.identity);
  const rightLater = one.layers.some(({ identity }, at) => at > index && identity === theirs.identity);
  if (leftLater && rightLater) return { ...names, what: 'order' };
  if (leftLater) return { ...names, left: null, what: 'missing' };
  if (rightLater) return { ...names, right: null, what: 'missing' };
  const [leftOpen, rightOpen] = [
    await openLayer(left.name, index, mine, context),
    await openLayer(right.name, index, theirs, context),
  ];
  const files = await compareTars(leftOpen.tar, rightOpen.tar);
  if (files.length > 0) return { ...names, what: 'files', files };
  if (!stated) throw untrue(left.name, right.name, index);
  const compressed = await firstDifference(leftOpen.blob(), rightOpen.blob());
  return { ...names, what: 'compression', compressed: compressed ?? null };
}

function firstIndex(
  left: readonly { readonly identity: Digest }[],
  right: readonly { readonly identity: Digest }[],
): number | undefined {
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    if (left[index]?.identity !== right[index]?.identity) return index;
  }
  return undefined;
}

async function identify(image: ComparedImage, stated: boolean, context: Context): Promise<Side> {
  const layers: (ComparedLayer & { identity: Digest })[] = [];
  for (const [index, layer] of image.layers.entries()) {
    layers.push({ ...layer, identity: await identityOf(image.name, index, layer, stated, context) });
  }
  return { name: image.name, layers };
}

/** A stated digest is believed until the layer is read; a tar without one is hashed. */
async function identityOf(
  name: string,
  index: number,
  layer: ComparedLayer,
  stated: boolean,
  context: Context,
): Promise<Digest> {
  if (stated && layer.digest !== undefined) return layer.digest;
  if (layer.digest !== undefined) return layer.diffId;
  const { tar } = await openLayer(name, index, layer, context);
  return hashOf(tar());
}

function untrue(left: string, right: string, index: number): BivyError {
  return new BivyError('HASH_MISMATCH', `layer ${index + 1} of ${left} and of ${right} is the same`, {
    causes: ['one of them states a diffID that it has not'],
    hint: 'save or build the images again',
  });
}

interface OpenLayer {
  readonly blob: () => AsyncIterable<Uint8Array>;
  readonly tar: () => AsyncIterable<Uint8Array>;
}

/** A layer that can be read again and again, after its bytes were found to be what they are called. */
async function openLayer(
  image: string,
  index: number,
  { blob, size, digest }: ComparedLayer,
  { emit, signal }: Context,
): Promise<OpenLayer> {
  const name = `layer ${index + 1} of ${image}`;
  const { path, offset } = 'path' in blob ? blob : await blob.fetch();
  const place: BlobPlace = { path, offset, size };
  emit({ type: 'blob-read', digest: digest ?? name, why: 'to compare it' });
  if (digest !== undefined && (await hashOf(streamBlob(place, signal))) !== digest) {
    throw new BivyError('HASH_MISMATCH', `${name} is not \`${digest}\`: its bytes were changed`, {
      location: { file: path },
      hint: 'save or build the image again',
    });
  }
  const compression = layerCompression(place, name);
  return {
    blob: () => streamBlob(place, signal),
    tar: () => decompress(streamBlob(place, signal), compression, name),
  };
}

async function hashOf(source: AsyncIterable<Uint8Array>): Promise<Digest> {
  const { stream, digest } = meter(source);
  for await (const _ of stream);
  return digest();
}

function nameOf(layer: ComparedLayer | undefined): LayerName | null {
  if (layer === undefined) return null;
  const { digest = null, diffId, size, kind = null, packages = [] } = layer;
  return { digest, diffId, size, kind, packages };
}
