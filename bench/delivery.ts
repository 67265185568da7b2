// Built and delivered: everest on a pulled base, into a registry that has that base and nothing else. Against the article's
// final Dockerfile under Docker and under a current buildkitd, and against uv without byte code. Everybody has the base
// already, and nothing else: what bivy needs with the base to be fetched as well is told beside. Minutes long; skipped, and
// said so, where a peer is missing.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { docker } from '../test/e2e/support/engine.ts';
import { haveRegistry, startRealRegistry } from '../test/e2e/support/registries.ts';
import { type Engine, startBenchEngine } from './bases.ts';
import { type Builder, dockerBuilder, startBuildkit } from './builders.ts';
import { writeArticleContext, writeUvContext } from './contexts.ts';
import { copyEverest } from './everest.ts';
import { uvProgram } from './peer-programs.ts';
import { BIVY, runNode } from './process.ts';
import type { BenchRow } from './row.ts';

const RUNS = { ours: 5, theirs: 2 };

export async function run(): Promise<BenchRow[]> {
  if (!haveRegistry()) return [];
  const uv = uvProgram();
  const engine = await startBenchEngine('delivery against peers');
  if (engine === undefined) return [];
  const work = mkdtempSync(join(tmpdir(), 'bivy-delivery-'));
  const { domain, stop } = await startRealRegistry();
  const buildkit = await startBuildkit(work);
  try {
    const builders = [dockerBuilder(), ...(buildkit === undefined ? [] : [buildkit])];
    return await measure({ work, domain, engine, builders, uv });
  } finally {
    await buildkit?.stop();
    await stop();
    await engine.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

interface Bench {
  readonly work: string;
  readonly domain: string;
  readonly engine: Engine;
  readonly builders: readonly Builder[];
  readonly uv: string | undefined;
}

async function measure({ work, domain, engine, builders, uv }: Bench): Promise<BenchRow[]> {
  const base = await engine.pushBase(domain);
  const everest = copyEverest(work);
  const ours: number[] = [];
  const fromNothing: number[] = [];
  const deliverOurs = async (): Promise<void> => {
    const cache = mkdtempSync(join(work, 'based-'));
    const parameters = (name: string): string[] => [
      '--base',
      base,
      '-t',
      `${domain}/${name}-${ours.length}/everest:1`,
      '--push',
    ];
    // A plan for the base reads the base, and nothing of the index.
    runNode({
      args: [BIVY, 'plan', everest.directory, '--base', base, '--json'],
      env: { ...process.env, BIVY_CACHE_DIR: cache },
    });
    ours.push((await everest.build(parameters('ours'), cache)).seconds);
    rmSync(cache, { recursive: true, force: true });
    fromNothing.push((await everest.build(parameters('nothing'))).seconds);
  };
  const article = join(work, 'article');
  writeArticleContext(everest.directory, article);
  const best = async (context: string, parameters: Readonly<Record<string, string>>): Promise<Best[]> => {
    const times: Best[] = [];
    for (const [index, builder] of builders.entries()) {
      const seconds: number[] = [];
      // Once more where bases are to be pulled first.
      for (let run = index === 0 ? 1 : 0; run <= RUNS.theirs; run += 1) {
        await builder.wipe();
        const reference = `${domain}/theirs-${index}-${run}/${context.slice(work.length + 1)}:1`;
        const taken = await builder.deliver({ context, parameters, reference });
        if (run > 0) seconds.push(taken);
      }
      await builder.wipe();
      times.push({ name: builder.name, seconds: Math.min(...seconds) });
      await deliverOurs();
    }
    return times;
  };
  const articles = await best(article, { BASE: base });
  const rows: Peer[] = [{ name: "the article's final Dockerfile", times: articles, limit: 8 }];
  if (uv !== undefined) {
    const context = join(work, 'uv');
    writeUvContext(everest.directory, context, uv);
    const times = await best(context, { BASE: base, UV: await pushUv(uv, work, domain) });
    rows.push({ name: 'uv without byte code', times, limit: 4 });
  }
  while (ours.length < RUNS.ours) await deliverOurs();
  const found = Math.min(...ours);
  return rows.map(({ name, times, limit }) => ({
    name: `everest built and delivered, nothing but the base there, against ${name}`,
    figure: Math.min(...times.map(({ seconds }) => seconds)) / found,
    limit,
    unit: 'x as fast as the fastest',
    better: 'higher',
    detail: `${found.toFixed(2)} s against ${times.map((each) => `${each.seconds.toFixed(1)} s of ${each.name}`).join(' and ')}; all downloads but the base's included; ${Math.min(...fromNothing).toFixed(2)} s where bivy has to fetch and read that, too; best of ${ours.length} and of ${RUNS.theirs}`,
  }));
}

interface Best {
  readonly name: string;
  readonly seconds: number;
}

interface Peer {
  readonly name: string;
  readonly times: readonly Best[];
  readonly limit: number;
}

/** An image that holds the program alone, for engine and registry. */
async function pushUv(uv: string, work: string, domain: string): Promise<string> {
  const name = `${domain}/library/uv:bin`;
  const archive = join(work, 'uv.tar');
  execFileSync('tar', ['-C', dirname(uv), '-cf', archive, 'uv']);
  await docker('import', archive, name);
  await docker('push', '-q', name);
  return name;
}
