// An image as its documents tell of it, before anybody has read its layers.

import type { Digest } from '../kernel/digest.ts';
import type { BlobPlace } from './blob.ts';
import type { ImageConfig } from './spec.ts';

/** A layer on this disk. */
export interface LocalLayer {
  readonly place: BlobPlace;
  /** Absent where the archive states none. */
  readonly digest?: Digest;
}

/** A layer that is on this disk once it has been opened. */
export interface RemoteLayer {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly open: () => Promise<BlobPlace>;
}

/** What its layers really are is known once they have been read. */
export interface FoundImage<Layer = LocalLayer> {
  readonly config: ImageConfig;
  readonly configDigest: Digest;
  /** Lowest first, as many as `config.rootfs.diff_ids`. */
  readonly layers: readonly Layer[];
}
