// The generated Dockerfile of annapurna with the real builders: it runs, goes to several destinations at once, is the same
// when it is built again, and leaves nothing in the project, in the cache or in the engine.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildDocument } from '../../src/report/build.ts';
import { docker, haveEngine } from './support/engine.ts';
import { scratchFolder, succeed } from './support/program.ts';
import { leftovers, openWorkplace, type Way, type WayName, type Workplace } from './support/workplace.ts';

const ANSWER = '{"mountain":"annapurna","metres":8091}\n';

const engine = haveEngine();
const folder = scratchFolder();
let place: Workplace | undefined;
let project = '';
let base = '';

beforeAll(async () => {
  if (!engine) return;
  place = await openWorkplace(folder);
  ({ project, base } = place);
});
afterAll(async () => {
  await place?.stop();
});

function wayOf(name: WayName): Way | undefined {
  return place?.ways[name];
}

function listing(directory: string): Readonly<Record<string, number>> {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return Object.fromEntries(names.sort().map((name) => [name, statSync(join(directory, name)).mtimeMs]));
}

describe.runIf(engine)('the generated Dockerfile', () => {
  it.each<WayName>(['docker', 'buildctl', 'buildx, docker', 'buildx, remote'])('%s', async (name) => {
    const way = wayOf(name);
    if (way === undefined) return;
    const before = listing(project);
    const tag = `bivy-e2e/engine-${name.replace(/\W+/g, '-')}:1`;
    const { flags, environment, title } = way;
    const layout = join(folder, `layout ${name}`);
    const destinations = ['-o', 'docker', '-o', `oci:${layout}`, '-o', `oci-archive:${layout}.tar`];
    const args = [
      'build',
      project,
      ...flags,
      '--base',
      base,
      '--builder-base',
      base,
      '-t',
      tag,
      ...destinations,
    ];
    try {
      const { stdout, stderr } = await succeed([...args, '--json'], { environment });
      const made = JSON.parse(stdout) as BuildDocument;
      expect(made).toMatchObject({
        version: 1,
        engine: title,
        tags: [tag],
        images: [{ platform: 'linux/amd64' }],
      });
      expect(made.images[0]?.manifest).toBe(made.digest);
      expect(stderr).toBe('');
      expect((await docker('run', '--rm', '--network', 'none', tag)).stdout).toBe(ANSWER);
      const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
      expect(index.manifests[0].digest).toBe(made.digest);
      // Again: what is the same stays the same, and plain output is the digest.
      const again = await succeed(args, { environment });
      expect(again.stdout).toBe(`${made.digest}\n`);
      expect(again.stderr).toContain(`engine    ${title}`);
      expect(again.stderr).toMatch(/step {6}\[builder 4\/[45]\] .* cached/);
      expect(again.stderr).toContain(`same      oci:${layout}`);
      expect(listing(project)).toEqual(before);
    } finally {
      await docker('image', 'rm', '--force', tag).catch(() => undefined);
    }
    expect(leftovers()).toEqual([]);
    expect((await docker('images', '--quiet', 'localhost/bivy-build')).stdout).toBe('');
  });
});
