// What is known of a layer once it has been made: enough to put it into an image without reading its bytes again.

import type { Digest } from '../kernel/digest.ts';

/** `dockerfile`: of an image that a Dockerfile made; its base's layers and its own are not told apart. */
export type LayerKind = 'base' | 'wheels' | 'venv' | 'app' | 'dockerfile';

export interface LayerRecord {
  /** SHA-256 of the canonical JSON of what went into the layer. */
  readonly key: Digest;
  /** Of the compressed blob. */
  readonly digest: Digest;
  /** Of the uncompressed tar. */
  readonly diffId: Digest;
  /** Bytes of the compressed blob. */
  readonly size: number;
  /** Sum of the sizes of its regular files, hard links counted once. */
  readonly unpacked: number;
  readonly mediaType: string;
  /** For the layer's descriptor in a manifest; absent where it needs none. */
  readonly annotations?: Readonly<Record<string, string>>;
}
