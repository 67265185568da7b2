// What a published image consists of, wherever it goes: its blobs, and the `index.json` that names them.

import { canonicalJson, type Digest, digestOf } from '../../kernel/digest.ts';
import { imageIndex } from '../config.ts';
import { type AttachedManifest, type BuiltImage, type ImageIndex, localBlob } from '../image.ts';
import { parsePlatform } from '../platform.ts';
import { parseReference } from '../reference.ts';
import { type Descriptor, IMAGE_NAME, INDEX, MANIFEST, OURS, REF_NAME } from '../spec.ts';

export type PublishedBlob = {
  readonly digest: Digest;
  readonly size: number;
} & ({ readonly bytes: Uint8Array } | { readonly path: string; readonly offset: number });

/** The bytes of `oci-layout`. */
export const LAYOUT_VERSION: Uint8Array = Buffer.from('{"imageLayoutVersion":"1.0.0"}');

/** The images of a publication, in its order. */
export function imagesOf(image: BuiltImage | ImageIndex): readonly BuiltImage[] {
  return 'images' in image ? image.images : [image];
}

/** Each blob once: documents first, then layers, in the images' order. */
export function blobsOf(image: BuiltImage | ImageIndex): readonly PublishedBlob[] {
  const blobs = new Map<Digest, PublishedBlob>();
  const add = (blob: PublishedBlob): void => {
    if (!blobs.has(blob.digest)) blobs.set(blob.digest, blob);
  };
  if ('images' in image) add(document(image.indexDigest, image.index));
  const images = imagesOf(image);
  for (const one of images) {
    add(document(one.manifestDigest, one.manifest));
    add(document(one.configDigest, one.config));
  }
  for (const one of attachedTo(image)) {
    add(document(one.manifestDigest, one.manifest));
    add(document(one.configDigest, one.config));
    for (const { digest, bytes } of one.blobs) add(document(digest, bytes));
  }
  for (const one of images) {
    for (const layer of one.layers) add({ digest: layer.digest, size: layer.size, ...localBlob(layer) });
  }
  return [...blobs.values()];
}

function attachedTo(image: BuiltImage | ImageIndex): readonly AttachedManifest[] {
  return 'images' in image ? (image.attached ?? []) : [];
}

function document(digest: Digest, bytes: Uint8Array): PublishedBlob {
  return { digest, size: bytes.length, bytes };
}

/**
 * The bytes of `index.json`: one descriptor a tag, all of the same image. It carries a mark that holds for these
 * descriptors alone: an index that somebody else changed is no longer ours to replace.
 * @throws BivyError `USAGE` for what is no reference
 */
export function indexJson(image: BuiltImage | ImageIndex, tags: readonly string[]): Uint8Array {
  const target: Descriptor =
    'images' in image
      ? { mediaType: INDEX, digest: image.indexDigest, size: image.index.length }
      : {
          mediaType: MANIFEST,
          digest: image.manifestDigest,
          size: image.manifest.length,
          platform: parsePlatform(image.platform),
        };
  const manifests: Descriptor[] = [];
  const seen = new Set<string>();
  for (const tag of tags) {
    const reference = parseReference(tag);
    if (seen.has(reference.full)) continue;
    seen.add(reference.full);
    // `oci:DIR:TAG` must lead to one descriptor: of two names with one tag only the first has it.
    const taken = manifests.some((other) => other.annotations?.[REF_NAME] === reference.tag);
    manifests.push({
      ...target,
      annotations: { [IMAGE_NAME]: reference.full, ...(taken ? {} : { [REF_NAME]: reference.tag }) },
    });
  }
  if (manifests.length === 0) manifests.push(target);
  return imageIndex(manifests, { [OURS]: markOf(manifests) });
}

/** The `index.json` of a layout that holds nothing yet. */
export function emptyIndex(): Uint8Array {
  return imageIndex([], { [OURS]: markOf([]) });
}

/** Whether the bytes are an `index.json` that bivy wrote and nobody changed. */
export function isOurs(bytes: Uint8Array): boolean {
  try {
    const { manifests, annotations } = JSON.parse(Buffer.from(bytes).toString('utf8')) as {
      manifests?: unknown;
      annotations?: Record<string, unknown>;
    };
    return annotations?.[OURS] === markOf(manifests);
  } catch {
    return false;
  }
}

function markOf(manifests: unknown): string {
  return digestOf(canonicalJson(manifests));
}
