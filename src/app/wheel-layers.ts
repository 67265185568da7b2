// The wheels of a plan as layers: partition, fetch what is missing, make what is missing, and find the files that two
// packages ship.

import type { Cache } from '../kernel/cache.ts';
import type { Context } from '../kernel/context.ts';
import { type Digest, keyOf, toDigest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { WheelsJob } from '../layers/job.ts';
import { wheelKey } from '../layers/key.ts';
import { isPure, type LayerPlan, partitionWheels } from '../layers/partition.ts';
import type { LayerPool } from '../layers/worker-pool.ts';
import type { PlannedPackage } from '../lock/plan.ts';
import { findLayer, type KnownLayer, keepLayer, type LayerContents, type LayerNote } from './layers.ts';

/** A package of the plan with the file that was chosen for it. */
export interface PlannedWheel {
  readonly package: PlannedPackage;
  readonly fileName: string;
  readonly sha256: string;
}

interface WheelPlace {
  /** `3.11` */
  readonly python: string;
  readonly prefix: string;
  /** Where the prefix lies physically. */
  readonly location: string;
}

interface SizedWheel extends PlannedWheel {
  readonly key: Digest;
  readonly name: string;
  readonly version: string;
  readonly size: number;
  readonly pure: boolean;
}

export interface WheelLayer extends LayerNote {
  readonly cached: boolean;
  readonly contents: LayerContents;
  readonly wheels: readonly PlannedWheel[];
}

export interface WheelLayers {
  /** Lowest first. */
  readonly layers: readonly WheelLayer[];
  /** How many wheels nothing had to be fetched for, and the bytes of all. */
  readonly cached: number;
  readonly size: number;
}

export interface WheelLayerOptions {
  readonly wheels: readonly PlannedWheel[];
  readonly place: WheelPlace;
  /** Most layers. */
  readonly budget: number;
  readonly pool: LayerPool;
  /** Puts the files into the cache. */
  readonly fetch: (wheels: readonly PlannedWheel[]) => Promise<void>;
}

/** What is remembered of a wheel once it was here, so that its layer can be planned without it. */
const SIZES = 'wheel-sizes';

export async function makeWheelLayers(options: WheelLayerOptions, context: Context): Promise<WheelLayers> {
  const { wheels, place, budget, pool, fetch } = options;
  const { cache } = context;
  const unknown = wheels.filter((wheel) => sizeOf(cache, wheel) === undefined);
  let fetched = unknown.filter((wheel) => cache.findBlob(blobOf(wheel)) === undefined).length;
  if (unknown.length > 0) await fetch(unknown);

  const known = wheels.map((wheel) => sized(cache, wheel, place));
  const plans = partitionWheels(known, budget);
  const found = new Map(plans.map((plan) => [plan, findLayer(cache, plan.key)]));
  const missing = plans.filter((plan) => found.get(plan) === undefined).flatMap((plan) => plan.wheels);
  const absent = missing.filter((wheel) => cache.findBlob(blobOf(wheel)) === undefined);
  fetched += absent.length;
  if (absent.length > 0) await fetch(absent);

  const layers = await Promise.all(
    plans.map((plan) => makePlanned(plan, found.get(plan), place, pool, fetch, context)),
  );
  const size = known.reduce((sum, wheel) => sum + wheel.size, 0);
  return { layers, cached: wheels.length - fetched, size };
}

async function makePlanned(
  plan: LayerPlan<SizedWheel>,
  known: KnownLayer | undefined,
  place: WheelPlace,
  pool: LayerPool,
  fetch: WheelLayerOptions['fetch'],
  context: Context,
): Promise<WheelLayer> {
  const { cache } = context;
  const note = {
    kind: 'wheels' as const,
    name: plan.name,
    packages: plan.wheels.map(({ name, version }) => `${name}==${version}`),
    wheels: plan.wheels,
  };
  if (known !== undefined) return { ...note, ...known, cached: true };
  const job = (): WheelsJob => ({
    kind: 'wheels',
    wheels: plan.wheels.map(({ sha256, fileName, size }) => ({
      path: cache.blobPath(toDigest(`sha256:${sha256}`)),
      fileName,
      sha256,
      size,
    })),
    python: place.python,
    prefix: place.prefix,
    ...(place.location === place.prefix ? {} : { location: place.location }),
    output: cache.temporary(),
  });
  const first = job();
  try {
    return { ...note, ...keepLayer(cache, plan.key, first.output, await pool.run(first)), cached: false };
  } catch (error) {
    if (!(error instanceof BivyError) || error.code !== 'HASH_MISMATCH') throw error;
    // A wheel in the cache was damaged: fetching verifies, discards and gets it anew. Once.
    context.emit({ type: 'warning', message: `${error.message}; it is fetched anew` });
    await fetch(plan.wheels);
    const again = job();
    return { ...note, ...keepLayer(cache, plan.key, again.output, await pool.run(again)), cached: false };
  }
}

function sized(cache: Cache, wheel: PlannedWheel, place: WheelPlace): SizedWheel {
  const { sha256, fileName } = wheel;
  const size = sizeOf(cache, wheel);
  if (size === undefined)
    throw new BivyError('INTERNAL', `\`${fileName}\` was fetched and is not in the cache`);
  return {
    ...wheel,
    key: wheelKey({
      sha256,
      fileName,
      libPython: `lib/python${place.python}`,
      prefix: place.prefix,
      ...(place.location === place.prefix ? {} : { location: place.location }),
    }),
    name: wheel.package.name,
    version: wheel.package.version,
    size,
    pure: isPure(fileName),
  };
}

function sizeOf(cache: Cache, wheel: PlannedWheel): number | undefined {
  const key = keyOf({ wheel: wheel.sha256 });
  const remembered = cache.readRecord<number>(SIZES, key);
  if (remembered !== undefined) return remembered;
  const blob = cache.findBlob(blobOf(wheel));
  if (blob === undefined) return undefined;
  cache.writeRecord(SIZES, key, blob.size);
  return blob.size;
}

function blobOf({ sha256 }: PlannedWheel): Digest {
  return toDigest(`sha256:${sha256}`);
}
