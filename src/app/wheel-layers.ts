// The wheels of a plan as layers: partition, fetch what is missing, make what is missing, and find the files that two
// packages ship.

import type { Context } from '../kernel/context.ts';
import type { Digest } from '../kernel/digest.ts';
import { type LayerPlan, partitionWheels } from '../layers/partition.ts';
import { findLayer, type KnownLayer, type LayerContents, type LayerNote } from './layers.ts';
import type { Outline, Reuse, ReusedLayer, SharedFile } from './reuse.ts';
import { rootsOf } from './roots.ts';
import { settleShared } from './shared-files.ts';
import {
  createWheelMaker,
  type PlannedWheel,
  type SizedWheel,
  sized,
  type WheelMakerOptions,
  type WheelPlace,
  wheelSize,
} from './wheel-maker.ts';

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

interface WheelLayerOptions extends WheelMakerOptions {
  /** Most layers of the whole image. */
  readonly most: number;
  readonly reuse?: Reuse;
  /** Layers that have to be known whole, whoever has them. */
  readonly whole?: ReadonlySet<Digest>;
}

/** One layer is the environment's, one the application's. */
const RESERVED = 2;

export async function makeWheelLayers(options: WheelLayerOptions, context: Context): Promise<WheelLayers> {
  const { wheels, place, most, reuse, whole } = options;
  const { cache } = context;
  const budget = Math.max(1, most - RESERVED);
  const maker = createWheelMaker(options, budget, context);
  const size = (wheel: PlannedWheel): number | undefined =>
    wheelSize(cache, wheel.sha256) ?? reuse?.wheelSize(wheel.sha256);
  await maker.bring(wheels.filter((wheel) => size(wheel) === undefined));

  const known = wheels.map((wheel) => sized(wheel, size(wheel), place));
  // Poetry installs by name, then version, and so is the plan sorted.
  const order = known.map(({ name, version }) => `${name}==${version}`);
  const plans = partitionWheels(known, budget);
  const layers = new Map<LayerPlan<SizedWheel>, WheelLayer>();
  const missing: LayerPlan<SizedWheel>[] = [];
  await Promise.all(
    plans.map(async (plan) => {
      const local = maker.isBegun(plan) ? undefined : findLayer(cache, plan.key);
      const isMade = local !== undefined || maker.isBegun(plan) || whole?.has(plan.key) === true;
      const remote = isMade ? undefined : await reuse?.findLayer(plan.key);
      const found = local ?? (remote?.outline === undefined ? undefined : remote);
      if (found === undefined) missing.push(plan);
      else layers.set(plan, layerOf(plan, found, true, place, reuse));
    }),
  );
  const make = async (wanted: readonly LayerPlan<SizedWheel>[]): Promise<void> => {
    await maker.bring(wanted.flatMap((plan) => plan.wheels));
    await Promise.all(
      wanted.map(async (plan) => {
        layers.set(plan, layerOf(plan, await maker.make(plan), false, place, reuse));
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
    cached: wheels.length - maker.fetched(),
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
