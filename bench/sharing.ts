// A second project that shares four fifths of its wheels' bytes with one that the registry has already, pushed to another
// repository: what is mounted rather than sent; and what a second platform adds to the first one's cost.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BuildDocument } from '../src/report/build.ts';
import { haveRegistry, startRealRegistry } from '../test/e2e/support/registries.ts';
import { buildsOf, copyEverest, type Everest } from './everest.ts';
import { writeLhotse } from './lhotse.ts';
import { median } from './process.ts';
import type { BenchRow } from './row.ts';

const BASE = ['--base', 'debian:12'];
const PAIRS = 3;

export async function run(): Promise<BenchRow[]> {
  if (!haveRegistry()) return [];
  const work = mkdtempSync(join(tmpdir(), 'bivy-sharing-'));
  const { domain, stop } = await startRealRegistry();
  const everest = copyEverest(work);
  try {
    return [...(await measureMounts(everest, work, domain)), await measurePlatforms(everest, domain)];
  } finally {
    await stop();
    rmSync(work, { recursive: true, force: true });
  }
}

async function measureMounts(everest: Everest, work: string, domain: string): Promise<BenchRow[]> {
  const warm = join(work, 'warm');
  const tag = `${domain}/team/everest:1`;
  const first = await everest.build([...BASE, '-t', tag, '--push'], warm);
  const directory = join(work, 'lhotse');
  writeLhotse(directory);
  const build = buildsOf(directory, work);
  const push = (repository: string): string[] => [...BASE, '-t', `${domain}/${repository}:1`, '--push'];
  const named = await build([...push('named/lhotse'), '--cache-from', tag]);
  const seen = await build(push('seen/lhotse'), warm);
  const wheels = (document: BuildDocument): Map<string, number> =>
    new Map(
      document.images.flatMap(({ layers }) =>
        layers.filter(({ packages }) => packages.length > 0).map(({ digest, size }) => [digest, size]),
      ),
    );
  const known = wheels(first.document);
  const second = [...wheels(seen.document)];
  const total = second.reduce((sum, [, size]) => sum + size, 0);
  const shared = second.reduce((sum, [digest, size]) => sum + (known.has(digest) ? size : 0), 0);
  const row = (document: BuildDocument, how: string): BenchRow => {
    const { uploaded = 0, mounted = 0, present = 0 } = document.destinations[0]?.moved ?? {};
    return {
      name: `a second project in another repository, ${how}: bytes not sent`,
      figure: ((mounted + present) / (uploaded + mounted + present)) * 100,
      limit: 70,
      unit: '% of the image',
      better: 'higher',
      detail: `${megabytes(mounted)} mounted, ${megabytes(uploaded)} sent; it shares ${((shared / total) * 100).toFixed(1)} % of the bytes of its wheels' layers with the first, and the base`,
    };
  };
  return [
    row(named.document, 'from a cold cache, with `--cache-from`'),
    row(seen.document, 'by what this cache has seen'),
  ];
}

async function measurePlatforms(everest: Everest, domain: string): Promise<BenchRow> {
  const times = { one: [] as number[], two: [] as number[] };
  for (let pair = 0; pair < PAIRS; pair++) {
    for (const [kind, platforms] of [
      ['one', 'linux/amd64'],
      ['two', 'linux/amd64,linux/arm64'],
    ] as const) {
      const push = ['-t', `${domain}/${kind}/everest-${pair}:1`, '--push'];
      times[kind].push((await everest.build([...BASE, '--platform', platforms, ...push])).seconds);
    }
  }
  const one = median(times.one);
  const two = median(times.two);
  return {
    name: 'everest on debian:12 for two platforms, cold and pushed',
    figure: median(times.two.map((seconds, pair) => seconds / (times.one[pair] ?? Number.NaN))),
    limit: 2.1,
    unit: 'x one platform',
    better: 'lower',
    detail: `${two.toFixed(1)} s against ${one.toFixed(1)} s, all downloads and composing the bases included; median of ${PAIRS} pairs`,
  };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
