// Where an image goes: one method, and what became of it.

import type { Context } from '../kernel/context.ts';
import type { Digest } from '../kernel/digest.ts';
import type { BuiltImage, ImageIndex, LocalBlob } from './image.ts';

export interface Published {
  readonly kind: 'oci' | 'oci-archive' | 'docker-archive' | 'dir' | 'docker' | 'registry';
  readonly path?: string;
  /** False where everything was there already. */
  readonly changed: boolean;
  /** What became of the blobs; of a registry only. */
  readonly moved?: Moved;
}

/** Bytes of blobs, those of each repository counted. */
export interface Moved {
  readonly uploaded: number;
  /** Another repository of the registry had them. */
  readonly mounted: number;
  /** They were there already. */
  readonly present: number;
}

export interface Destination {
  /**
   * Checks that it may be written (ours, reachable) before anything is made.
   * @param tags those that `write` will be given, where they are known
   * @throws BivyError
   */
  check(context: Context, tags?: readonly string[]): Promise<void>;
  /**
   * All or nothing: what was there stays whole until the new image is complete.
   * @param tags references as users write them: `annapurna:1.0.0`
   * @throws BivyError `HASH_MISMATCH` where a layer's file is not what it is called; nothing was published then
   */
  write(image: BuiltImage | ImageIndex, tags: readonly string[], context: Context): Promise<Published>;
  /**
   * Told of each layer as soon as it is made, by a build that will write to these tags: what takes time may begin. Where
   * it fails, `write` does it again, and says so.
   */
  begin?(layer: MadeLayer, tags: readonly string[], context: Context): void;
  /** Ends what was begun and not finished. */
  close?(): Promise<void>;
}

export interface MadeLayer {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly blob: LocalBlob;
}
