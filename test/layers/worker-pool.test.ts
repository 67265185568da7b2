import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BivyError } from '../../src/kernel/errors.ts';
import {
  isPortable,
  type LayerJob,
  type LayerResult,
  packError,
  unpackError,
  weightOf,
} from '../../src/layers/job.ts';
import { createLayerPool, type LayerPool } from '../../src/layers/worker-pool.ts';

const MEGABYTE = 1 << 20;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bivy-pool-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A job of that weight; a thread of `THREAD` does what its prefix says. */
function job(megabytes: number, order = 'answer'): LayerJob {
  const wheel = { path: '/none', fileName: 'x.whl', sha256: '', size: megabytes * MEGABYTE };
  return {
    kind: 'wheels',
    wheels: [wheel],
    python: '3.11',
    prefix: order,
    output: join(folder, `${megabytes}-${order}`),
  };
}

/** Answers with a summary whose `size` is the job's weight and whose `digest` says which thread it was. */
const THREAD = `
const { parentPort, threadId } = require('node:worker_threads');
const { writeFileSync } = require('node:fs');
parentPort.on('message', (job) => {
  const size = job.wheels[0].size;
  if (job.prefix === 'exit') process.exit(3);
  if (job.prefix === 'throw') throw new Error('out of order');
  if (job.prefix === 'hang') { writeFileSync(job.output, 'half'); parentPort.postMessage = () => {}; return; }
  if (job.prefix === 'refuse') {
    const error = { code: 'WHEEL_UNSAFE', message: 'no', hint: 'h', location: { file: 'f', line: 2, column: null }, causes: ['c'] };
    return parentPort.postMessage({ ok: false, error, stack: 'there' });
  }
  parentPort.postMessage({ ok: true, result: { digest: threadId, size } });
});`;

interface Trial {
  readonly pool: LayerPool;
  readonly stop: AbortController;
  readonly started: () => number;
  /** Weights in megabytes, of the jobs that ran in this thread. */
  readonly here: number[];
}

function open(workers: number): Trial {
  const stop = new AbortController();
  let started = 0;
  const here: number[] = [];
  const pool = createLayerPool({
    workers,
    signal: stop.signal,
    start: async () => {
      started++;
      return new Worker(THREAD, { eval: true });
    },
    inline: async (each) => {
      here.push(weightOf(each) / MEGABYTE);
      if (each.kind === 'wheels' && each.prefix === 'refuse') throw new BivyError('WHEEL_UNSAFE', 'no');
      return { size: weightOf(each) } as LayerResult;
    },
  });
  return { pool, stop, started: () => started, here };
}

async function fault(promise: Promise<unknown>): Promise<BivyError> {
  return promise.then(
    () => expect.unreachable('it should have failed'),
    (error: BivyError) => error,
  );
}

