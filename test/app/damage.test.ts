import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/kernel/digest.ts';
import { moduleWheel } from '../support/poetry-project.ts';
import { contents, layersOf, listing, openWorkshop, type Workshop } from '../support/workshop.ts';

const ALONE = 300_000;

async function fullShop(): Promise<Workshop> {
  const shop = await openWorkshop();
  shop.lay([
    moduleWheel('alpha', '1.0', ALONE),
    moduleWheel('beta', '1.0', 0, { files: [{ name: 'shared.txt', content: 'b' }] }),
    moduleWheel('gamma', '1.0', 0, { files: [{ name: 'shared.txt', content: 'c' }] }),
  ]);
  return shop;
}

/** Files of the cache, by folder: `blobs/sha256`, `records/layers`, … */
function cached(shop: Workshop, ...folder: string[]): readonly string[] {
  const path = shop.path('cache', ...folder);
  return readdirSync(path).map((name) => join(path, name));
}

/** Flips a bit in the middle: the size stays. */
function flip(path: string): void {
  const bytes = readFileSync(path);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

/** Every blob of the cache is what it is called. */
function expectWhole(shop: Workshop): void {
  for (const path of cached(shop, 'blobs', 'sha256')) {
    expect(digestOf(readFileSync(path))).toBe(`sha256:${path.slice(path.lastIndexOf('/') + 1)}`);
  }
  expect(listing(shop.path('cache', 'tmp'))).toEqual([]);
}

describe('a cache that was damaged', () => {
  const damages = [
    ['a bit flipped', flip],
    ['cut short', (path: string) => truncateSync(path, statSync(path).size >> 1)],
    ['emptied', (path: string) => truncateSync(path, 0)],
    ['lengthened', (path: string) => appendFileSync(path, 'more')],
    ['removed', (path: string) => rmSync(path)],
    [
      'a directory in its place',
      (path: string) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
  ] as const;

  it.each(damages)('every layer and wheel %s: made anew, the same', async (_, damage) => {
    const shop = await fullShop();
    const first = await shop.build();
    for (const path of cached(shop, 'blobs', 'sha256')) damage(path);
    rmSync(shop.path('out'), { recursive: true });
    const again = await shop.build();
    expect(again.made.digest).toBe(first.made.digest);
    expectWhole(shop);
  });

  it.each(damages)('every record %s: made anew, the same', async (_, damage) => {
    const shop = await fullShop();
    const first = await shop.build();
    for (const kind of readdirSync(shop.path('cache', 'records'))) {
      for (const path of cached(shop, 'records', kind)) damage(path);
    }
    const again = await shop.build();
    expect(again.made.digest).toBe(first.made.digest);
    expect(layersOf(again).map(({ digest }) => digest)).toEqual(layersOf(first).map(({ digest }) => digest));
    const unpacked = ({ made }: typeof first): number | undefined => made.images[0]?.unpacked;
    expect(unpacked(again)).toBe(unpacked(first));
    expect((await shop.build()).fresh).toEqual([]);
  });

  it('records of any two kinds lost: made anew, the same', async () => {
    const shop = await fullShop();
    const first = await shop.build();
    const kinds = readdirSync(shop.path('cache', 'records'));
    expect(kinds).toEqual(
      expect.arrayContaining(['layers', 'layer-contents', 'preparations', 'wheel-sizes']),
    );
    for (const [position, one] of kinds.entries()) {
      for (const other of kinds.slice(position)) {
        for (const kind of [one, other])
          rmSync(shop.path('cache', 'records', kind), { recursive: true, force: true });
        const again = await shop.build();
        expect(again.made.digest, `${one} and ${other}`).toBe(first.made.digest);
        expect(again.made.images[0]?.unpacked, `${one} and ${other}`).toBe(first.made.images[0]?.unpacked);
      }
    }
  });

  it('a damaged layer is told, and replaced in the cache', async () => {
    const shop = await fullShop();
    const first = await shop.build();
    const layer = layersOf(first)[1]?.digest ?? '';
    flip(shop.path('cache', 'blobs', 'sha256', layer.slice(7)));
    rmSync(shop.path('out'), { recursive: true });
    const again = await shop.build();
    expect(again.events).toContainEqual({ type: 'warning', message: expect.stringContaining('damaged') });
    expect(again.fresh).toContain('alpha');
    expectWhole(shop);
  });

  it('a damaged layer of the base is an error that names the file: nothing else could make it', async () => {
    const shop = await fullShop();
    await shop.build();
    const index = JSON.parse(readFileSync(shop.path('base', 'index.json'), 'utf8'));
    const manifest = JSON.parse(
      readFileSync(shop.path('base', 'blobs', 'sha256', index.manifests[0].digest.slice(7)), 'utf8'),
    );
    flip(shop.path('base', 'blobs', 'sha256', manifest.layers[0].digest.slice(7)));
    rmSync(shop.path('out'), { recursive: true });
    const error = await shop.fails();
    expect(['HASH_MISMATCH', 'BASE_INVALID']).toContain(error.code);
    expect(`${error.message} ${error.location?.file}`).toContain(manifest.layers[0].digest.slice(7));
    expect(existsSync(shop.path('out', 'index.json'))).toBe(false);
  });

  it('something else than a directory in its place is an error that names it', async () => {
    const shop = await fullShop();
    writeFileSync(shop.path('cache'), 'a file');
    const error = await shop.fails();
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain(shop.path('cache'));
    expect(error.hint).toContain('BIVY_CACHE_DIR');
  });
});

describe('two builds at once on one cold cache', () => {
  it('make the same image, and leave the cache whole', async () => {
    const shop = await fullShop();
    const builds = await Promise.all(
      ['a', 'b', 'c'].map((name) => shop.build({ destinations: [`oci:${shop.path(name)}`] })),
    );
    expect(new Set(builds.map(({ made }) => made.digest)).size).toBe(1);
    expect(contents(shop.path('a'))).toEqual(contents(shop.path('b')));
    expectWhole(shop);
  });

  it('into one destination leave it whole', async () => {
    const shop = await fullShop();
    const builds = await Promise.all([1, 2].map(() => shop.build()));
    expect(builds[0]?.made.digest).toBe(builds[1]?.made.digest);
    await shop.build({ destinations: [`oci:${shop.path('other')}`] });
    expect(contents(shop.path('out'))).toEqual(contents(shop.path('other')));
  });
});

describe('a disk that is full', () => {
  const mounted: string[] = [];
  afterEach(() => {
    for (const path of mounted.splice(0)) execFileSync('umount', [path]);
  });

  /** A file system of that many bytes, where this user may make one. */
  function smallDisk(path: string, size: string): boolean {
    mkdirSync(path, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'pipe' });
    } catch {
      console.warn('SKIPPED: a full disk (mounting a small file system needs root)');
      return false;
    }
    mounted.push(path);
    return true;
  }

  it('of the cache: an error that says so, and a good build afterwards', async (test) => {
    const shop = await fullShop();
    if (!smallDisk(shop.path('small'), '200k')) test.skip();
    const error = await shop.fails({}, { cache: shop.path('small', 'cache') });
    expect(error.code).toBe('DISK_FULL');
    expect(error.hint).toContain('BIVY_CACHE_DIR');
    expect(listing(shop.path('out'))).toEqual([]);
    expect(listing(shop.path('small', 'cache', 'tmp'))).toEqual([]);
    execFileSync('mount', ['-o', 'remount,size=8m', shop.path('small')]);
    const whole = await shop.build({}, { cache: shop.path('small', 'cache') });
    expect(whole.made.digest).toBe((await shop.build()).made.digest);
  });

  it.each(['oci', 'oci-archive', 'docker-archive', 'dir'])(
    'of the destination `%s`: what was there stays',
    async (kind) => {
      const shop = await fullShop();
      if (!smallDisk(shop.path('small'), '200k')) return;
      const small = await openWorkshop();
      small.lay([moduleWheel('delta')]);
      const out = shop.path('small', 'out');
      await small.build({ destinations: [`${kind}:${out}`] });
      const old = kind.endsWith('archive') ? readFileSync(out, 'latin1') : contents(out);
      const error = await shop.fails({ destinations: [`${kind}:${out}`] });
      expect(error.code, error.message).toBe('DISK_FULL');
      expect(error.message).toBe(`cannot write \`${kind}:${out}\``);
      expect(error.hint).toContain('choose another destination');
      expect(kind.endsWith('archive') ? readFileSync(out, 'latin1') : contents(out)).toEqual(old);
      expect(readdirSync(shop.path('small'))).toEqual(['out']);
    },
  );
});

