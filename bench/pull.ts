// What a host that has the previous image must pull after a small dependency was bumped, into Docker's classic store:
// the layer that changed, and every layer above it, since that store knows layers by what lies below them.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { docker } from '../test/e2e/support/engine.ts';
import { haveRegistry, startRealRegistry } from '../test/e2e/support/registries.ts';
import { startBenchEngine } from './bases.ts';
import { copyEverest } from './everest.ts';
import type { BenchRow } from './row.ts';
import { countTo } from './traffic.ts';

export async function run(): Promise<BenchRow[]> {
  if (!haveRegistry()) return [];
  const engine = await startBenchEngine('a host that pulls');
  if (engine === undefined) return [];
  const work = mkdtempSync(join(tmpdir(), 'bivy-pull-'));
  const server = await startRealRegistry();
  const counter = await countTo(server.domain);
  try {
    const base = await engine.pushBase(server.domain);
    const everest = copyEverest(work);
    const cache = join(work, 'cache');
    const push = ['--base', base, '-t', `${server.domain}/team/everest:1`, '--push'];
    const pulled = `${counter.domain}/team/everest:1`;
    everest.lock('old');
    await everest.build(push, cache);
    await docker('pull', '-q', pulled);
    const whole = counter.take();
    everest.lock('new');
    const { document } = await everest.build(push, cache);
    await docker('pull', '-q', pulled);
    const { up, down } = counter.take();
    const size = document.images[0]?.size ?? 0;
    return [
      {
        name: 'a host with the previous image pulls the next one, a 70 kB dependency bumped',
        figure: ((up + down) / size) * 100,
        limit: 5,
        unit: '% of the image',
        better: 'lower',
        detail: `${((up + down) / 1000).toFixed(0)} kB of ${(size / 1e6).toFixed(1)} MB by \`docker pull\` into the classic store, where the previous image was ${(whole.down / 1e6).toFixed(1)} MB above the base; the article's Dockerfile: 84 MB`,
      },
    ];
  } finally {
    await counter.close();
    await server.stop();
    await engine.stop();
    rmSync(work, { recursive: true, force: true });
  }
}
