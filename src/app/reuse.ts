// Layers that an earlier build made, as later stages ask for them: by the key of what they are made from. The registry
// that holds them is another file's business (`previous-images.ts`); a build without one asks nobody.

import type { Digest } from '../kernel/digest.ts';
import type { LayerRecord } from '../layers/record.ts';
import type { LocalBlob } from '../oci/image.ts';
import type { FollowedReleases } from './base.ts';
import type { BaseKnowledge } from './base-knowledge.ts';
import type { Outline } from './layers.ts';
import type { SharedFile } from './overlaps.ts';

export interface ReusedLayer {
  readonly record: LayerRecord;
  /** Of layers of wheels. */
  readonly outline?: Outline;
  /** The repository that holds it. */
  readonly remote: string;
}

export interface Reuse {
  /** A layer of that key which a registry still holds: asked for now, its bytes are not read. */
  findLayer(key: Digest): Promise<ReusedLayer | undefined>;
  /** Bytes of the wheel's file, where an earlier image held it. */
  wheelSize(sha256: string): number | undefined;
  /** The images that have a layer of that key. */
  originsOf(key: Digest): readonly Digest[];
  /** What the layers of such an image share. */
  sharedOf(origin: Digest): readonly SharedFile[];
  /** What was learnt of a base, by the key under which it is remembered. */
  findBase<T>(kind: BaseKnowledge['kind'], key: Digest): T | undefined;
  /** Which composed base the releases gave that were followed last. */
  findFollowed(question: Digest): Promise<FollowedReleases | undefined>;
  /** Downloads a layer into the cache. */
  fetch(remote: string, record: Pick<LayerRecord, 'digest' | 'size'>): Promise<LocalBlob>;
}
