// Everything of an image that does not depend on the project's own files: the plan, the wheels' layers, the environment.
// Remembered as one record, so that a build after a code edit begins where the code comes in: how it is made is another
// file, which such a build does not load.

import type { Context } from '../kernel/context.ts';
import { type Digest, keyOf } from '../kernel/digest.ts';
import type { LayerRecord } from '../layers/record.ts';
import type { LayerPool } from '../layers/worker-pool.ts';
import type { InstallPlan } from '../lock/plan.ts';
import type { BaseFacts, BasePython } from '../oci/facts.ts';
import type { Decoded } from './decoded.ts';
import type { HeadStart } from './head-start.ts';
import { haveBlobs, type LayerNote } from './layers.ts';
import type { Reuse, SharedFile } from './reuse.ts';

/** Plain JSON. */
export interface Prepared {
  readonly plan: Pick<InstallPlan, 'poetry' | 'lockVersion' | 'fresh' | 'locked' | 'root'> & {
    readonly selected: number;
    /** The Poetry that wrote the lock, where it says so; else the one that stands for it. */
    readonly writer: string;
  };
  readonly wheels: { readonly total: number; readonly size: number };
  /** `3.11` */
  readonly python: string;
  /** Wheels, then the environment. */
  readonly layers: readonly LayerNote[];
  /** What the layers of wheels share with each other. */
  readonly shared: readonly SharedFile[];
  /** What Poetry would warn of too. */
  readonly warnings: readonly string[];
  readonly user: string;
  /** Sum of the files of all these layers, each path once. */
  readonly unpacked: number;
}

export interface PrepareOptions {
  readonly base: { readonly name: string; readonly key: Digest; readonly facts: BaseFacts };
  readonly python: BasePython;
  readonly identity: Digest;
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly decode: () => Promise<Decoded>;
  readonly plan: () => Promise<InstallPlan>;
  readonly pool: () => Promise<LayerPool>;
  /** Layers of an earlier image. */
  readonly reuse?: Reuse;
  /** What was begun before the base was known. */
  readonly begun?: HeadStart | undefined;
  /** Told of each layer of wheels that was made. */
  readonly made?: ((record: LayerRecord) => void) | undefined;
}

export interface Preparation {
  readonly prepared: Prepared;
  /** Keys of layers that this build had to make. */
  readonly made: ReadonlySet<Digest>;
  /** Wheels that were in the cache, where that was looked at. */
  readonly cachedWheels: number;
}

const RECORDS = 'preparations';
/** To be raised with every change of `Prepared`, or of what it is made by: versions of bivy that are no releases have one number. */
const SHAPE = 4;

export async function prepare(options: PrepareOptions, context: Context): Promise<Preparation> {
  const key = keyOf({ identity: options.identity, base: options.base.key, shape: SHAPE });
  const known = context.cache.readRecord<Prepared>(RECORDS, key);
  if (known !== undefined && haveBlobs(context.cache, known.layers)) {
    return { prepared: known, made: new Set(), cachedWheels: known.wheels.total };
  }
  const { prepareAnew } = await import('./prepare-anew.ts');
  const preparation = await prepareAnew(options, context);
  // What lies in a registry alone is asked for again: who may push there is trusted for this build.
  if (preparation.prepared.layers.every(({ remote }) => remote === undefined)) {
    context.cache.writeRecord(RECORDS, key, preparation.prepared);
  }
  return preparation;
}
