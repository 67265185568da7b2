import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { withContext } from '../../src/app/context.ts';
import { type Pinned, type PinRequest, pinProject } from '../../src/app/pin.ts';
import { DirectoryCache } from '../../src/kernel/directory-cache.ts';
import { BivyError } from '../../src/kernel/errors.ts';
import { decodePins } from '../../src/project/pins-decode.ts';
import { pinDocument, pinLines } from '../../src/report/pin.ts';
import { moduleWheel } from '../support/poetry-project.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { writeTinyBase } from '../support/tiny-base.ts';
import { openWorkshop, type Workshop } from '../support/workshop.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

const open: TestRegistry[] = [];
afterEach(() => Promise.all(open.splice(0).map((registry) => registry.close())));

async function serve(): Promise<TestRegistry> {
  const registry = await startRegistry();
  open.push(registry);
  return registry;
}

/** Puts a layout's image into a registry, under a tag, alone or in an index; the digests. */
function push(
  registry: TestRegistry,
  layout: string,
  tag: string,
  inIndex: boolean,
): { readonly manifest: string; readonly top: string } {
  const read = (digest: string): Buffer => readFileSync(join(layout, 'blobs', 'sha256', digest.slice(7)));
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
  const described = { ...index.manifests[0], platform: { os: 'linux', architecture: 'amd64' } };
  const bytes = read(described.digest);
  const { config, layers } = JSON.parse(bytes.toString());
  for (const { digest } of [config, ...layers]) registry.addBlob('team/base', read(digest));
  const manifest = registry.addManifest('team/base', inIndex ? undefined : tag, bytes, MANIFEST);
  if (!inIndex) return { manifest, top: manifest };
  const list = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [described] }));
  return { manifest, top: registry.addManifest('team/base', tag, list, INDEX) };
}

async function pin(shop: Workshop, request: Partial<PinRequest> = {}, base = shop.base): Promise<Pinned> {
  const environment = { BIVY_INDEX_URL: shop.index.url, BIVY_BASE: base };
  return withContext(
    {
      environment,
      emit: () => undefined,
      signal: new AbortController().signal,
      offline: false,
      cache: new DirectoryCache(shop.cache),
    },
    (context) =>
      pinProject(
        {
          directory: shop.project,
          environment,
          ...request,
          flags: { platforms: ['linux/amd64'], ...request.flags },
        },
        context,
      ),
  );
}

async function refusal(work: Promise<unknown>): Promise<BivyError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof BivyError) return error;
  throw new Error(`not refused: ${String(error)}`);
}

async function shopWithTwo(): Promise<Workshop> {
  const shop = await openWorkshop();
  shop.lay([moduleWheel('alpha'), moduleWheel('beta')]);
  return shop;
}

const textOf = (shop: Workshop): string => readFileSync(join(shop.project, 'bivy.lock'), 'utf8');

describe('an image of a registry', () => {
  it.each([true, false])('is pinned by its digests, no layer read (in an index: %s)', async (inIndex) => {
    const shop = await shopWithTwo();
    const registry = await serve();
    const { manifest, top } = push(registry, shop.path('base'), '1', inIndex);
    const base = `${registry.domain}/team/base:1`;
    const pinned = await pin(shop, {}, base);
    expect(decodePins(textOf(shop)).bases).toEqual([
      {
        kind: 'image',
        reference: base,
        platform: 'linux/amd64',
        ...(inIndex ? { index: top } : {}),
        manifest,
      },
    ]);
    expect(pinned.written).toBe(true);
    const { layers } = JSON.parse(registry.manifests.get(`team/base@${manifest}`)!.bytes.toString());
    const asked = registry.log.map(({ path }) => path);
    expect(asked.some((path) => path.endsWith(layers[0].digest))).toBe(false);
    expect(pinLines(pinned)[0]).toMatch(/^wrote .*bivy\.lock$/);

    // It stays where nobody asks for more, wherever the tag leads.
    const before = registry.log.length;
    writeTinyBase(shop.path('newer'), { env: ['NEW=1'] });
    const newer = push(registry, shop.path('newer'), '1', inIndex);
    const again = await pin(shop, {}, base);
    expect([again.written, registry.log.length]).toEqual([false, before]);
    expect(pinLines(again)[0]).toMatch(/ is up to date$/);

    const updated = await pin(shop, { update: true }, base);
    expect(updated.change.bases).toEqual([
      {
        reference: base,
        platform: 'linux/amd64',
        what: 'changed',
        from: manifest,
        to: newer.manifest,
        packages: [],
      },
    ]);
    expect(pinLines(updated).slice(1)).toEqual([
      `  ${base} linux/amd64:`,
      `      ${manifest} -> ${newer.manifest}`,
    ]);
    expect(pinDocument(updated)).toMatchObject({ version: 1, written: true, layers: 0 });
  });

  it('that is not there, or not for the platform, changes nothing', async () => {
    const shop = await shopWithTwo();
    const registry = await serve();
    push(registry, shop.path('base'), '1', true);
    writeFileSync(join(shop.project, 'bivy.lock'), 'rubbish');
    const gone = pin(shop, { update: true }, `${registry.domain}/team/base:2`);
    expect((await refusal(gone)).code).toBe('BASE_MISSING');
    const flags = { platforms: ['linux/s390x'] };
    const other = pin(shop, { update: true, flags }, `${registry.domain}/team/base:1`);
    expect((await refusal(other)).code).toBe('BASE_MISSING');
    expect(textOf(shop)).toBe('rubbish');
  });
});

