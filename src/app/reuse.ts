// Layers that an earlier build made, as later stages ask for them: by the key of what they are made from. The registry
// that holds them is another file's business (`previous-images.ts`); a build without one asks nobody.

import type { Digest } from '../kernel/digest.ts';
import type { LayerRecord } from '../layers/record.ts';
import type { LocalBlob } from '../oci/image.ts';
import type { BaseKnowledge } from './base-knowledge.ts';

/** What has to be known of a layer of wheels that is put into an image unread. Plain JSON. */
export interface Outline {
  /** See `rootsOf`. */
  readonly roots: readonly string[];
  /** Bytes of the wheels' files, by their SHA-256 (64 hexadecimal digits). */
  readonly wheels: Readonly<Record<string, number>>;
  /** What Poetry would warn of too. */
  readonly warnings: readonly string[];
}

/** A path that several parts ship with different bytes. */
export interface CrossOverlap {
  readonly path: string;
  /** `name==version` */
  readonly winner: string;
  readonly losers: readonly string[];
}

/** A path that several parts ship, whatever their bytes. */
export interface SharedFile extends CrossOverlap {
  /** Those that ship it and lose nothing: their bytes are the winner's. */
  readonly same: readonly string[];
  /** The winner's file has to be stated again, above all layers. */
  readonly restate: boolean;
  /** Bytes that the sum of the layers' sizes counts too often, with what is stated again among them. */
  readonly excess: number;
}

/** That these releases, asked this question, gave the composed base of that key. */
export interface FollowedReleases {
  readonly question: Digest;
  readonly releases: Readonly<Record<string, Digest>>;
  readonly key: Digest;
}

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
