// What a build made, as the JSON contract has it.

import type { BuiltImage } from '../oci/image.ts';

export interface BuildDestination {
  readonly kind: string;
  readonly path?: string;
}

export interface BuildDocument {
  readonly version: 1;
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
  readonly image: BuiltImage;
  readonly tags: readonly string[];
  readonly destinations: readonly BuildDestination[];
  readonly seconds: number;
}

/** `size` of an image is what a registry would store: its layers and its configuration. */
export function buildDocument({ image, tags, destinations, seconds }: BuildFacts): BuildDocument {
  return {
    version: 1,
    digest: image.manifestDigest,
    tags,
    destinations: destinations.map(({ kind, path }) => ({ kind, ...(path === undefined ? {} : { path }) })),
    seconds: Math.round(seconds * 1000) / 1000,
    images: [
      {
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
      },
    ],
  };
}

/** Compressed bytes of an image: layers and configuration. */
export function imageSize(image: BuiltImage): number {
  return image.layers.reduce((sum, layer) => sum + layer.size, image.config.length);
}
