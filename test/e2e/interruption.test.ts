import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { digestOfBuild, scratchFolder, start } from './support/program.ts';
import { sharedCache } from './support/shared-folders.ts';

const folder = scratchFolder();
const ARGUMENTS = ['examples/annapurna', '--base', 'debian:12', '--verbose'];
const MOMENTS = 20;
let expected = '';
/** Milliseconds of a build that makes everything. */
let whole = 0;

/** A cache with the downloads of the shared one, and no layer that could be found. */
function coldCache(name: string): string {
  const cache = join(folder, name);
  execFileSync('cp', ['-rl', sharedCache(), cache]);
  for (const kind of ['layers', 'layer-contents', 'preparations', 'debian-bases']) {
    rmSync(join(cache, 'records', kind), { recursive: true, force: true });
  }
  return cache;
}

function expectWholeCache(cache: string): void {
  const blobs = join(cache, 'blobs', 'sha256');
  for (const name of readdirSync(blobs)) {
    const digest = createHash('sha256')
      .update(readFileSync(join(blobs, name)))
      .digest('hex');
    expect(digest, `a blob of the cache`).toBe(name);
  }
}

/** A layout whose `index.json` names only what is there, and whole; or none at all. */
function expectWholeLayout(layout: string): void {
  if (!existsSync(layout)) return;
  const blob = (digest: string): Buffer => readFileSync(join(layout, 'blobs', 'sha256', digest.slice(7)));
  for (const { digest } of JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')).manifests) {
    const manifest = JSON.parse(blob(digest).toString('utf8'));
    for (const named of [{ digest }, manifest.config, ...manifest.layers]) {
      expect(`sha256:${createHash('sha256').update(blob(named.digest)).digest('hex')}`).toBe(named.digest);
    }
  }
}

/** Numbers between 0 and 1 that a seed gives again. */
function numbersOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

beforeAll(async () => {
  expected = await digestOfBuild([...ARGUMENTS, '-o', `oci:${join(folder, 'first')}`]);
  const started = performance.now();
  await digestOfBuild([...ARGUMENTS, '-o', `oci:${join(folder, 'timed')}`], {
    environment: { BIVY_CACHE_DIR: coldCache('timed-cache') },
  });
  whole = performance.now() - started;
});

describe('a build that is ended', () => {
  it.each([
    ['SIGINT', 0.2],
    ['SIGINT', 0.6],
    ['SIGTERM', 0.4],
  ] as const)('by %s: status 130, and nothing is left', async (signal, moment) => {
    const cache = coldCache(`cache-${signal}-${moment}`);
    const { child, ended } = start(['build', ...ARGUMENTS, '-o', `oci:${join(folder, 'ended', 'image')}`], {
      environment: { BIVY_CACHE_DIR: cache },
    });
    await sleep(250 + whole * moment * 0.8);
    child.kill(signal);
    const { status, stdout, stderr } = await ended;
    expect(status, stderr).toBe(130);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/error: .*interrupted/);
    expect(existsSync(join(folder, 'ended', 'image'))).toBe(false);
    expect(existsSync(join(folder, 'ended')) ? readdirSync(join(folder, 'ended')) : []).toEqual([]);
    expect(existsSync(join(cache, 'tmp')) ? readdirSync(join(cache, 'tmp')) : []).toEqual([]);
    expectWholeCache(cache);
    rmSync(cache, { recursive: true });
  });

  it(`by \`kill -9\` at ${MOMENTS} random moments: the next one makes the same image, and all is whole`, async () => {
    const seed = Number(process.env['BIVY_TEST_SEED'] ?? Date.now() % 1_000_000);
    console.log(`kill -9: BIVY_TEST_SEED=${seed}, a whole build takes ${Math.round(whole)} ms`);
    const random = numbersOf(seed);
    const cache = coldCache('killed-cache');
    const layout = join(folder, 'killed', 'image');
    let killed = 0;
    for (let count = 0; count < MOMENTS; count += 1) {
      // One cache all along: each run begins with what the last one left, now and then with nothing.
      if (count % 5 === 4)
        for (const kind of ['layers', 'preparations', 'debian-bases'])
          rmSync(join(cache, 'records', kind), { recursive: true, force: true });
      if (count % 5 === 2) rmSync(layout, { recursive: true, force: true });
      const { child, ended } = start(['build', ...ARGUMENTS, '-o', `oci:${layout}`], {
        environment: { BIVY_CACHE_DIR: cache },
      });
      await Promise.race([ended, sleep(random() * whole)]);
      child.kill('SIGKILL');
      const { signal, status } = await ended;
      if (signal === 'SIGKILL') killed += 1;
      else expect(status).toBe(0);
      expectWholeLayout(layout);
    }
    expectWholeCache(cache);
    const digest = await digestOfBuild([...ARGUMENTS, '-o', `oci:${layout}`], {
      environment: { BIVY_CACHE_DIR: cache },
    });
    expect(digest).toBe(expected);
    expectWholeLayout(layout);
    expect(killed).toBeGreaterThan(MOMENTS / 4);
    const fresh = await digestOfBuild([...ARGUMENTS, '-o', `oci:${join(folder, 'after')}`], {
      environment: { BIVY_CACHE_DIR: cache },
    });
    expect(fresh).toBe(expected);
    expectWholeLayout(join(folder, 'after'));
    rmSync(cache, { recursive: true });
  });
});

describe('two builds at once', () => {
  it('on one cold cache: the same image twice, and a cache that is whole', async () => {
    const cache = join(folder, 'shared-cold');
    const builds = ['one', 'two'].map((name) =>
      digestOfBuild([...ARGUMENTS, '-o', `oci:${join(folder, name)}`], {
        environment: { BIVY_CACHE_DIR: cache },
      }),
    );
    expect(await Promise.all(builds)).toEqual([expected, expected]);
    expectWholeCache(cache);
    expect(readdirSync(join(cache, 'tmp'))).toEqual([]);
    for (const name of ['one', 'two']) expectWholeLayout(join(folder, name));
  });
});
