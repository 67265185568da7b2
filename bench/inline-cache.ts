// What an inline cache does for a cold runner: the article's final Dockerfile under BuildKit with `--cache-from`, its
// builder empty but for the base, and bivy in the same run, its cache empty, on the same base and on one that it composes.
// Minutes long.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { haveRegistry, startRealRegistry } from '../test/e2e/support/registries.ts';
import { startBenchEngine } from './bases.ts';
import { dockerBuilder } from './builders.ts';
import { editContext, writeArticleContext } from './contexts.ts';
import { copyEverest } from './everest.ts';
import type { BenchRow } from './row.ts';
import { type Runner, timeRuns } from './runner.ts';

const RUNS = { ours: 5, theirs: 2 };

export async function run(): Promise<BenchRow[]> {
  if (!haveRegistry()) return [];
  const engine = await startBenchEngine("the article's final Dockerfile on a cold runner");
  if (engine === undefined) return [];
  const work = mkdtempSync(join(tmpdir(), 'bivy-inline-cache-'));
  const { domain, stop } = await startRealRegistry();
  try {
    const base = await engine.pushBase(domain);
    const runner = { everest: copyEverest(work), warm: join(work, 'warm'), domain };
    return await measure(runner, base, join(work, 'article'));
  } finally {
    await stop();
    await engine.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

async function measure(runner: Runner, base: string, context: string): Promise<BenchRow[]> {
  const { everest, domain } = runner;
  const builder = dockerBuilder();
  const parameters = { BASE: base, BUILDKIT_INLINE_CACHE: '1' };
  const previous = `${domain}/article/everest:previous`;
  everest.lock('old');
  writeArticleContext(everest.directory, context);
  await builder.deliver({ context, parameters, reference: previous });
  const theirs = async (name: string, change: () => void): Promise<number> => {
    const seconds: number[] = [];
    for (let run = 0; run < RUNS.theirs; run++) {
      everest.lock('old');
      writeArticleContext(everest.directory, context);
      change();
      await builder.wipe();
      const reference = `${domain}/article/everest:${name}-${run}`;
      seconds.push(await builder.deliver({ context, parameters, reference, cacheFrom: previous }));
    }
    return Math.min(...seconds);
  };
  const bump = (): void => {
    everest.lock('new');
    writeArticleContext(everest.directory, context);
  };
  const before = (): void => everest.lock('old');
  const bases = [
    ['debian:12', 'debian:12'],
    ['a pulled base', base],
  ] as const;
  const rows = async (what: string, name: string, limit: number, took: number): Promise<BenchRow[]> => {
    const change = (): void => (name === 'edit' ? everest.edit() : everest.lock('new'));
    const found: BenchRow[] = [];
    for (const [on, reference] of bases) {
      const step = { name: `${name}-${on.replaceAll(/\W/g, '')}`, before, change };
      const ours = Math.min(...(await timeRuns(runner, reference, step, RUNS.ours)));
      found.push({
        name: `cold runner, ${what}, on ${on}: time`,
        figure: took / ours,
        limit,
        unit: "x as fast as the article's final Dockerfile",
        better: 'higher',
        detail: `${ours.toFixed(2)} s against ${took.toFixed(1)} s with \`--cache-from\` and an inline cache, built and pushed; best of ${RUNS.ours} and of ${RUNS.theirs}`,
      });
    }
    return found;
  };
  return [
    ...(await rows('one line edited', 'edit', 10, await theirs('edit', () => editContext(context)))),
    ...(await rows('a 70 kB dependency bumped', 'bump', 30, await theirs('bump', bump))),
  ];
}
