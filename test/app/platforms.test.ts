// One build for several platforms: what is for any of them is fetched and made once, what is for one of them is its own.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { Descriptor } from '../../src/oci/spec.ts';
import { describeOracle, readLines } from '../python/oracle.ts';
import { bivy } from '../support/command.ts';
import { moduleWheel } from '../support/poetry-project.ts';
import { startRegistry, type TestRegistry, type TestRegistryOptions } from '../support/registry.ts';
import { serveTinyBase, type TinyPlatform } from '../support/tiny-base.ts';
import { type BuiltWheel, buildWheel } from '../support/wheel.ts';
import { type Built, listing, openWorkshop, type Workshop } from '../support/workshop.ts';

const PLATFORMS: readonly TinyPlatform[] = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'];
const ALONE = 300_000;
const open: TestRegistry[] = [];

afterEach(async () => {
  for (const registry of open.splice(0)) await registry.close();
});

async function openRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  open.push(registry);
  return registry;
}

function nativeWheel(machine: string): BuiltWheel {
  return buildWheel({
    name: 'gneiss',
    tag: `cp311-cp311-manylinux_2_17_${machine}`,
    purelib: false,
    files: [{ name: 'gneiss.so', content: `for ${machine}` }],
  });
}

/** Two wheels for any platform, one of them a layer of its own, and one wheel for each. */
function lay(shop: Workshop, machines: readonly string[] = ['x86_64', 'aarch64', 'armv7l']): void {
  const natives = machines.map(nativeWheel);
  for (const { fileName, bytes } of natives) shop.index.serve({ name: fileName, bytes });
  const files = natives.map(({ fileName, sha256 }) => ({ name: fileName, sha256 }));
  shop.lay([
    moduleWheel('alpha', '1.0', ALONE),
    moduleWheel('beta'),
    { wheel: natives[0]!, locked: { name: 'gneiss', version: '1.0', files } },
  ]);
}

/** Of each image the layers that hold such a package. */
function layersBy(built: Built, packages: RegExp): readonly (readonly string[])[] {
  return built.made.images.map(({ layers }) =>
    layers.filter((layer) => layer.packages.some((name) => packages.test(name))).map(({ digest }) => digest),
  );
}

function downloaded({ events }: Built): readonly string[] {
  return events.flatMap((event) => (event.type === 'downloaded' ? [event.name] : [])).sort();
}

function blobOf(layout: string, digest: string): Record<string, never> {
  return JSON.parse(readFileSync(`${layout}/blobs/sha256/${digest.slice('sha256:'.length)}`, 'utf8'));
}

describe('a build for three platforms', () => {
  it('fetches and makes once what is for any, and gives an index', async () => {
    const shop = await openWorkshop({ platforms: PLATFORMS });
    lay(shop);
    const built = await shop.build({ flags: { platforms: PLATFORMS } });
    expect(built.made.images.map(({ platform }) => platform)).toEqual(PLATFORMS);

    const files = built.asked.filter((path) => path.startsWith('/files/')).sort();
    expect(files).toEqual([
      '/files/alpha-1.0-py3-none-any.whl',
      '/files/beta-1.0-py3-none-any.whl',
      ...['aarch64', 'armv7l', 'x86_64'].map(
        (machine) => `/files/gneiss-1.0-cp311-cp311-manylinux_2_17_${machine}.whl`,
      ),
    ]);
    expect(downloaded(built)).toHaveLength(files.length);
    // Made: of each pure layer one, of native ones three; of the project's own and the environment one each.
    const count = (name: string): number => built.fresh.filter((other) => other === name).length;
    expect(count('alpha')).toBe(1);
    expect(count('app')).toBe(1);
    expect(built.fresh.filter((name) => name.startsWith('native-'))).toHaveLength(3);
    expect(built.fresh.filter((name) => name.startsWith('wheels-'))).toHaveLength(1);
    expect(new Set(built.fresh).size).toBeLessThan(built.fresh.length);

    for (const pure of [/^alpha==/, /^beta==/]) {
      const [first, ...others] = layersBy(built, pure);
      expect(first).toHaveLength(1);
      for (const other of others) expect(other).toEqual(first);
    }
    expect(new Set(layersBy(built, /^gneiss==/).flat()).size).toBe(3);

    const { manifests } = JSON.parse(readFileSync(shop.path('out', 'index.json'), 'utf8')) as {
      manifests: readonly Descriptor[];
    };
    expect(manifests.map(({ digest }) => digest)).toEqual([built.made.digest]);
    const index = blobOf(shop.path('out'), built.made.digest) as unknown as {
      mediaType: string;
      manifests: readonly Descriptor[];
    };
    expect(index.mediaType).toBe('application/vnd.oci.image.index.v1+json');
    expect(index.manifests.map(({ platform }) => platform)).toEqual([
      { architecture: 'amd64', os: 'linux' },
      { architecture: 'arm64', os: 'linux' },
      { architecture: 'arm', os: 'linux', variant: 'v7' },
    ]);
    expect(index.manifests.map(({ digest }) => digest)).toEqual(
      built.made.images.map(({ manifest }) => manifest),
    );
    for (const [position, { config }] of built.made.images.entries()) {
      const { architecture, variant } = index.manifests[position]?.platform ?? {};
      const document = blobOf(shop.path('out'), config);
      expect(document).toMatchObject({ architecture, os: 'linux' });
      expect(document['variant']).toBe(variant);
    }
  });

  it('gives each platform the image that it has alone', async () => {
    const shop = await openWorkshop({ platforms: PLATFORMS });
    lay(shop);
    const together = await shop.build({ flags: { platforms: PLATFORMS } });
    for (const [position, platform] of PLATFORMS.entries()) {
      const alone = await shop.build(
        { flags: { platforms: [platform] }, destinations: [`oci:${shop.path('alone')}`] },
        { cache: shop.path(`cache-${position}`) },
      );
      expect(alone.made.digest).toBe(together.made.images[position]?.manifest);
    }
  });

  it('prints one document with every image', async () => {
    const shop = await openWorkshop({ platforms: PLATFORMS });
    lay(shop);
    const ran = await bivy(
      [
        'build',
        shop.project,
        '--json',
        '--platform',
        'linux/amd64,linux/arm64',
        '-o',
        `oci:${shop.path('out')}`,
      ],
      {
        environment: {
          BIVY_BASE: shop.base,
          BIVY_INDEX_URL: shop.index.url,
          BIVY_CACHE_DIR: shop.path('cache'),
        },
      },
    );
    expect(ran.stderr + ran.stdout).not.toContain('error');
    const made = JSON.parse(ran.stdout) as Built['made'];
    expect(made.images.map(({ platform }) => platform)).toEqual(['linux/amd64', 'linux/arm64']);
    expect(made.images.map(({ manifest }) => manifest)).not.toContain(made.digest);
  });
});

