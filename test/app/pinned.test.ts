import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { withContext } from '../../src/app/context.ts';
import { pinProject } from '../../src/app/pin.ts';
import { pinDebianBase } from '../../src/debian/pinned.ts';
import { DirectoryCache } from '../../src/kernel/directory-cache.ts';
import { FORMAT } from '../../src/layers/layout.ts';
import { decodePins } from '../../src/project/pins-decode.ts';
import { writePins } from '../../src/project/pins-file.ts';
import { type DebianMirror, NOW, startDebianMirror, tinyBookworm } from '../support/debian-mirror.ts';
import { moduleWheel } from '../support/poetry-project.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { writeTinyBase } from '../support/tiny-base.ts';
import { openWorkshop, type Workshop } from '../support/workshop.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function pin(shop: Workshop, base: string, layers = false): Promise<void> {
  const environment = { BIVY_INDEX_URL: shop.index.url, BIVY_BASE: base };
  const { signal } = new AbortController();
  const options = { environment, emit: () => undefined, signal, offline: false };
  await withContext({ ...options, cache: new DirectoryCache(shop.cache) }, (context) =>
    pinProject(
      { directory: shop.project, environment, layers, flags: { platforms: ['linux/amd64'] } },
      context,
    ),
  );
}

/** Puts the one image of a layout under a tag. */
function push(registry: TestRegistry, layout: string, tag: string): void {
  const read = (digest: string): Buffer => readFileSync(join(layout, 'blobs', 'sha256', digest.slice(7)));
  const { digest, mediaType } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')).manifests[0];
  const { config, layers } = JSON.parse(read(digest).toString());
  for (const blob of [config, ...layers]) registry.addBlob('team/base', read(blob.digest));
  registry.addManifest('team/base', tag, read(digest), mediaType);
}

async function shopWithTwo(): Promise<Workshop> {
  const shop = await openWorkshop();
  shop.lay([moduleWheel('alpha'), moduleWheel('beta')]);
  return shop;
}

describe('a build with bivy.lock', () => {
  it('stays on the image that was pinned, wherever its tag leads', async () => {
    const shop = await shopWithTwo();
    const registry = await startRegistry();
    open.push(registry);
    push(registry, shop.path('base'), '1');
    const base = `${registry.domain}/team/base:1`;
    const conditions = { environment: { BIVY_BASE: base } };
    const before = await shop.build({}, conditions);
    await pin(shop, base);
    expect((await shop.build({}, conditions)).made.digest).toBe(before.made.digest);
    expect((await shop.build({}, conditions)).fresh).toEqual([]);

    writeTinyBase(shop.path('newer'), { members: [{ path: 'etc/newer', body: 'x' }] });
    push(registry, shop.path('newer'), '1');
    const asked = registry.log.length;
    const later = await shop.build({}, { ...conditions, cache: shop.path('cold') });
    expect(later.made.digest).toBe(before.made.digest);
    expect(registry.log.slice(asked).filter(({ path }) => path.endsWith('/manifests/1'))).toEqual([]);
    rmSync(shop.path('project', 'bivy.lock'));
    const free = await shop.build({}, { ...conditions, cache: shop.path('cold') });
    expect(free.made.digest).not.toBe(before.made.digest);
  });

  it('refuses what disagrees, and says what to do', async () => {
    const shop = await shopWithTwo();
    await pin(shop, shop.base);
    await shop.build();
    const sound = readFileSync(shop.path('project', 'bivy.lock'), 'utf8');
    const refused = async (...asked: Parameters<Workshop['fails']>): Promise<string> => {
      const error = await shop.fails(...asked);
      expect(error.code).toMatch(/^PINS_/);
      expect(error.hint).toContain('bivy pin');
      expect(error.location?.file).toBe(shop.path('project', 'bivy.lock'));
      return [error.message, ...error.causes].join('; ');
    };
    writeTinyBase(shop.path('other'));
    expect(await refused({}, { environment: { BIVY_BASE: `oci:${shop.path('other')}` } })).toContain(
      'does not pin',
    );
    expect(await refused({ flags: { platforms: ['linux/arm64'] } })).toContain('for `linux/arm64`');
    writeFileSync(shop.path('project', 'bivy.lock'), sound.replace('layout = ', 'layout = 9'));
    expect(await refused()).toContain('layout 9');
    writeFileSync(shop.path('project', 'bivy.lock'), `${sound}<<<<`);
    expect(await refused()).toContain('not valid TOML');
    writeFileSync(shop.path('project', 'bivy.lock'), sound);
    writeTinyBase(shop.path('base'), { members: [{ path: 'etc/newer', body: 'x' }] });
    expect(await refused()).toContain('is not the image');
  });
});

