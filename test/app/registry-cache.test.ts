import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { BuildRequest } from '../../src/app/build.ts';
import { moduleWheel } from '../support/poetry-project.ts';
import { startRegistry, type TestRegistry, type TestRegistryOptions } from '../support/registry.ts';
import type { BuiltWheel } from '../support/wheel.ts';
import { type Built, layersOf, openWorkshop, type Workshop } from '../support/workshop.ts';

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

/** A build on a runner that has nothing but the checkout. */
function cold(
  shop: Workshop,
  registry: TestRegistry,
  name: string,
  request: Partial<BuildRequest> = {},
): Promise<Built> {
  const tags = [`${registry.domain}/team/hut:1.0`];
  return shop.build(
    { destinations: [], push: true, tags, ...request },
    { cache: shop.path(`cache-${name}`) },
  );
}

/** Digest of what `cold` would make with no registry to ask. */
async function fromNothing(shop: Workshop, name: string): Promise<string> {
  const { made } = await shop.build({}, { cache: shop.path(`fresh-${name}`) });
  return made.digest;
}

function sentBlobs({ events }: Built): readonly string[] {
  return events.flatMap((event) => (event.type === 'pushed' && event.how === 'sent' ? [event.digest] : []));
}

function movedOf({ made }: Built): Record<string, number> {
  return { ...made.destinations[0]?.moved };
}

const THREE = (): BuiltWheel[] => [
  moduleWheel('alpha', '1.0', ALONE),
  moduleWheel('beta'),
  moduleWheel('garnet'),
];

describe('a runner with an empty cache and the last image in the registry', () => {
  it('makes, asks and sends nothing where nothing changed', async () => {
    const shop = await openWorkshop();
    const registry = await openRegistry();
    shop.lay(THREE());
    const first = await cold(shop, registry, 'one');
    const again = await cold(shop, registry, 'two');
    expect(again.made.digest).toBe(first.made.digest);
    expect(again.made.images).toEqual(
      first.made.images.map((image) => ({
        ...image,
        layers: image.layers.map((layer) => ({ ...layer, cached: true })),
      })),
    );
    expect(again.asked).toEqual([]);
    expect(again.fresh).toEqual([]);
    expect(sentBlobs(again)).toEqual([]);
    expect(movedOf(again)).toMatchObject({ uploaded: 0, mounted: 0 });
  });

  it('sends one layer and two documents where a line of code changed', async () => {
    const shop = await openWorkshop();
    const registry = await openRegistry();
    shop.lay(THREE());
    await cold(shop, registry, 'one');
    writeFileSync(shop.path('project', 'hut', '__main__.py'), 'print("edited")\n');
    const out = registry.bytes.out;
    const edited = await cold(shop, registry, 'two');
    expect(edited.asked).toEqual([]);
    expect(edited.fresh).toEqual(['app']);
    const app = layersOf(edited).find(({ kind }) => kind === 'app');
    expect([...sentBlobs(edited)].sort()).toEqual(
      [app?.digest ?? '', edited.made.images[0]?.config ?? ''].sort(),
    );
    expect(registry.bytes.out - out).toBeLessThan(50_000);
    expect(edited.made.digest).toBe(await fromNothing(shop, 'edit'));
  });

  it('fetches the one wheel that was bumped, and sends its layer', async () => {
    const shop = await openWorkshop();
    const registry = await openRegistry();
    shop.lay(THREE());
    await cold(shop, registry, 'one');
    shop.lay([moduleWheel('alpha', '1.0', ALONE), moduleWheel('beta', '1.1'), moduleWheel('garnet')]);
    const bumped = await cold(shop, registry, 'two');
    expect(bumped.asked).toEqual(['/simple/beta/', '/files/beta-1.1-py3-none-any.whl']);
    expect(sentBlobs(bumped)).toHaveLength(2);
    expect(bumped.made.digest).toBe(await fromNothing(shop, 'bump'));
  });

  it('has the same bytes for other destinations too, and downloads what they need', async () => {
    const shop = await openWorkshop();
    const registry = await openRegistry();
    shop.lay(THREE());
    const first = await cold(shop, registry, 'one');
    const request = { destinations: [`dir:${shop.path('tree')}`, `oci:${shop.path('copy')}`] };
    const both = await cold(shop, registry, 'two', request);
    expect(both.made.digest).toBe(first.made.digest);
    expect(both.fresh).toEqual([]);
    expect(both.asked).toEqual([]);
  });

  it('makes everything where it is told to', async () => {
    const shop = await openWorkshop();
    const registry = await openRegistry();
    shop.lay(THREE());
    const first = await cold(shop, registry, 'one');
    const again = await cold(shop, registry, 'two', { reuse: false });
    expect(again.fresh.length).toBe(first.fresh.length);
    expect(again.made.digest).toBe(first.made.digest);
  });
});