describe('into a registry', () => {
  const cold = (
    shop: Workshop,
    registry: TestRegistry,
    name: string,
    platforms: readonly string[] = PLATFORMS,
  ): Promise<Built> =>
    shop.build(
      { destinations: [], push: true, tags: [`${registry.domain}/team/hut:1.0`], flags: { platforms } },
      {
        cache: shop.path(`cache-${name}`),
        environment: { BIVY_BASE: `${registry.domain}/team/base:many` },
      },
    );
  const sent = ({ events }: Built): readonly string[] =>
    events.flatMap((event) => (event.type === 'pushed' && event.how === 'sent' ? [event.digest] : []));

  it('every blob goes once, and a runner with nothing makes and asks nothing', async () => {
    const shop = await openWorkshop();
    const registry = await openRegistry();
    serveTinyBase(registry, 'team/base:many', { platforms: PLATFORMS });
    lay(shop);
    const first = await cold(shop, registry, 'one');
    expect(new Set(sent(first)).size).toBe(sent(first).length);
    expect(registry.manifests.get('team/hut:1.0')?.mediaType).toMatch(/image\.index/);

    const again = await cold(shop, registry, 'two');
    expect(again.made.digest).toBe(first.made.digest);
    expect([again.asked, again.fresh, sent(again)]).toEqual([[], [], []]);
    // What is known of the bases stands in the images: none of their layers is read.
    expect(again.events.filter(({ type }) => type === 'downloaded')).toEqual([]);

    writeFileSync(shop.path('project', 'hut', '__main__.py'), 'print("edited")\n');
    const edited = await cold(shop, registry, 'three');
    expect(edited.asked).toEqual([]);
    expect(edited.fresh).toEqual(['app']);
    const app = edited.made.images[0]?.layers.find(({ kind }) => kind === 'app')?.digest ?? '';
    const configs = edited.made.images.map(({ config }) => config);
    expect([...sent(edited)].sort()).toEqual([app, ...configs].sort());
  });

  it('a platform that is added finds what is for any', async () => {
    const shop = await openWorkshop();
    const registry = await openRegistry();
    serveTinyBase(registry, 'team/base:many', { platforms: PLATFORMS });
    lay(shop);
    await cold(shop, registry, 'one', ['linux/amd64']);
    const both = await cold(shop, registry, 'two', ['linux/amd64', 'linux/arm64']);
    expect(both.asked.filter((path) => path.startsWith('/files/'))).toEqual([
      '/files/gneiss-1.0-cp311-cp311-manylinux_2_17_aarch64.whl',
    ]);
    expect(both.fresh.map((name) => name.replace(/-.*/, ''))).toEqual(['native']);
  });

  it('the index goes after what it names, whatever the number of tags', async () => {
    const shop = await openWorkshop();
    const early: string[] = [];
    const registry = await openRegistry({
      on: ({ method, path, headers }) => {
        if (method !== 'PUT' || !(headers['content-type'] ?? '').includes('index')) return undefined;
        const inner = [...registry.manifests.keys()].filter((key) => key.startsWith('team/hut@'));
        if (inner.length < PLATFORMS.length) early.push(path);
        return undefined;
      },
    });
    serveTinyBase(registry, 'team/base:many', { platforms: PLATFORMS });
    // One of the manifests has to be put again, after a pause.
    registry.script('PUT', /\/manifests\/sha256:/, { kind: 'answer', status: 503 });
    lay(shop);
    const tags = ['1.0', 'latest'].map((tag) => `${registry.domain}/team/hut:${tag}`);
    const environment = { BIVY_BASE: `${registry.domain}/team/base:many` };
    const built = await shop.build(
      { destinations: [], push: true, tags, flags: { platforms: PLATFORMS } },
      { environment, patience: { backoffMs: 100 } },
    );
    expect(early).toEqual([]);
    expect(built.events).not.toContainEqual(
      expect.objectContaining({ type: 'note', message: expect.stringContaining('sending every blob') }),
    );
  });

  it('nothing is there where one platform cannot be built', async () => {
    const shop = await openWorkshop();
    const registry = await openRegistry();
    serveTinyBase(registry, 'team/base:many', { platforms: PLATFORMS });
    lay(shop, ['x86_64', 'aarch64']);
    const environment = { BIVY_BASE: `${registry.domain}/team/base:many` };
    const error = await shop.fails(
      {
        destinations: [`oci:${shop.path('out')}`],
        push: true,
        tags: [`${registry.domain}/team/hut:1.0`],
        flags: { platforms: PLATFORMS },
      },
      { environment },
    );
    expect(error.code).toBe('NO_WHEEL');
    expect(error.message + error.causes.join()).toContain('gneiss');
    expect(
      [...registry.manifests.keys(), ...registry.blobs.keys()].filter((key) => key.includes('hut')),
    ).toEqual([]);
    expect(existsSync(shop.path('out'))).toBe(false);
  });

  it('no manifest is there after Ctrl-C in mid-push, and the next build goes on', async () => {
    const shop = await openWorkshop();
    const controller = new AbortController();
    let posts = 0;
    const registry = await openRegistry({
      on: ({ method, path }) => {
        posts += method === 'POST' && path.includes('team/hut') ? 1 : 0;
        if (posts === 3) controller.abort();
        return undefined;
      },
    });
    serveTinyBase(registry, 'team/base:many', { platforms: PLATFORMS });
    lay(shop);
    const environment = {
      BIVY_BASE: `${registry.domain}/team/base:many`,
      BIVY_INDEX_URL: shop.index.url,
      BIVY_CACHE_DIR: shop.path('cache-one'),
    };
    const tag = `${registry.domain}/team/hut:1.0`;
    const args = ['build', shop.project, '--platform', PLATFORMS.join(), '-t', tag, '--push'];
    expect((await bivy(args, { environment, signal: controller.signal })).status).toBe(130);
    expect([...registry.manifests.keys()].filter((key) => key.startsWith('team/hut'))).toEqual([]);
    expect(listing(shop.path('cache-one', 'tmp'))).toEqual([]);
    const again = await cold(shop, registry, 'one');
    expect(again.fresh).toEqual([]);
    expect(registry.manifests.get('team/hut:1.0')).toBeDefined();
  });
});

