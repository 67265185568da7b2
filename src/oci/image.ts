// An image as values: what destinations write and engines are sent. Spec: opencontainers/image-spec v1.1.

import type { Digest } from '../kernel/digest.ts';
import type { LayerKind } from '../layers/record.ts';

export interface ImageLayer {
  readonly kind: LayerKind;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly diffId: Digest;
  /** Sum of file sizes. */
  readonly unpacked: number;
  /** `name==version` of the wheels in it. */
  readonly packages: readonly string[];
  /** Nothing of it had to be made in this build. */
  readonly cached: boolean;
  /** The file on this disk that holds the compressed blob (possibly at an offset in an archive). */
  readonly blob: { readonly path: string; readonly offset: number };
}

/** One platform's image. `manifest` and `config` are the exact bytes that the digests are of. */
export interface BuiltImage {
  readonly platform: string;
  readonly manifest: Uint8Array;
  readonly manifestDigest: Digest;
  readonly config: Uint8Array;
  readonly configDigest: Digest;
  readonly layers: readonly ImageLayer[];
  /** Size of all layers after they are applied, hard links counted once. */
  readonly unpacked: number;
}

/** Several platforms' images under one digest. `index` is the exact bytes that `indexDigest` is of. */
export interface ImageIndex {
  readonly index: Uint8Array;
  readonly indexDigest: Digest;
  readonly images: readonly BuiltImage[];
}
