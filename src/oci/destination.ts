// Where an image goes: one method, and what became of it.

import type { Context } from '../kernel/context.ts';
import type { BuiltImage, ImageIndex } from './image.ts';

export interface Published {
  readonly kind: 'oci' | 'oci-archive' | 'docker-archive' | 'dir' | 'docker';
  readonly path?: string;
  /** False where everything was there already. */
  readonly changed: boolean;
}

export interface Destination {
  /** Checks that it may be written (ours, reachable) before anything is made. @throws BivyError */
  check(context: Context): Promise<void>;
  /** All or nothing: what was there stays whole until the new image is complete. */
  write(image: BuiltImage | ImageIndex, tags: readonly string[], context: Context): Promise<Published>;
}