/** Puts the workshop's base into the registry, as `base/python:3.11`. */
function serveBase(shop: Workshop, registry: TestRegistry): string {
  const blob = (digest: string): Buffer =>
    readFileSync(shop.path('base', 'blobs', 'sha256', digest.slice(7)));
  const { manifests } = JSON.parse(readFileSync(shop.path('base', 'index.json'), 'utf8')) as {
    manifests: { digest: string; mediaType: string }[];
  };
  const { digest, mediaType } = manifests[0]!;
  const bytes = blob(digest);
  const { config, layers } = JSON.parse(bytes.toString()) as {
    config: { digest: string };
    layers: { digest: string }[];
  };
  for (const each of [config, ...layers]) registry.blobs.set(`base/python@${each.digest}`, blob(each.digest));
  for (const name of [':3.11', `@${digest}`])
    registry.manifests.set(`base/python${name}`, { mediaType, bytes });
  return `${registry.domain}/base/python:3.11`;
}

describe('a base in the registry', () => {
  it('is read once, and its layers stay where they are', async () => {
    const shop = await openWorkshop();
    const registry = await openRegistry();
    const base = { flags: { base: serveBase(shop, registry) } };
    shop.lay(THREE());
    const layers = [...registry.blobs]
      .filter(([, bytes]) => bytes[0] === 0x1f)
      .map(([name]) => name.split('@')[1]);
    const reads = (): number =>
      registry.log.filter(
        ({ method, path }) => method === 'GET' && layers.some((layer) => path.endsWith(`${layer}`)),
      ).length;
    const first = await cold(shop, registry, 'one', base);
    expect(reads()).toBe(1);
    expect(sentBlobs(first)).not.toContain(layers[0]);
    expect(movedOf(first)['mounted']).toBeGreaterThan(0);
    writeFileSync(shop.path('project', 'hut', '__main__.py'), 'print("edited")\n');
    const edited = await cold(shop, registry, 'two', base);
    expect(reads()).toBe(1);
    expect(edited.fresh).toEqual(['app']);
    const labels = configOf(registry, edited).config.Labels;
    expect(labels['org.opencontainers.image.base.name']).toBe(base.flags.base);
    expect(labels['org.opencontainers.image.base.digest']).toMatch(/^sha256:/);
    const tree = { ...base, destinations: [`dir:${shop.path('tree')}`], push: false };
    expect((await cold(shop, registry, 'three', tree)).made.digest).toBe(edited.made.digest);
  });

  it('is asked for while the last image is read, once', async () => {
    const shop = await openWorkshop();
    const [registry, bases] = [await openRegistry(), await openRegistry()];
    const base = { flags: { base: serveBase(shop, bases) } };
    shop.lay(THREE());
    const first = await cold(shop, registry, 'one', base);
    const before = bases.log.length;
    const asked = (): readonly string[] => bases.log.slice(before).map(({ path }) => path);
    registry.script('GET', /\/manifests\/1\.0$/, {
      kind: 'wait',
      until: () => expect.poll(asked, { timeout: 5000 }).toContainEqual(expect.stringContaining('/blobs/')),
    });
    expect((await cold(shop, registry, 'two', base)).made.digest).toBe(first.made.digest);
    expect(new Set(asked()).size).toBe(asked().length);
  });

  it('that is away is no less away for having been asked early', async () => {
    const shop = await openWorkshop();
    const [registry, bases] = [await openRegistry(), await openRegistry()];
    const base = serveBase(shop, bases);
    shop.lay(THREE());
    await cold(shop, registry, 'one', { flags: { base } });
    const tags = [`${registry.domain}/team/hut:1.0`];
    const request = { destinations: [], push: true, tags, flags: { base: base.replace(/:3\.11$/, ':gone') } };
    const error = await shop.fails(request, { cache: shop.path('cache-two') });
    expect(error).toMatchObject({ code: 'BASE_MISSING' });
    expect(bases.log.filter(({ path }) => path.endsWith('/manifests/gone'))).toHaveLength(1);
  });
});

