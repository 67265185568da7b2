// What a build made, as the JSON contract has it.

import type { Moved } from '../oci/destination.ts';
import type { BuiltImage, ImageIndex } from '../oci/image.ts';

export interface BuildDestination {
  readonly kind: string;
  readonly path?: string;
  /** Bytes of blobs; of a registry only. */
  readonly moved?: Moved;
}

export interface BuildDocument {
  readonly version: 1;
  /** What built it, where bivy did not: `docker buildx`. */
  readonly engine?: string;
  readonly digest: string;
  readonly tags: readonly string[];
  readonly destinations: readonly BuildDestination[];
  readonly seconds: number;
  readonly images: readonly {
    readonly platform: string;
    readonly manifest: string;
    readonly config: string;
    readonly size: number;
    readonly unpacked: number;
    readonly layers: readonly {
      readonly digest: string;
      readonly diffId: string;
      readonly size: number;
      readonly unpacked: number;
      readonly kind: string;
      readonly packages: readonly string[];
      readonly cached: boolean;
    }[];
  }[];
}

export interface BuildFacts {
  readonly image: BuiltImage | ImageIndex;
  readonly tags: readonly string[];
  readonly destinations: readonly BuildDestination[];
  readonly seconds: number;
  readonly engine?: string;
}

/** `digest` is what is published: the image's manifest, or the index of several. */
export function buildDocument({ image, tags, destinations, seconds, engine }: BuildFacts): BuildDocument {
  const isIndex = 'images' in image;
  return {
    version: 1,
    ...(engine === undefined ? {} : { engine }),
    digest: isIndex ? image.indexDigest : image.manifestDigest,
    tags,
    destinations,
    seconds: Math.round(seconds * 1000) / 1000,
    images: (isIndex ? image.images : [image]).map(describeImage),
  };
}

/** `size` is what a registry would store: the layers and the configuration. */
function describeImage(image: BuiltImage): BuildDocument['images'][number] {
  return {
    platform: image.platform,
    manifest: image.manifestDigest,
    config: image.configDigest,
    size: imageSize(image),
    unpacked: image.unpacked,
    layers: image.layers.map(({ digest, diffId, size, unpacked, kind, packages, cached }) => ({
      digest,
      diffId,
      size,
      unpacked,
      kind,
      packages,
      cached,
    })),
  };
}

/** Compressed bytes of an image: layers and configuration. */
export function imageSize(image: BuiltImage): number {
  return image.layers.reduce((sum, layer) => sum + layer.size, image.config.length);
}