describe('no permission', () => {
  const isRoot = process.getuid?.() === 0;

  it.skipIf(isRoot)('to write the destination or the cache: an error that names the path', async () => {
    const shop = await fullShop();
    mkdirSync(shop.path('closed'), { mode: 0o555 });
    for (const conditions of [{}, { cache: shop.path('closed', 'cache') }]) {
      const error = await shop.fails({ destinations: [`oci:${shop.path('closed', 'out')}`] }, conditions);
      expect(error.code).toBe('PERMISSION');
      expect(`${error.message} ${error.location?.file}`).toContain('closed');
    }
    chmodSync(shop.path('closed'), 0o755);
  });
});

describe('a directory as destination', () => {
  it('is never written through a link that leads out of it', async () => {
    const shop = await fullShop();
    mkdirSync(shop.path('elsewhere'));
    await shop.build({ destinations: [`dir:${shop.path('tree')}`] });
    rmSync(shop.path('tree', 'app'), { recursive: true });
    symlinkSync(shop.path('elsewhere'), shop.path('tree', 'app'));
    shop.lay([moduleWheel('alpha', '1.0', ALONE)]);
    await shop.build({ destinations: [`dir:${shop.path('tree')}`] }).catch(() => undefined);
    expect(listing(shop.path('elsewhere'))).toEqual([]);
  });

  it('that holds a copy of one of ours under another mark is refused', async () => {
    const shop = await fullShop();
    await shop.build();
    mkdirSync(shop.path('copy'));
    copyFileSync(shop.path('out', 'index.json'), shop.path('copy', 'index.json'));
    appendFileSync(shop.path('copy', 'index.json'), ' ');
    writeFileSync(
      shop.path('copy', 'index.json'),
      readFileSync(shop.path('copy', 'index.json'), 'utf8').replace(
        '"manifests":[',
        '"manifests":[{"mediaType":"x","digest":"sha256:00","size":1},',
      ),
    );
    const error = await shop.fails({ destinations: [`oci:${shop.path('copy')}`] });
    expect(error.code).toBe('DESTINATION_NOT_OURS');
  });
});
