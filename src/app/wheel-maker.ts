// Making layers of wheels: each once, and as soon as it is known what is in it. A large wheel mostly stands alone whatever
// the others turn out to be: its layer is begun while they are still on their way.

import type { Cache } from '../kernel/cache.ts';
import type { Context } from '../kernel/context.ts';
import { type Digest, keyOf, toDigest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { WheelsJob } from '../layers/job.ts';
import { wheelKey } from '../layers/key.ts';
import type { Compression } from '../layers/layout.ts';
import { isPure, type LayerPlan, planAlone, standsAlone } from '../layers/partition.ts';
import type { LayerRecord } from '../layers/record.ts';
import type { LayerPool } from '../layers/worker-pool.ts';
import type { PlannedPackage } from '../lock/plan.ts';
import type { Arrived } from '../wheels/fetch.ts';
import { findLayer, type KnownLayer, keepLayer } from './layers.ts';

/** A package of the plan with the file that was chosen for it. */
export interface PlannedWheel {
  readonly package: PlannedPackage;
  readonly fileName: string;
  readonly sha256: string;
}

export interface WheelPlace {
  /** `3.11` */
  readonly python: string;
  readonly prefix: string;
  /** Where the prefix lies physically. */
  readonly location: string;
  readonly compression: Compression;
}

export interface SizedWheel extends PlannedWheel {
  readonly key: Digest;
  readonly name: string;
  readonly version: string;
  readonly size: number;
  readonly pure: boolean;
}

export interface WheelMakerOptions {
  readonly wheels: readonly PlannedWheel[];
  readonly place: WheelPlace;
  readonly pool: () => Promise<LayerPool>;
  /** Puts the files into the cache; says of each that it is there. */
  readonly fetch: (wheels: readonly PlannedWheel[], arrived?: Arrived) => Promise<void>;
  /** Told of each layer that was made. */
  readonly made?: ((record: LayerRecord) => void) | undefined;
}

export interface WheelMaker {
  /** How many wheels had to be fetched. */
  fetched(): number;
  /** Brings these into the cache where they are not. */
  bring(wanted: readonly PlannedWheel[]): Promise<void>;
  isBegun(plan: LayerPlan<SizedWheel>): boolean;
  /** The layer, of wheels that are in the cache. */
  make(plan: LayerPlan<SizedWheel>): Promise<KnownLayer>;
}

/** @param budget most layers of wheels */
export function createWheelMaker(
  { wheels, place, pool, fetch, made }: WheelMakerOptions,
  budget: number,
  context: Context,
): WheelMaker {
  const { cache } = context;
  const fresh = new Set<string>();
  const begun = new Map<Digest, Promise<KnownLayer>>();
  const pure = wheels.filter(({ fileName }) => isPure(fileName)).length;
  const counts = { pure, native: wheels.length - pure };

  function arrived(sha256: string, size: number): void {
    fresh.add(sha256);
    rememberSize(cache, sha256, size);
    for (const wheel of wheels) {
      if (wheel.sha256 !== sha256) continue;
      const plan = planAlone(sized(wheel, size, place));
      const isSure = plan.wheels.every((each) => standsAlone(each, counts, budget));
      if (isSure && findLayer(cache, plan.key) === undefined) begin(plan);
    }
  }

  function begin(plan: LayerPlan<SizedWheel>): Promise<KnownLayer> {
    const making = run(plan);
    // Met by whoever asks for the layer; until then it must not count as unhandled.
    making.catch(() => undefined);
    begun.set(plan.key, making);
    return making;
  }

  async function run(plan: LayerPlan<SizedWheel>): Promise<KnownLayer> {
    const { run: runJob } = await pool();
    const first = jobOf(plan, fresh);
    let layer: KnownLayer;
    try {
      layer = keepLayer(cache, plan.key, first.output, await runJob(first));
    } catch (error) {
      if (!(error instanceof BivyError) || error.code !== 'HASH_MISMATCH') throw error;
      // A wheel in the cache was damaged: fetching verifies, discards and gets it anew. Once.
      context.emit({ type: 'warning', message: `${error.message}; it is fetched anew` });
      await fetch(plan.wheels);
      const again = jobOf(plan, new Set());
      layer = keepLayer(cache, plan.key, again.output, await runJob(again));
    }
    made?.(layer.record);
    return layer;
  }

  function jobOf(plan: LayerPlan<SizedWheel>, verified: ReadonlySet<string>): WheelsJob {
    return {
      kind: 'wheels',
      wheels: plan.wheels.map(({ sha256, fileName, size }) => ({
        path: cache.blobPath(toDigest(`sha256:${sha256}`)),
        fileName,
        sha256,
        size,
        ...(verified.has(sha256) ? { verified: true } : {}),
      })),
      python: place.python,
      prefix: place.prefix,
      ...(place.location === place.prefix ? {} : { location: place.location }),
      compression: place.compression,
      output: cache.temporary(),
    };
  }

  return {
    fetched: () => fresh.size,
    async bring(wanted) {
      const absent: PlannedWheel[] = [];
      for (const wheel of wanted) {
        const digest = toDigest(`sha256:${wheel.sha256}`);
        // Where nobody wrote its size down, a file that a crash cut short must not say it.
        const isKnown = wheelSize(cache, wheel.sha256) !== undefined;
        const blob = isKnown ? cache.findBlob(digest) : await cache.verifyBlob(digest);
        if (blob === undefined) absent.push(wheel);
        else if (!isKnown) rememberSize(cache, wheel.sha256, blob.size);
      }
      if (absent.length > 0) await fetch(absent, arrived);
    },
    isBegun: ({ key }) => begun.has(key),
    make: (plan) => begun.get(plan.key) ?? begin(plan),
  };
}

/** What is remembered of a wheel once it was here, so that its layer can be planned without it. */
const SIZES = 'wheel-sizes';

/** Bytes of a wheel that was here once. */
export function wheelSize(cache: Cache, sha256: string): number | undefined {
  return cache.readRecord<number>(SIZES, keyOf({ wheel: sha256 }));
}

function rememberSize(cache: Cache, sha256: string, size: number): void {
  cache.writeRecord(SIZES, keyOf({ wheel: sha256 }), size);
}

/** @throws BivyError `INTERNAL` where nobody knows the size */
export function sized(wheel: PlannedWheel, size: number | undefined, place: WheelPlace): SizedWheel {
  const { sha256, fileName } = wheel;
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
      compression: place.compression,
    }),
    name: wheel.package.name,
    version: wheel.package.version,
    size,
    pure: isPure(fileName),
  };
}
