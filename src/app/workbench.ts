// What a use case that makes images works with, and what has to be closed after it.

import { isAbsolute, relative, resolve } from 'node:path';
import type { Context } from '../kernel/context.ts';
import type { LayerRecord } from '../layers/record.ts';
import type { LayerPool } from '../layers/worker-pool.ts';
import type { InstallPlan } from '../lock/plan.ts';
import { isLocalImage } from '../oci/local-image.ts';
import type { Pins } from '../project/pins.ts';
import type { Target } from '../python/target.ts';
import type { Registry } from '../registry/registry.ts';
import { type Decoded, once } from './decoded.ts';
import type { Inputs } from './inputs.ts';
import type { RegistryRequest } from './registries.ts';
import type { BaseAhead } from './resolved-base.ts';
import type { Reuse } from './reuse.ts';
import { readSources, type Sources } from './sources.ts';

/** What the images of one build have in common, each opened when it is first needed. */
export interface Workbench {
  readonly inputs: Inputs;
  readonly decode: () => Promise<Decoded>;
  readonly pool: () => Promise<LayerPool>;
  readonly registry: () => Promise<Registry>;
  readonly plan: MakePlan;
  readonly sources: FindSources;
  /** Layers of earlier images. */
  readonly reuse?: Reuse;
  /** What `bivy.lock` holds the bases to. */
  readonly pins?: Pins;
  readonly ahead?: BaseAhead;
  /** Told of each layer of wheels that was made. */
  readonly made?: (record: LayerRecord) => void;
}

export interface WorkbenchRequest extends RegistryRequest {
  readonly workers?: number;
}

export interface Workpiece {
  readonly inputs: Inputs;
  readonly decode: () => Promise<Decoded>;
  /** Images as users name them; of their registries the first one's is the user's own. */
  readonly images: readonly string[];
  /** Where images are on this disk, as users spell it: these are no files of the project. */
  readonly files: readonly string[];
  /** What holds the bases. */
  readonly pins?: Pins | undefined;
}

/** Runs `use` with a workbench, and closes what was opened for it. */
export async function withWorkbench<T>(
  request: WorkbenchRequest,
  { inputs, decode, images, files, pins }: Workpiece,
  context: Context,
  use: (bench: Workbench) => Promise<T>,
): Promise<T> {
  const pools: LayerPool[] = [];
  const pool = once(async () => {
    const { openLayerPool, workerCount } = await import('./layer-pool.ts');
    const workers = request.workers ?? workerCount(request.environment ?? {});
    const opened = openLayerPool({ workers, signal: context.signal });
    pools.push(opened);
    return opened;
  });
  const named = images.filter((image) => !isLocalImage(image)).map((image) => image.replace(/@.*/, ''));
  try {
    return await use({
      inputs,
      decode,
      pool,
      registry: once(async () => {
        const { openRegistry } = await import('./registries.ts');
        return openRegistry(request, (await decode()).settings, named, context);
      }),
      plan: rememberPlans(decode, inputs),
      sources: rememberSources(decode, inputs, files),
      ...(pins === undefined ? {} : { pins }),
    });
  } finally {
    for (const opened of pools) await opened.close();
  }
}

type MakePlan = (target: Target) => Promise<InstallPlan>;

/** Plans for a target, each made once: what is refused early is not decided twice. */
function rememberPlans(decode: () => Promise<Decoded>, inputs: Inputs): MakePlan {
  const plans = new Map<string, Promise<InstallPlan>>();
  return (target) => {
    const key = JSON.stringify(target);
    const known = plans.get(key);
    if (known !== undefined) return known;
    const made = Promise.all([decode(), import('./plan.ts')]).then(([decoded, { planPackages }]) =>
      planPackages(decoded, inputs, target),
    );
    plans.set(key, made);
    return made;
  };
}

type FindSources = (poetry: string) => Promise<Sources>;

/** The project's own files as the rules of a Poetry have them, read once. @param destinations that may lie among them */
function rememberSources(
  decode: () => Promise<Decoded>,
  inputs: Inputs,
  destinations: readonly string[],
): FindSources {
  const known = new Map<string, Promise<Sources>>();
  return (poetry) => {
    const { directory, selection } = inputs;
    const leaveOut = writtenInside(destinations, inputs);
    const found =
      known.get(poetry) ??
      decode().then(({ project, settings }) =>
        readSources({ directory, project, settings, poetry, root: selection.root !== false, leaveOut }),
      );
    known.set(poetry, found);
    return found;
  };
}

/** Destinations inside the project, relative to it: what a build writes must not be part of the next one. */
function writtenInside(destinations: readonly string[], { directory }: Inputs): string[] {
  return destinations.flatMap((text) => {
    const colon = text.indexOf(':');
    const inside = colon < 0 ? '' : relative(directory, resolve(text.slice(colon + 1)));
    return inside === '' || inside.startsWith('..') || isAbsolute(inside) ? [] : [inside];
  });
}