interface Row {
  readonly id: string;
  readonly target: { readonly python: string; readonly platform: string; readonly libc: string };
  readonly tag_order: string;
  readonly candidates: readonly { readonly filename: string }[];
  readonly chosen: string | null;
}

describeOracle('chooser.jsonl', (path) => {
  const rows = readLines<Row>(path)
    .slice(1)
    .filter(({ target, tag_order }) => target?.libc === 'musl:1.2' && tag_order === 'either');

  it('has rows of musl', () => expect(rows.length).toBeGreaterThan(6));

  it.each(rows.map((row) => [row.id, row] as const))('over a base with musl: %s', async (_, row) => {
    const shop = await openWorkshop();
    const registry = await openRegistry();
    const platform = row.target.platform as TinyPlatform;
    const base = serveTinyBase(registry, 'team/base:musl', {
      platforms: [platform],
      python: row.target.python,
      libc: 'musl',
    });
    const wheels = row.candidates.map(({ filename }) => {
      const tag = /^foo-1\.0-(.+)\.whl$/.exec(filename)?.[1];
      return {
        filename,
        ...buildWheel({ name: 'foo', version: '1.0', ...(tag === undefined ? {} : { tag }) }),
      };
    });
    for (const { filename, bytes } of wheels) shop.index.serve({ name: filename, bytes });
    const files = wheels.map(({ filename: name, sha256 }) => ({ name, sha256 }));
    shop.lay([{ wheel: wheels[0]!, locked: { name: 'foo', version: '1.0', files } }]);
    const request = { flags: { platforms: [platform] } };
    const conditions = { environment: { BIVY_BASE: base } };
    if (row.chosen?.endsWith('.whl') !== true) {
      expect((await shop.fails(request, conditions)).code).toBe('NO_WHEEL');
      return;
    }
    const built = await shop.build(request, conditions);
    expect(built.asked.filter((asked) => asked.startsWith('/files/'))).toEqual([`/files/${row.chosen}`]);
  });
});