describe('pins', () => {
  it('are added to, one platform after another, and written anew by an update alone', async () => {
    const shop = await shopWithTwo();
    await pin(shop);
    const first = decodePins(textOf(shop));
    expect(first.bases).toMatchObject([{ reference: shop.base, platform: 'linux/amd64' }]);
    const registry = await serve();
    push(registry, shop.path('base'), '1', true);
    const base = `${registry.domain}/team/base:1`;
    const second = await pin(shop, {}, base);
    expect(second.change.bases.map(({ what, reference }) => [what, reference])).toEqual([['added', base]]);
    expect(second.pins.bases.map(({ reference }) => reference)).toEqual([base, shop.base].sort());
    const third = await pin(shop, { update: true }, base);
    expect(third.change.bases.map(({ what, reference }) => [what, reference])).toEqual([
      ['removed', shop.base],
    ]);
  });

  it('are refused where another bivy or nobody wrote them, save for an update', async () => {
    const shop = await shopWithTwo();
    await pin(shop);
    const sound = textOf(shop);
    for (const [text, code] of [
      [sound.replace('layout = ', 'layout = 9'), 'PINS_DISAGREE'],
      [`${sound}<<<<<<<`, 'PINS_INVALID'],
    ] as const) {
      writeFileSync(join(shop.project, 'bivy.lock'), text);
      const error = await refusal(pin(shop));
      expect([error.code, error.hint]).toEqual([code, expect.stringContaining('bivy pin --update')]);
      await pin(shop, { update: true });
      expect(textOf(shop)).toBe(sound);
    }
  });

  it('say what layers are, by their keys, and keep that up', async () => {
    const shop = await shopWithTwo();
    const { pins } = await pin(shop, { layers: true });
    const built = await shop.build();
    const own = built.made.images[0]!.layers.filter(({ kind }) => kind === 'wheels' || kind === 'venv');
    expect(pins.layers?.map(({ digest, diffId, size }) => [digest, diffId, size]).sort()).toEqual(
      own.map(({ digest, diffId, size }) => [digest, diffId, size]).sort(),
    );
    expect(decodePins(textOf(shop))).toEqual(pins);
    expect((await pin(shop)).written).toBe(false);
    const kept = textOf(shop);
    shop.lay([moduleWheel('alpha'), moduleWheel('beta', '1.1')]);
    writeFileSync(join(shop.project, 'bivy.lock'), kept);
    const updated = await pin(shop, { update: true });
    expect(updated.change).toMatchObject({ bases: [], layers: { added: 1, removed: 1, changed: 0 } });
    expect(pinLines(updated)).toContain('  layers: 1 more, 1 fewer');
  });

  it('contradict a layer that is made otherwise', async () => {
    const shop = await shopWithTwo();
    await pin(shop, { layers: true });
    const text = textOf(shop);
    const digest = /digest = "(sha256:\w+)"/.exec(text)![1]!;
    writeFileSync(join(shop.project, 'bivy.lock'), text.replace(digest, `sha256:${'0'.repeat(64)}`));
    const error = await refusal(pin(shop, { layers: true }));
    expect(error.code).toBe('PINS_DISAGREE');
  });
});
