// An image as values: what destinations write and engines are sent. Spec: opencontainers/image-spec v1.1.

import type { Digest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { LayerKind } from '../layers/record.ts';

/** A blob on this disk: a whole file, or a stretch of an archive. */
export interface LocalBlob {
  readonly path: string;
  readonly offset: number;
}

/** A blob that a registry holds and this disk need not. */
export interface RemoteBlob {
  /** With the domain spelled out: `docker.io/library/python`. */
  readonly repository: string;
  /** Downloads it into the cache, verified. @throws BivyError `REGISTRY_…`, `HASH_MISMATCH` */
  readonly fetch: () => Promise<LocalBlob>;
}

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
  /** Where the compressed blob is. */
  readonly blob: LocalBlob | RemoteBlob;
  /** On the layer's descriptor in the manifest. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** @throws BivyError `INTERNAL` where nobody fetched the blob before its bytes were asked for */
export function localBlob({ digest, blob }: Pick<ImageLayer, 'digest' | 'blob'>): LocalBlob {
  if ('path' in blob) return blob;
  throw new BivyError('INTERNAL', `the layer \`${digest}\` is in a registry, and was not fetched`);
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
  readonly attached?: readonly AttachedManifest[];
}

/** A manifest that stands beside an image in its index, as BuildKit attaches attestations. Small: all bytes are here. */
export interface AttachedManifest {
  /** The manifest of the image that it speaks of. */
  readonly subject: Digest;
  readonly manifest: Uint8Array;
  readonly manifestDigest: Digest;
  readonly config: Uint8Array;
  readonly configDigest: Digest;
  readonly blobs: readonly { readonly digest: Digest; readonly bytes: Uint8Array }[];
}
