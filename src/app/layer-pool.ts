// The pool of `layers/worker-pool.ts` with its two ends: this thread, and threads that run `layer-worker`.

import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { BivyError } from '../kernel/errors.ts';
import { createLayerPool, type LayerPool } from '../layers/worker-pool.ts';

/** `BIVY_WORKERS`, else the number of cores, at most 4. @throws BivyError `USAGE` where it is no number from 1 to 64 */
export function workerCount(environment: NodeJS.ProcessEnv): number {
  const asked = environment['BIVY_WORKERS'];
  if (asked === undefined || asked === '') return Math.min(availableParallelism(), 4);
  return parseWorkers(asked, 'BIVY_WORKERS');
}

/** @param from what the number was given by. @throws BivyError `USAGE` where it is no number from 1 to 64 */
export function parseWorkers(text: string, from: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 64) return count;
  throw new BivyError('USAGE', `\`${from}\` is \`${text}\`, which is no number of threads`, {
    hint: 'give a whole number from 1 to 64',
  });
}

/** Close it when the last layer is made: its threads keep the process alive. */
export function openLayerPool(options: {
  readonly workers: number;
  readonly signal: AbortSignal;
}): LayerPool {
  return createLayerPool({
    ...options,
    start: startWorker,
    inline: async (job, signal) => (await import('./layer-job.ts')).runLayerJob(job, signal),
  });
}

async function startWorker(): Promise<Worker> {
  const { Worker } = await import('node:worker_threads');
  const extension = extname(import.meta.url);
  // From the sources (tests) a thread needs what the main thread already has: a loader of TypeScript.
  const loader = new URL('../../test/support/typescript-loader.mjs', import.meta.url);
  const execArgv = extension === '.ts' ? ['--import', loader.href] : [];
  return new Worker(new URL(`./layer-worker${extension}`, import.meta.url), { execArgv });
}