function configOf(registry: TestRegistry, { made }: Built): { config: { Labels: Record<string, string> } } {
  const bytes = registry.blobs.get(`team/hut@${made.images[0]?.config}`);
  return JSON.parse(bytes?.toString() ?? '{}');
}

describe('what another repository has', () => {
  it('is left there unless it is named, and mounted where it is', async () => {
    const shop = await openWorkshop();
    const registry = await openRegistry();
    shop.lay(THREE());
    await cold(shop, registry, 'one');
    const other = { tags: [`${registry.domain}/other/hut:1.0`] };
    const alone = await cold(shop, registry, 'two', other);
    expect(alone.asked).not.toEqual([]);
    const tags = [`${registry.domain}/third/hut:1.0`];
    const named = await cold(shop, registry, 'three', {
      tags,
      cacheFrom: [`${registry.domain}/team/hut:1.0`],
    });
    expect(named.asked).toEqual([]);
    expect(named.fresh).toEqual([]);
    expect(movedOf(named)['mounted']).toBeGreaterThan(ALONE);
    expect(sentBlobs(named)).toEqual([]);
  });

  it('is asked for in vain with a warning', async () => {
    const shop = await openWorkshop();
    const registry = await openRegistry();
    shop.lay(THREE());
    const absent = `${registry.domain}/team/absent:1.0`;
    const built = await cold(shop, registry, 'one', { cacheFrom: [absent] });
    expect(built.events).toContainEqual(
      expect.objectContaining({ type: 'warning', message: expect.stringContaining(absent) }),
    );
  });
});

/** Changes the manifest that the tag leads to, and what it is called. */
function tamper(registry: TestRegistry, change: (manifest: Record<string, never>) => void): void {
  for (const [name, stored] of registry.manifests) {
    if (!name.endsWith(':1.0')) continue;
    const manifest = JSON.parse(Buffer.from(stored.bytes).toString('utf8')) as Record<string, never>;
    change(manifest);
    registry.manifests.set(name, { ...stored, bytes: Buffer.from(JSON.stringify(manifest)) });
  }
}

interface Layers {
  readonly layers: readonly { annotations?: Record<string, string>; size: number }[];
}

describe('an image in the registry that is not as bivy wrote it', () => {
  const faults: readonly (readonly [string, (registry: TestRegistry) => void])[] = [
    [
      'says nothing of its layers',
      (registry) =>
        tamper(registry, (manifest) => {
          for (const layer of (manifest as unknown as Layers).layers) delete layer.annotations;
        }),
    ],
    [
      'says nonsense of them',
      (registry) =>
        tamper(registry, (manifest) => {
          for (const { annotations = {} } of (manifest as unknown as Layers).layers) {
            annotations['dev.bivy.outline'] = '{"roots":[1]}';
            annotations['dev.bivy.unpacked'] = '-1';
          }
        }),
    ],
    [
      'lacks its layers',
      (registry) => {
        for (const [name, bytes] of registry.blobs) if (bytes.length > 2000) registry.blobs.delete(name);
      },
    ],
    [
      'has another configuration',
      (registry) => {
        for (const [name, bytes] of registry.blobs) {
          if (bytes[0] === 0x7b)
            registry.blobs.set(name, Buffer.from(bytes.toString().replace('linux', 'plan9')));
        }
      },
    ],
    [
      'is no JSON',
      (registry) => {
        for (const [name, stored] of registry.manifests) {
          if (name.endsWith(':1.0')) registry.manifests.set(name, { ...stored, bytes: Buffer.from('{') });
        }
      },
    ],
  ];

  it.each(faults)('%s: is not reused, and the build makes what it would have made', async (_, fault) => {
    const shop = await openWorkshop();
    const registry = await openRegistry();
    shop.lay(THREE());
    const first = await cold(shop, registry, 'one');
    fault(registry);
    const again = await cold(shop, registry, 'two');
    expect(again.made.digest).toBe(first.made.digest);
    expect(again.asked).not.toEqual([]);
  });
});

