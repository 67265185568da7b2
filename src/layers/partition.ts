// Which wheels share a layer, and in which order layers stand; pure. Large wheels stand alone, so that a wheel is the
// same layer in every project; the others are spread over a fixed number of buckets by a hash of their names, so that
// none moves because another came. Large layers lie lowest: engines know a layer by everything under it.
// Wheels for any platform and wheels for one have places and buckets of their own: what runs anywhere is in the same
// layers on every platform, and made once.
//
// Adding or removing a package changes at most two layers, and so does bumping one: its own, and that of the wheel that
// takes or leaves a place among those that stand alone. (Where more wheels are large than may stand alone, a bump that
// moves a wheel over the edge of a size class can change a third: no rule that fills all places can avoid it.)

import { hash } from 'node:crypto';
import type { Digest } from '../kernel/digest.ts';
import { wheelsKey } from './key.ts';

export interface PartitionWheel {
  /** Of `wheelKey`. */
  readonly key: Digest;
  /** PEP 503 normal form. */
  readonly name: string;
  readonly version: string;
  /** Bytes of the wheel file. */
  readonly size: number;
  /** Whether it is for every platform: see `isPure`. */
  readonly pure: boolean;
}

export interface LayerPlan<Wheel extends PartitionWheel = PartitionWheel> {
  readonly kind: 'alone' | 'bucket';
  /** The package's name, or `wheels-07`, `native-02`: stable for as long as the budget is. */
  readonly name: string;
  readonly reason: string;
  /** By name: the order in which they are written, so that the last by Poetry's order wins. */
  readonly wheels: readonly Wheel[];
  readonly key: Digest;
}

/** Bytes of a wheel file from which on it stands alone: so that no bucket of small ones grows far beyond it. */
export const ALONE_MINIMUM: number = 256 * 1024;

/** Whether a wheel is for any platform, which its name says last (PEP 427): `six-1.16.0-py2.py3-none-any.whl`. */
export function isPure(fileName: string): boolean {
  return fileName.endsWith('-any.whl');
}

/**
 * Lowest layer first; at most `budget` layers, none empty.
 * @param budget most layers; half of them for wheels alone (two in three for wheels of one platform), the other half
 *   (rounded up) for buckets (one in three for wheels of one platform); at least 1. Below 3 there is but one bucket
 */
export function partitionWheels<Wheel extends PartitionWheel>(
  wheels: readonly Wheel[],
  budget = 32,
): readonly LayerPlan<Wheel>[] {
  const { places, nativePlaces } = placesOf(budget);
  const buckets = budget - places;
  const nativeBuckets = buckets < 2 ? 0 : Math.max(1, Math.floor(buckets / 3));
  const ranked = [...wheels].sort((a, b) => classOf(b.size) - classOf(a.size) || byName(a, b));
  const large = ranked.filter((wheel) => wheel.size >= ALONE_MINIMUM);
  const chosen = new Set([
    ...large.filter(({ pure }) => !pure).slice(0, nativePlaces),
    ...large.filter(({ pure }) => pure).slice(0, places - nativePlaces),
  ]);
  const rest = [...wheels].filter((wheel) => !chosen.has(wheel)).sort(byName);
  const isNative = ({ pure }: Wheel): boolean => !pure && nativeBuckets > 0;
  return [
    ...ranked.filter((wheel) => chosen.has(wheel)).map((wheel) => planAlone(wheel)),
    ...planBuckets('native', nativeBuckets, rest.filter(isNative)),
    ...planBuckets(
      'wheels',
      buckets - nativeBuckets,
      rest.filter((wheel) => !isNative(wheel)),
    ),
  ];
}

/** Places for wheels alone, and how many of them are for wheels of one platform. */
function placesOf(budget: number): { readonly places: number; readonly nativePlaces: number } {
  const places = Math.floor(budget / 2);
  return { places, nativePlaces: Math.ceil((places * 2) / 3) };
}

/**
 * Whether a wheel stands alone whatever the sizes of the others are: there is a place for each of its kind.
 * @param counts wheels of either kind, this one too
 */
export function standsAlone(
  { size, pure }: Pick<PartitionWheel, 'size' | 'pure'>,
  counts: { readonly pure: number; readonly native: number },
  budget: number,
): boolean {
  const { places, nativePlaces } = placesOf(budget);
  const hasPlace = pure ? counts.pure <= places - nativePlaces : counts.native <= nativePlaces;
  return hasPlace && size >= ALONE_MINIMUM;
}

/** The buckets that are not empty, by number. */
function planBuckets<Wheel extends PartitionWheel>(
  kind: 'native' | 'wheels',
  buckets: number,
  wheels: readonly Wheel[],
): readonly LayerPlan<Wheel>[] {
  const shared = new Map<number, Wheel[]>();
  for (const wheel of wheels) {
    const bucket = bucketOf(wheel.name, buckets);
    shared.set(bucket, [...(shared.get(bucket) ?? []), wheel]);
  }
  return [...shared]
    .sort(([a], [b]) => a - b)
    .map(([bucket, list]) => planBucket(kind, bucket, buckets, list));
}

/** A layer of this wheel and no other. */
export function planAlone<Wheel extends PartitionWheel>(wheel: Wheel): LayerPlan<Wheel> {
  const reason = `${wheel.size} bytes: a wheel of ${ALONE_MINIMUM} and more stands alone`;
  return { kind: 'alone', name: wheel.name, reason, wheels: [wheel], key: wheelsKey([wheel.key]) };
}

function planBucket<Wheel extends PartitionWheel>(
  kind: 'native' | 'wheels',
  bucket: number,
  buckets: number,
  wheels: readonly Wheel[],
): LayerPlan<Wheel> {
  const large = wheels.filter(({ size }) => size >= ALONE_MINIMUM).map(({ name }) => name);
  const rest = large.length === 0 ? '' : `; no place was left alone for ${large.join(', ')}`;
  return {
    kind: 'bucket',
    name: `${kind}-${String(bucket + 1).padStart(2, '0')}`,
    reason: `their names hash to bucket ${bucket + 1} of ${buckets}${rest}`,
    wheels,
    key: wheelsKey(wheels.map(({ key }) => key)),
  };
}

/** 0 below the size from which on wheels stand alone, then one more for each factor of four: a patch release stays. */
function classOf(size: number): number {
  let found = 0;
  for (let limit = ALONE_MINIMUM; size >= limit; limit *= 4) found++;
  return found;
}

function bucketOf(name: string, buckets: number): number {
  return Number.parseInt(hash('sha256', name, 'hex').slice(0, 12), 16) % buckets;
}

function byName(a: PartitionWheel, b: PartitionWheel): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.version < b.version ? -1 : a.version > b.version ? 1 : 0;
}