describe('a build with pinned layers', () => {
  it('reuses these and no other, and refuses one that contradicts', async () => {
    const shop = await shopWithTwo();
    const registry = await startRegistry();
    open.push(registry);
    await pin(shop, shop.base, true);
    const tags = [`${registry.domain}/team/hut:1`];
    const first = await shop.build({ destinations: [], push: true, tags });
    const cold = (): ReturnType<Workshop['build']> => {
      rmSync(shop.path('cold'), { recursive: true, force: true });
      return shop.build({ cacheFrom: tags }, { cache: shop.path('cold') });
    };
    const again = await cold();
    // The project's own layer is none of those that are pinned.
    expect([again.made.digest, again.fresh]).toEqual([first.made.digest, ['app']]);

    const file = shop.path('project', 'bivy.lock');
    const text = readFileSync(file, 'utf8');
    const { layers = [] } = decodePins(text);
    for (const { digest } of layers) {
      writeFileSync(file, text.replaceAll(digest, `sha256:${'0'.repeat(64)}`));
      const error = await cold().then(
        () => undefined,
        (thrown: unknown) => thrown as { readonly code: string },
      );
      expect(error?.code).toBe('PINS_DISAGREE');
    }
  });

  it('believes nothing else that another repository says of them', async () => {
    const shop = await shopWithTwo();
    const registry = await startRegistry();
    open.push(registry);
    await pin(shop, shop.base, true);
    const tags = [`${registry.domain}/team/hut:1`];
    const cold = (): ReturnType<Workshop['build']> => {
      rmSync(shop.path('cold'), { recursive: true, force: true });
      return shop.build({ cacheFrom: tags }, { cache: shop.path('cold') });
    };
    const first = await shop.build({ destinations: [], push: true, tags });
    for (const [name, stored] of registry.manifests) {
      const text = stored.bytes.toString().replace('"roots\\":[\\"', '"roots\\":[\\"elsewhere/');
      expect(text).toContain('elsewhere/');
      registry.manifests.set(name, { ...stored, bytes: Buffer.from(text) });
    }
    await expect(cold()).rejects.toMatchObject({
      code: 'PINS_DISAGREE',
      causes: [expect.stringContaining('annotations')],
    });
    rmSync(shop.path('project', 'bivy.lock'));
    expect((await cold()).made.digest).not.toBe(first.made.digest);
  });
});

describe('a build on pinned Debian packages', () => {
  async function mirrorWith(packages = tinyBookworm()): Promise<DebianMirror> {
    const mirror = await startDebianMirror();
    open.push(mirror);
    const compress = { ending: '.gz', pack: gzipSync };
    await mirror.publish('bookworm', { packages });
    await mirror.publish('bookworm-updates', { packages: [], compress });
    await mirror.publish('bookworm-security', { packages: [], compress });
    return mirror;
  }

  /** As `bivy pin` does it, but trusting the key of the tests' mirror. */
  async function pinDebian(shop: Workshop, mirror: DebianMirror): Promise<void> {
    const options = { environment: {}, emit: () => undefined, signal: new AbortController().signal };
    const pinned = await withContext(
      { ...options, offline: false, cache: new DirectoryCache(shop.path('pinning')) },
      (context) =>
        pinDebianBase(
          {
            release: '12',
            platform: 'linux/amd64',
            packages: [],
            mirror: mirror.main,
            environment: {},
            keys: mirror.keys,
            now: NOW,
          },
          context,
        ),
    );
    const { layout, encoder } = FORMAT as Record<string, number>;
    writePins(shop.project, {
      format: { layout: layout!, encoder: encoder! },
      bases: [{ kind: 'debian', reference: 'debian:12', platform: 'linux/amd64', with: [], ...pinned }],
    });
  }

  it('asks the mirror for packages alone, and makes the same image everywhere', async () => {
    const shop = await shopWithTwo();
    const mirror = await mirrorWith();
    await pinDebian(shop, mirror);
    const before = mirror.log.length;
    const conditions = { environment: { BIVY_BASE: 'debian:12', BIVY_DEBIAN_MIRROR: mirror.main } };
    const first = await shop.build({}, conditions);
    const asked = mirror.log.slice(before);
    expect(asked.length).toBe(tinyBookworm().length);
    expect(asked.every((path) => path.endsWith('.deb'))).toBe(true);
    expect(first.events.find((event) => event.type === 'base')).toMatchObject({
      name: 'debian:12',
      python: '3.11.2',
    });

    const again = await shop.build({}, { ...conditions, offline: true });
    expect([again.made.digest, again.fresh]).toEqual([first.made.digest, []]);
    const cold = await shop.build({}, { ...conditions, cache: shop.path('cold') });
    expect(cold.made.digest).toBe(first.made.digest);
  });

  it('says which packages are gone, and refuses others than those that are pinned', async () => {
    const shop = await shopWithTwo();
    const mirror = await mirrorWith();
    await pinDebian(shop, mirror);
    const conditions = { environment: { BIVY_BASE: 'debian:12', BIVY_DEBIAN_MIRROR: mirror.main } };
    mirror.replace(mirror.find('netbase_1.0-1_all.deb').path, { status: 404, body: '' });
    const gone = await shop.fails({}, conditions);
    expect([gone.code, gone.causes]).toEqual([
      'DEBIAN_PACKAGE',
      [expect.stringContaining('`netbase` 1.0-1')],
    ]);
    expect(gone.hint).toContain('bivy pin --update');

    const pyproject = shop.path('project', 'pyproject.toml');
    writeFileSync(pyproject, `${readFileSync(pyproject, 'utf8')}\n[tool.bivy]\npackages = ["libpq5"]\n`);
    const other = await shop.fails({}, conditions);
    expect([other.code, other.causes]).toEqual(['PINS_DISAGREE', ['`libpq5` is asked for, and not pinned']]);
    expect(decodePins(readFileSync(shop.path('project', 'bivy.lock'), 'utf8')).bases).toHaveLength(1);
  });
});
