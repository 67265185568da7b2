// A small dependency of everest bumped, into a Docker engine: bivy against the article's final Dockerfile, measured once
// at 9.9 s on the machine of the reference run. The engine is one of its own, which holds no layer of another run;
// skipped, and said so, where none can be started.

import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEngine } from '../test/e2e/support/engine.ts';
import { BIVY, median, runNode } from './process.ts';
import type { BenchRow } from './row.ts';

const EVEREST = fileURLToPath(new URL('../examples/everest', import.meta.url));
const BUMP = fileURLToPath(new URL('./fixtures/everest-idna-3.19.lock', import.meta.url));
/** Seconds that the article's rung 5 takes for the same bump, with the stand-in bases. */
const ARTICLE = 9.9;
const TAG = 'bivy-bench/everest';

export async function run(): Promise<BenchRow[]> {
  const stop = await startEngine();
  if (stop === undefined) {
    console.warn('SKIPPED: a Docker engine of its own needs root and dockerd');
    return [];
  }
  const work = mkdtempSync(join(tmpdir(), 'bivy-bench-'));
  try {
    const project = join(work, 'everest');
    cpSync(EVEREST, project, { recursive: true });
    const env = { ...process.env, BIVY_CACHE_DIR: join(work, 'cache') };
    const args = [BIVY, 'build', project, '--base', 'debian:12', '-o', 'docker', '-t', TAG, '-q'];
    const lock = join(project, 'poetry.lock');
    const seconds = [1, 2, 3].map(() => {
      spawnSync('docker', ['rmi', '-f', TAG], { stdio: 'ignore' });
      copyFileSync(BUMP, lock);
      runNode({ args, env });
      copyFileSync(join(EVEREST, 'poetry.lock'), lock);
      return runNode({ args, env }).seconds;
    });
    spawnSync('docker', ['rmi', '-f', TAG], { stdio: 'ignore' });
    const found = median(seconds);
    return [
      {
        name: 'everest, a 70 kB dependency bumped, into Docker',
        figure: found / ARTICLE,
        limit: 0.1,
        unit: "x the article's final Dockerfile",
        better: 'lower',
        detail: `${found.toFixed(2)} s against ${ARTICLE} s, which was measured once; median of ${seconds.length}`,
      },
    ];
  } finally {
    rmSync(work, { recursive: true, force: true });
    await stop();
  }
}
