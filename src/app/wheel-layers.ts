// The wheels of a plan as layers: partition, fetch what is missing, make what is missing, and find the files that two
// packages ship.

import type { Cache } from '../kernel/cache.ts';
import type { Context } from '../kernel/context.ts';
import { type Digest, keyOf, toDigest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { WheelsJob } from '../layers/job.ts';
import { wheelKey } from '../layers/key.ts';
import type { Compression } from '../layers/layout.ts';
import { isPure, type LayerPlan, partitionWheels } from '../layers/partition.ts';
import type { LayerPool } from '../layers/worker-pool.ts';
import type { PlannedPackage } from '../lock/plan.ts';
import { findLayer, type KnownLayer, keepLayer, type LayerContents, type LayerNote } from './layers.ts';
import type { Outline, Reuse, ReusedLayer, SharedFile } from './reuse.ts';
import { rootsOf } from './roots.ts';
import { settleShared } from './shared-files.ts';

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
  readonly compression: Compression;
}

interface SizedWheel extends PlannedWheel {
  readonly key: Digest;
  readonly name: string;
  readonly version: string;
  readonly size: number;
  readonly pure: boolean;
}

export interface WheelLayer extends LayerNote {
  readonly outline: Outline;
  readonly cached: boolean;
  /** Absent where the layer was reused unread. */
  readonly contents?: LayerContents;
  /** The images that have it and say what it shares with their other layers. */
  readonly origins: readonly Digest[];
  readonly wheels: readonly PlannedWheel[];
}

export interface WheelLayers {
  /** Lowest first. */
  readonly layers: readonly WheelLayer[];
  readonly shared: readonly SharedFile[];
  /** How many wheels nothing had to be fetched for, and the bytes of all. */
  readonly cached: number;
  readonly size: number;
}

interface WheelLayerOptions {
  readonly wheels: readonly PlannedWheel[];
  readonly place: WheelPlace;
  /** Most layers. */
  readonly budget: number;
  readonly pool: () => Promise<LayerPool>;
  /** Puts the files into the cache. */
  readonly fetch: (wheels: readonly PlannedWheel[]) => Promise<void>;
  readonly reuse?: Reuse;
  /** Layers that have to be known whole, whoever has them. */
  readonly whole?: ReadonlySet<Digest>;
}

/** What is remembered of a wheel once it was here, so that its layer can be planned without it. */
const SIZES = 'wheel-sizes';

export async function makeWheelLayers(options: WheelLayerOptions, context: Context): Promise<WheelLayers> {
  const { wheels, place, budget, fetch, reuse, whole } = options;
  const { cache } = context;
  const fetched = new Set<PlannedWheel>();
  const bring = async (wanted: readonly PlannedWheel[]): Promise<void> => {
    const absent = wanted.filter((wheel) => cache.findBlob(blobOf(wheel)) === undefined);
    for (const wheel of absent) fetched.add(wheel);
    if (absent.length > 0) await fetch(absent);
  };
  const size = (wheel: PlannedWheel): number | undefined =>
    sizeOf(cache, wheel) ?? reuse?.wheelSize(wheel.sha256);
  await bring(wheels.filter((wheel) => size(wheel) === undefined));

  const known = wheels.map((wheel) => sized(wheel, size(wheel), place));
  // Poetry installs by name, then version, and so is the plan sorted.
  const order = known.map(({ name, version }) => `${name}==${version}`);
  const plans = partitionWheels(known, budget);
  const layers = new Map<LayerPlan<SizedWheel>, WheelLayer>();
  const missing: LayerPlan<SizedWheel>[] = [];
  await Promise.all(
    plans.map(async (plan) => {
      const local = findLayer(cache, plan.key);
      const isMade = local !== undefined || whole?.has(plan.key) === true;
      const remote = isMade ? undefined : await reuse?.findLayer(plan.key);
      const found = local ?? (remote?.outline === undefined ? undefined : remote);
      if (found === undefined) missing.push(plan);
      else layers.set(plan, layerOf(plan, found, true, place, reuse));
    }),
  );
  const make = async (wanted: readonly LayerPlan<SizedWheel>[]): Promise<void> => {
    await bring(wanted.flatMap((plan) => plan.wheels));
    await Promise.all(
      wanted.map(async (plan) => {
        layers.set(plan, layerOf(plan, await makePlanned(plan, options, context), false, place, reuse));
      }),
    );
  };
  await make(missing);
  const settle = () =>
    settleShared(
      plans.flatMap((plan) => layers.get(plan) ?? []),
      order,
      (origin) => reuse?.sharedOf(origin) ?? [],
    );
  let settled = settle();
  if (settled.unsettled.length > 0) {
    // Files that meet another layer's have to be known: those layers are made after all, from the same bytes.
    const names = settled.unsettled.flatMap(({ packages }) => packages);
    context.emit({
      type: 'note',
      message: `made again to compare the files that it may share: ${names.join(', ')}`,
    });
    await make(plans.filter((plan) => settled.unsettled.some((layer) => layer === layers.get(plan))));
    settled = settle();
  }
  return {
    layers: plans.flatMap((plan) => layers.get(plan) ?? []),
    shared: settled.shared,
    cached: wheels.length - fetched.size,
    size: known.reduce((sum, wheel) => sum + wheel.size, 0),
  };
}

function layerOf(
  plan: LayerPlan<SizedWheel>,
  found: KnownLayer | ReusedLayer,
  cached: boolean,
  place: WheelPlace,
  reuse: Reuse | undefined,
): WheelLayer {
  const contents = 'contents' in found ? found.contents : undefined;
  const outline: Outline | undefined =
    contents === undefined
      ? (found as ReusedLayer).outline
      : {
          roots: rootsOf(
            contents.files.map(([path]) => path),
            place.python,
          ),
          wheels: Object.fromEntries(plan.wheels.map(({ sha256, size }) => [sha256, size])),
          warnings: contents.warnings,
        };
  return {
    kind: 'wheels',
    name: plan.name,
    packages: plan.wheels.map(({ name, version }) => `${name}==${version}`),
    wheels: plan.wheels,
    record: found.record,
    outline: outline ?? { roots: [], wheels: {}, warnings: [] },
    cached,
    origins: reuse?.originsOf(plan.key) ?? [],
    ...(contents === undefined ? {} : { contents }),
    ...('remote' in found ? { remote: found.remote } : {}),
  };
}

async function makePlanned(
  plan: LayerPlan<SizedWheel>,
  { place, pool, fetch }: WheelLayerOptions,
  context: Context,
): Promise<KnownLayer> {
  const { cache } = context;
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
    compression: place.compression,
    output: cache.temporary(),
  });
  const { run } = await pool();
  const first = job();
  try {
    return keepLayer(cache, plan.key, first.output, await run(first));
  } catch (error) {
    if (!(error instanceof BivyError) || error.code !== 'HASH_MISMATCH') throw error;
    // A wheel in the cache was damaged: fetching verifies, discards and gets it anew. Once.
    context.emit({ type: 'warning', message: `${error.message}; it is fetched anew` });
    await fetch(plan.wheels);
    const again = job();
    return keepLayer(cache, plan.key, again.output, await run(again));
  }
}

function sized(wheel: PlannedWheel, size: number | undefined, place: WheelPlace): SizedWheel {
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