describe('files that two packages ship', () => {
  const sharing = (name: string, text: string, size: number): BuiltWheel =>
    moduleWheel(name, '1.0', size, { files: [{ name: 'shared/data.txt', content: text }] });

  it.each([
    ['the same bytes', 'same', 'same'],
    ['other bytes, the winner lower', 'of alpha', 'longer, of beta'],
  ])('are known without their layers: %s', async (_, first, last) => {
    const shop = await openWorkshop();
    const registry = await openRegistry();
    shop.lay([sharing('alpha', first, 0), sharing('beta', last, ALONE), moduleWheel('garnet')]);
    const one = await cold(shop, registry, 'one');
    writeFileSync(shop.path('project', 'hut', '__main__.py'), 'print("edited")\n');
    const edited = await cold(shop, registry, 'two');
    expect(edited.asked).toEqual([]);
    expect(edited.fresh).toEqual(['app']);
    expect(edited.made.digest).toBe(await fromNothing(shop, 'edit'));
    const warnings = ({ events }: Built) => events.filter(({ type }) => type === 'warning');
    expect(warnings(edited)).toEqual(warnings(one));
  });

  it('are found where a package comes that meets one of theirs', async () => {
    const shop = await openWorkshop();
    const registry = await openRegistry();
    const before = [sharing('alpha', 'of alpha', ALONE), moduleWheel('garnet')];
    shop.lay(before);
    await cold(shop, registry, 'one');
    shop.lay([...before, sharing('beta', 'of beta', 0)]);
    const met = await cold(shop, registry, 'two');
    expect(met.made.digest).toBe(await fromNothing(shop, 'meet'));
    expect(met.asked).not.toContain('/simple/garnet/');
  });
});

describe('with layers of the registry or without', () => {
  const NAMES = ['ash', 'birch', 'cedar', 'elm', 'fir', 'hazel'];
  const wheel = (name: string, version: string, shares: boolean): BuiltWheel =>
    moduleWheel(name, version, NAMES.indexOf(name) % 2 === 0 ? ALONE : 0, {
      files: shares ? [{ name: 'tests/__init__.py', content: version === '1.0' ? '' : `# ${name}` }] : [],
    });
  const project = fc.subarray(NAMES, { minLength: 1 }).chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc.record({
          name: fc.constant(name),
          version: fc.constantFrom('1.0', '2.0'),
          shares: fc.boolean(),
        }),
      ),
    ),
  );

  it('the image is the same, whatever was pushed before', async () => {
    const shop = await openWorkshop();
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(project, { minLength: 2, maxLength: 3 }), async (projects) => {
        const registry = await openRegistry();
        for (const packages of projects) {
          count += 1;
          shop.lay(packages.map(({ name, version, shares }) => wheel(name, version, shares)));
          const built = await cold(shop, registry, `law-${count}`);
          const fresh = await shop.build({}, { cache: shop.path(`fresh-${count}`) });
          expect(built.made.digest).toBe(fresh.made.digest);
          expect(built.made.images[0]?.unpacked).toBe(fresh.made.images[0]?.unpacked);
        }
        await registry.close();
      }),
      { numRuns: 8, endOnFailure: true },
    );
  }, 60_000);
});
