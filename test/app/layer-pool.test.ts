import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runLayerJob } from '../../src/app/layer-job.ts';
import { openLayerPool, workerCount } from '../../src/app/layer-pool.ts';
import { readTar } from '../../src/kernel/untar.ts';
import type { JobWheel, WheelsJob } from '../../src/layers/job.ts';
import { buildWheel, type WheelSpec } from '../support/wheel.ts';

let folder: string;
let outputs = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bivy-jobs-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function wheel(spec: WheelSpec): JobWheel {
  const { bytes, fileName, sha256 } = buildWheel(spec);
  const path = join(folder, `${sha256}`);
  writeFileSync(path, bytes);
  return { path, fileName, sha256, size: bytes.length };
}

function job(...wheels: JobWheel[]): WheelsJob {
  const output = join(folder, `layer-${outputs++}`);
  return { kind: 'wheels', wheels, python: '3.11', prefix: '/app/.venv', output };
}

async function contents(path: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  async function* source(): AsyncGenerator<Uint8Array> {
    yield gunzipSync(readFileSync(path));
  }
  for await (const { path: name, kind, content } of readTar(source())) {
    let text = '';
    for await (const piece of content) text += Buffer.from(piece).toString('latin1');
    if (kind === 'file') found.set(name.replace('app/.venv/lib/python3.11/site-packages/', ''), text);
  }
  return found;
}

const LARGE = 'x = 1  # a line\n'.repeat(5000);

describe('a job of wheels', () => {
  it.each(['gzip', 'estargz'] as const)(
    'makes the same layer here and in a thread: %s',
    async (compression) => {
      const wheels = [
        wheel({ name: 'alpha', files: [{ name: 'alpha/big.py', content: LARGE }] }),
        wheel({
          name: 'beta',
          files: [{ name: 'beta.py', content: 'b' }],
          entryPoints: '[console_scripts]\nb = beta:run\n',
        }),
      ];
      const here = await runLayerJob({ ...job(...wheels), compression });
      expect(here.annotations === undefined).toBe(compression === 'gzip');
      const pool = openLayerPool({ workers: 2, signal: new AbortController().signal });
      try {
        // Heavy on paper, so that it goes to a thread.
        const heavy = wheels.map((each) => ({ ...each, size: 100 << 20 }));
        const there = await pool.run({ ...job(...heavy), compression });
        expect(there).toEqual(here);
        const again = await pool.run({ ...job(...wheels), compression });
        expect(again.digest).toBe(here.digest);
      } finally {
        await pool.close();
      }
    },
  );

  it('lets the later wheel win a path, says so, and keeps each RECORD as it was written', async () => {
    const wheels = [
      wheel({
        name: 'alpha',
        files: [
          { name: 'shared/same.py', content: 'same' },
          { name: 'shared/other.py', content: 'alpha' },
        ],
      }),
      wheel({
        name: 'beta',
        files: [
          { name: 'shared/same.py', content: 'same' },
          { name: 'shared/other.py', content: 'beta' },
        ],
      }),
    ];
    const task = job(...wheels);
    const { overlaps } = await runLayerJob(task);
    const winners = { winner: 'beta==1.0', loser: 'alpha==1.0' };
    const at = 'app/.venv/lib/python3.11/site-packages/shared';
    expect([...overlaps].sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
      { path: `${at}/other.py`, ...winners, same: false },
      { path: `${at}/same.py`, ...winners, same: true },
    ]);
    const files = await contents(task.output);
    expect(files.get('shared/other.py')).toBe('beta');
    const digest = createHash('sha256').update('alpha').digest('base64url');
    expect(files.get('alpha-1.0.dist-info/RECORD')).toContain(`shared/other.py,sha256=${digest},5`);
  });

  it('leaves out what a wheel of another layer wins', async () => {
    const path = 'app/.venv/lib/python3.11/site-packages/alpha.py';
    const task = job({
      ...wheel({ name: 'alpha', files: [{ name: 'alpha.py', content: 'a' }] }),
      shadowed: [path],
    });
    const { shadowed, overlaps } = await runLayerJob(task);
    expect(shadowed.map((file) => file.path)).toEqual([path]);
    expect(overlaps).toEqual([]);
    expect((await contents(task.output)).has('alpha.py')).toBe(false);
  });

  it('notices a wheel that is not the one it was stored as', async () => {
    const good = wheel({ name: 'alpha', files: [{ name: 'alpha.py', content: 'a' }] });
    const bad = { ...good, sha256: '0'.repeat(64) };
    await expect(runLayerJob(job(bad))).rejects.toMatchObject({
      code: 'HASH_MISMATCH',
      location: { file: good.path },
    });
    const pool = openLayerPool({ workers: 1, signal: new AbortController().signal });
    try {
      await expect(pool.run(job({ ...bad, size: 100 << 20 }))).rejects.toMatchObject({
        code: 'HASH_MISMATCH',
      });
    } finally {
      await pool.close();
    }
  });
});

describe('workerCount', () => {
  it('follows the environment, else the machine', () => {
    expect(workerCount({ BIVY_WORKERS: '7' })).toBe(7);
    expect(workerCount({ BIVY_WORKERS: '' })).toBe(workerCount({}));
    expect(workerCount({})).toBeLessThanOrEqual(4);
  });

  it.each(['0', '65', '1.5', 'many', '-1'])('refuses %s', (asked) => {
    expect(() => workerCount({ BIVY_WORKERS: asked })).toThrow('`BIVY_WORKERS` is');
  });
});
