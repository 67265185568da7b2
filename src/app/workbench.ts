// What a use case that makes images works with, and what has to be closed after it.

import type { Context } from '../kernel/context.ts';
import type { LayerPool } from '../layers/worker-pool.ts';
import { isLocalImage } from '../oci/local-image.ts';
import type { Pins } from '../project/pins.ts';
import { type Decoded, once } from './decoded.ts';
import { rememberPlans, rememberSources, type Workbench } from './image.ts';
import type { Inputs } from './inputs.ts';
import { openRegistry, type RegistryRequest } from './registries.ts';

export interface WorkbenchRequest extends RegistryRequest {
  readonly workers?: number;
}

export interface Workpiece {
  readonly inputs: Inputs;
  readonly decode: () => Promise<Decoded>;
  /** Images as users name them: those on this disk are no files of the project, and of registries the first is the own one. */
  readonly images: readonly string[];
  /** What holds the bases. */
  readonly pins?: Pins | undefined;
}

/** Runs `use` with a workbench, and closes what was opened for it. */
export async function withWorkbench<T>(
  request: WorkbenchRequest,
  { inputs, decode, images, pins }: Workpiece,
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
      registry: once(async () => openRegistry(request, (await decode()).settings, named, context)),
      plan: rememberPlans(decode, inputs),
      sources: rememberSources(decode, inputs, images),
      ...(pins === undefined ? {} : { pins }),
    });
  } finally {
    for (const opened of pools) await opened.close();
  }
}
