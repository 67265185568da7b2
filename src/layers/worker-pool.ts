// Layers made side by side: worker threads that each make one layer at a time, the heaviest waiting one first. What is
// little in sum is made in this thread: starting a worker takes longer than a layer of a few small wheels.

import { rmSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { BivyError, toBivyError } from '../kernel/errors.ts';
import {
  isPortable,
  type LayerJob,
  type LayerReply,
  type LayerResult,
  unpackError,
  weightOf,
} from './job.ts';

export interface LayerPool {
  /** Which jobs run here and which in workers is decided for all that are given in one turn of the event loop. */
  run(job: LayerJob): Promise<LayerResult>;
  /** Ends the workers; jobs in work fail with `INTERRUPTED`, and their files are removed. */
  close(): Promise<void>;
}

export interface LayerPoolOptions {
  /** Most worker threads; at least 1. */
  readonly workers: number;
  /** Starts a thread that answers a `LayerJob` with a `LayerReply`. */
  readonly start: () => Promise<Worker>;
  /** Makes a layer in this thread. */
  readonly inline: (job: LayerJob, signal: AbortSignal) => Promise<LayerResult>;
  readonly signal: AbortSignal;
}

/** Bytes of wheels and files that are made in this thread when there is no more to do. */
const INLINE_MAX = 4 << 20;

interface Waiting {
  readonly job: LayerJob;
  readonly weight: number;
  readonly resolve: (result: LayerResult) => void;
  readonly reject: (error: unknown) => void;
}

export function createLayerPool(options: LayerPoolOptions): LayerPool {
  const fresh: Waiting[] = [];
  const queue: Waiting[] = [];
  const threads = new Set<Thread>();
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  let here: Promise<void> = Promise.resolve();

  function run(job: LayerJob): Promise<LayerResult> {
    return new Promise((resolve, reject) => {
      if (fresh.length === 0) setImmediate(dispatch);
      fresh.push({ job, weight: weightOf(job), resolve, reject });
    });
  }

  function dispatch(): void {
    const jobs = fresh.splice(0);
    const total = jobs.reduce((sum, { weight }) => sum + weight, 0);
    const idle = threads.size === 0 && total <= INLINE_MAX;
    for (const waiting of jobs) {
      if (idle || !isPortable(waiting.job)) here = here.then(() => runHere(waiting));
      else queue.push(waiting);
    }
    // Stable: jobs of one weight keep their order.
    queue.sort((a, b) => b.weight - a.weight);
    feed();
  }

  async function runHere({ job, resolve, reject }: Waiting): Promise<void> {
    try {
      signal.throwIfAborted();
      resolve(await options.inline(job, signal));
    } catch (error) {
      reject(toBivyError(error));
    }
  }

  function feed(): void {
    for (const thread of threads) if (thread.current === undefined) next(thread);
    while (queue.length > 0 && threads.size < options.workers) {
      const thread: Thread = { current: undefined, worker: undefined };
      threads.add(thread);
      next(thread);
    }
  }

  function next(thread: Thread): void {
    const waiting = queue.shift();
    if (waiting === undefined) return;
    thread.current = waiting;
    give(thread, waiting)
      .then(waiting.resolve, waiting.reject)
      .finally(() => {
        thread.current = undefined;
        next(thread);
      });
  }

  async function give(thread: Thread, { job }: Waiting): Promise<LayerResult> {
    let reply: LayerReply;
    try {
      signal.throwIfAborted();
      thread.worker ??= await options.start();
      reply = await ask(thread.worker, job, signal);
    } catch (error) {
      // No answer: the thread may be in the middle of anything.
      await thread.worker?.terminate();
      thread.worker = undefined;
      rmSync(job.output, { force: true });
      throw toBivyError(error);
    }
    if (!reply.ok) throw unpackError(reply);
    return reply.result;
  }

  async function close(): Promise<void> {
    stop.abort();
    await Promise.all([...threads].map(({ worker }) => worker?.terminate()));
    await here;
  }
  return { run, close };
}

interface Thread {
  current: Waiting | undefined;
  worker: Worker | undefined;
}

function ask(worker: Worker, job: LayerJob, signal: AbortSignal): Promise<LayerReply> {
  return new Promise((resolve, reject) => {
    function settle(): void {
      worker.off('message', answered).off('error', failed).off('exit', left);
      signal.removeEventListener('abort', aborted);
    }
    function answered(reply: LayerReply): void {
      settle();
      resolve(reply);
    }
    function failed(error: unknown): void {
      settle();
      reject(error);
    }
    function left(code: number): void {
      failed(new BivyError('INTERNAL', `a worker thread ended with status ${code} while it made a layer`));
    }
    function aborted(): void {
      failed(signal.reason);
    }
    worker.on('message', answered).on('error', failed).on('exit', left);
    signal.addEventListener('abort', aborted, { once: true });
    worker.postMessage(job);
  });
}