describe('the pool', () => {
  it('makes what is little in sum in this thread, one after the other', async () => {
    const { pool, started, here } = open(2);
    await Promise.all([pool.run(job(1)), pool.run(job(2)), pool.run(job(0.5))]);
    expect(here).toEqual([1, 2, 0.5]);
    expect(started()).toBe(0);
    await pool.close();
  });

  it('makes the rest in as many threads as there are, the heaviest first', async () => {
    const { pool, started, here } = open(1);
    const done: number[] = [];
    const jobs = [3, 9, 1, 7].map((size) =>
      pool.run(job(size)).then((result) => done.push(result.size / MEGABYTE)),
    );
    await Promise.all(jobs);
    expect(done).toEqual([9, 7, 3, 1]);
    expect(started()).toBe(1);
    expect(here).toEqual([]);
    await pool.close();
  });

  it('gives each job its own answer, whatever the number of threads', async () => {
    const { pool, started } = open(3);
    const sizes = [5, 1, 8, 2, 6, 3];
    const results = await Promise.all(sizes.map((size) => pool.run(job(size))));
    expect(results.map(({ size }) => size / MEGABYTE)).toEqual(sizes);
    expect(started()).toBe(3);
    await pool.close();
  });

  it('starts no more threads than there are jobs', async () => {
    const { pool, started } = open(8);
    await Promise.all([pool.run(job(9)), pool.run(job(8))]);
    expect(started()).toBe(2);
    await pool.close();
  });

  it('makes in this thread what cannot cross to another', async () => {
    const { pool, here, started } = open(2);
    const computed = { kind: 'computed', from: () => new Uint8Array() } as const;
    const entries = [
      { kind: 'file', path: 'a', mode: 0o644, size: 20 * MEGABYTE, content: computed } as const,
    ];
    const entriesJob: LayerJob = {
      kind: 'entries',
      parts: [{ name: 'app', entries }],
      output: join(folder, 'e'),
    };
    expect(isPortable(entriesJob)).toBe(false);
    await Promise.all([pool.run(entriesJob), pool.run(job(9))]);
    expect(here).toEqual([20]);
    expect(started()).toBe(1);
    await pool.close();
  });

  it('carries an error across with all it says, and goes on', async () => {
    const { pool } = open(1);
    const refused = fault(pool.run(job(9, 'refuse')));
    const answered = pool.run(job(8));
    expect(await refused).toMatchObject({
      code: 'WHEEL_UNSAFE',
      message: 'no',
      hint: 'h',
      location: { file: 'f', line: 2 },
      causes: ['c'],
      stack: 'there',
    });
    expect((await answered).size).toBe(8 * MEGABYTE);
    await pool.close();
  });

  it('goes on after a failure in this thread', async () => {
    const { pool } = open(1);
    const refused = fault(pool.run(job(1, 'refuse')));
    expect((await pool.run(job(1))).size).toBe(MEGABYTE);
    expect((await refused).code).toBe('WHEEL_UNSAFE');
    await pool.close();
  });

  it.each([
    ['exit', 'ended with status 3'],
    ['throw', 'out of order'],
  ])('survives a thread that dies: %s', async (how, message) => {
    const { pool, started } = open(1);
    const died = fault(pool.run(job(9, how)));
    const answered = pool.run(job(8));
    expect((await died).code).toBe('INTERNAL');
    expect((await died).message).toContain(message);
    expect((await answered).size).toBe(8 * MEGABYTE);
    expect(started()).toBe(2);
    await pool.close();
  });

  it('ends threads and removes their files when it is interrupted', async () => {
    const { pool, stop } = open(1);
    const hanging = job(9, 'hang');
    const faults = [fault(pool.run(hanging)), fault(pool.run(job(8)))];
    while (!existsSync(hanging.output)) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    for (const each of faults) expect((await each).code).toBe('INTERRUPTED');
    expect(existsSync(hanging.output)).toBe(false);
    expect((await fault(pool.run(job(1)))).code).toBe('INTERRUPTED');
    await pool.close();
  });

  it('ends what is in work when it is closed', async () => {
    const { pool } = open(1);
    const hanging = job(9, 'hang');
    writeFileSync(hanging.output, '');
    const left = fault(pool.run(hanging));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await pool.close();
    expect((await left).code).toBe('INTERRUPTED');
    expect(existsSync(hanging.output)).toBe(false);
  });
});

describe('an error on its way', () => {
  it('keeps code, hint, place and the chain of causes', () => {
    const error = new BivyError('DISK_FULL', 'no room', {
      hint: 'make some',
      location: { file: '/x', line: 1, column: 2 },
      causes: ['first'],
      cause: new Error('ENOSPC'),
    });
    const reply = structuredClone(packError(error));
    if (reply.ok) return expect.unreachable();
    const revived = unpackError(reply);
    expect(revived).toBeInstanceOf(BivyError);
    expect(revived).toMatchObject({
      code: 'DISK_FULL',
      message: 'no room',
      hint: 'make some',
      location: { file: '/x', line: 1, column: 2 },
      causes: ['first', 'ENOSPC'],
      stack: error.stack,
    });
  });

  it('has no hint where there was none', () => {
    const reply = packError(new BivyError('WHEEL_INVALID', 'bad'));
    if (reply.ok) return expect.unreachable();
    expect(unpackError(reply)).toMatchObject({ hint: undefined, location: undefined, causes: [] });
  });
});
