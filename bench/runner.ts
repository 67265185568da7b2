// A cold CI runner: nothing in its cache, the previous image of everest in the registry. One line edited, one small
// dependency bumped; on a base of bivy's own and on one that is pulled. What it moves over the network; how long it takes
// is held against the article's final Dockerfile in `inline-cache`.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { haveRegistry, startRealRegistry } from '../test/e2e/support/registries.ts';
import { startBenchEngine } from './bases.ts';
import { type Built, copyEverest, type Everest } from './everest.ts';
import type { BenchRow } from './row.ts';
import { type Bytes, type Counter, countElsewhere, countTo } from './traffic.ts';

export interface Runner {
  readonly everest: Everest;
  /** A cache that has everything, for what is there before the runner starts. */
  readonly warm: string;
  /** The registry itself. */
  readonly domain: string;
}

interface Bench extends Runner {
  /** The same one, its bytes counted, and everything else that is asked over HTTP. */
  readonly registry: Counter;
  readonly elsewhere: Counter;
}

export interface Step {
  readonly name: string;
  /** What the previous image was made of. */
  readonly before: () => void;
  /** What has changed since. */
  readonly change: () => void;
}

interface Taken {
  readonly counted: Built;
  readonly registry: Bytes;
  readonly elsewhere: Bytes;
}

export async function run(): Promise<BenchRow[]> {
  if (!haveRegistry()) return [];
  const work = mkdtempSync(join(tmpdir(), 'bivy-runner-'));
  const engine = await startBenchEngine('a cold runner on a pulled base');
  const server = await startRealRegistry();
  const registry = await countTo(server.domain);
  const elsewhere = await countElsewhere();
  const { domain } = server;
  const bench = { everest: copyEverest(work), warm: join(work, 'warm'), domain, registry, elsewhere };
  try {
    const rows = await measure(bench, 'debian:12', () => 'debian:12');
    if (engine === undefined) return rows;
    const name = (await engine.pushBase(domain)).slice(domain.length);
    return [...rows, ...(await measure(bench, 'a pulled base', (at) => at + name))];
  } finally {
    await registry.close();
    await elsewhere.close();
    await server.stop();
    await engine?.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

/** @param baseAt the base's name, where the registry is reached at a domain */
async function measure(
  bench: Bench,
  baseName: string,
  baseAt: (domain: string) => string,
): Promise<BenchRow[]> {
  const { everest } = bench;
  const edit = await take(bench, baseAt, {
    name: `edit-${baseName.replaceAll(/\W/g, '')}`,
    before: () => everest.lock('new'),
    change: () => everest.edit(),
  });
  const bump = await take(bench, baseAt, {
    name: `bump-${baseName.replaceAll(/\W/g, '')}`,
    before: () => everest.lock('old'),
    change: () => everest.lock('new'),
  });
  const size = edit.counted.document.images[0]?.size ?? 0;
  const moved = [edit.registry, edit.elsewhere].reduce((sum, { up, down }) => sum + up + down, 0);
  return [
    {
      name: `cold runner, one line edited, on ${baseName}: bytes moved`,
      figure: (moved / size) * 100,
      limit: 1,
      unit: '% of the image',
      better: 'lower',
      detail: `of ${megabytes(size)}; registry ${spell(edit.registry)}, everything else ${spell(edit.elsewhere)}; heads and handshakes counted`,
    },
    {
      name: `cold runner, a 70 kB dependency bumped, on ${baseName}: bytes uploaded`,
      figure: (bump.registry.up + bump.elsewhere.up) / 1000,
      limit: 500,
      unit: 'kB',
      better: 'lower',
      detail: `the article's Dockerfile: 84 MB; registry ${spell(bump.registry)}, everything else ${spell(bump.elsewhere)}`,
    },
  ];
}

async function take(bench: Bench, baseAt: (domain: string) => string, step: Step): Promise<Taken> {
  const { everest, domain, registry, elsewhere } = bench;
  const repository = `${step.name}/counted`;
  await seed(bench, baseAt(domain), step, repository);
  registry.take();
  elsewhere.take();
  const proxy = `http://${elsewhere.domain}`;
  const counted = await everest.build(
    ['--base', baseAt(registry.domain), '-t', `${registry.domain}/${repository}:1`, '--push'],
    undefined,
    { http_proxy: proxy, https_proxy: proxy, no_proxy: '127.0.0.1' },
  );
  return { counted, registry: registry.take(), elsewhere: elsewhere.take() };
}

/** Seconds of cold runs, each with a repository of its own, which holds the previous image and nothing else. */
export async function timeRuns(runner: Runner, base: string, step: Step, runs: number): Promise<number[]> {
  const { everest, domain } = runner;
  const seconds: number[] = [];
  for (let run = 0; run < runs; run++) {
    const repository = `${step.name}/${run}`;
    await seed(runner, base, step, repository);
    const built = await everest.build(['--base', base, '-t', `${domain}/${repository}:1`, '--push']);
    seconds.push(built.seconds);
  }
  return seconds;
}

async function seed(
  { everest, warm, domain }: Runner,
  base: string,
  { before, change }: Step,
  repository: string,
): Promise<void> {
  before();
  await everest.build(['--base', base, '-t', `${domain}/${repository}:1`, '--push'], warm);
  change();
}

function spell({ up, down }: Bytes): string {
  return `${Math.round(up / 1000)} kB up and ${Math.round(down / 1000)} kB down`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
