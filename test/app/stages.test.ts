import { rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hexOf, toDigest } from '../../src/kernel/digest.ts';
import { moduleWheel } from '../support/poetry-project.ts';
import { type Built, openWorkshop, type Workshop } from '../support/workshop.ts';

const ALONE = 300_000;

async function shopWithThree(): Promise<Workshop> {
  const shop = await openWorkshop();
  shop.lay([moduleWheel('alpha', '1.0', ALONE), moduleWheel('beta'), moduleWheel('garnet')]);
  return shop;
}

function blobsRead({ events }: Built): readonly string[] {
  return events.flatMap((event) => (event.type === 'blob-read' ? [event.digest] : []));
}

function digestOfKind({ made }: Built, kind: string): string {
  return made.images[0]?.layers.find((layer) => layer.kind === kind)?.digest ?? '';
}

describe('a build costs what changed', () => {
  it('makes everything the first time, and asks for each page and file once', async () => {
    const shop = await shopWithThree();
    const first = await shop.build();
    expect(first.made.images[0]?.layers.map(({ kind, packages }) => [kind, packages])).toEqual([
      ['base', []],
      ['wheels', ['alpha==1.0']],
      ['wheels', ['garnet==1.0']],
      ['wheels', ['beta==1.0']],
      ['venv', []],
      ['app', ['hut==1.0.0']],
    ]);
    expect(first.fresh.filter((name) => !name.startsWith('wheels-'))).toEqual(['alpha', 'venv', 'app']);
    expect([...first.asked].sort()).toEqual([
      '/files/alpha-1.0-py3-none-any.whl',
      '/files/beta-1.0-py3-none-any.whl',
      '/files/garnet-1.0-py3-none-any.whl',
      '/simple/alpha/',
      '/simple/beta/',
      '/simple/garnet/',
    ]);
  });

  it('nothing changed: makes nothing, asks nothing, reads no layer, writes nothing', async () => {
    const shop = await shopWithThree();
    const first = await shop.build();
    const again = await shop.build();
    expect(again.made.digest).toBe(first.made.digest);
    expect(again.fresh).toEqual([]);
    expect(again.asked).toEqual([]);
    expect(blobsRead(again)).toEqual([]);
    expect(again.events.find((event) => event.type === 'published')).toMatchObject({ changed: false });
  });

  it('a line of code edited: makes and reads the application layer alone', async () => {
    const shop = await shopWithThree();
    const first = await shop.build();
    writeFileSync(shop.path('project', 'hut', '__main__.py'), 'print("good morning")\n');
    const edited = await shop.build();
    expect(edited.made.digest).not.toBe(first.made.digest);
    expect(edited.fresh).toEqual(['app']);
    expect(edited.asked).toEqual([]);
    expect(blobsRead(edited)).toEqual([digestOfKind(edited, 'app')]);
  });

  it('a dependency bumped: asks for it alone, makes and reads its layer alone', async () => {
    const shop = await shopWithThree();
    const first = await shop.build();
    shop.lay([moduleWheel('alpha', '1.0', ALONE), moduleWheel('beta', '1.1'), moduleWheel('garnet')]);
    const bumped = await shop.build();
    const before = new Set(first.made.images[0]?.layers.map(({ digest }) => digest));
    const changed = bumped.made.images[0]?.layers.filter(({ digest }) => !before.has(digest)) ?? [];
    expect(changed.map(({ packages }) => packages)).toEqual([['beta==1.1']]);
    expect(bumped.fresh).toHaveLength(1);
    expect(bumped.asked).toEqual(['/simple/beta/', '/files/beta-1.1-py3-none-any.whl']);
    expect(blobsRead(bumped)).toEqual([changed[0]?.digest]);
  });

  it('a dependency whose wheel is in the cache bumped: asks nothing', async () => {
    const shop = await shopWithThree();
    await shop.build();
    shop.lay([moduleWheel('alpha', '1.0', ALONE), moduleWheel('beta', '1.1'), moduleWheel('garnet')]);
    await shop.build();
    shop.lay([moduleWheel('alpha', '1.0', ALONE), moduleWheel('beta'), moduleWheel('garnet')]);
    const back = await shop.build();
    expect(back.asked).toEqual([]);
    expect(back.fresh).toEqual([]);
  });

  it('layers whose wheels are no longer in the cache need no wheel', async () => {
    const shop = await shopWithThree();
    await shop.build();
    const wheels = [moduleWheel('alpha', '1.0', ALONE), moduleWheel('beta'), moduleWheel('garnet')];
    for (const { sha256 } of wheels) {
      rmSync(shop.path('cache', 'blobs', 'sha256', hexOf(toDigest(`sha256:${sha256}`))));
    }
    shop.lay(wheels, { version: '1.0.1' });
    const next = await shop.build({}, { offline: true });
    expect(next.fresh).toEqual(['app']);
    expect(next.asked).toEqual([]);
  });

  it('offline: builds from the cache alone, and says which files it lacks', async () => {
    const shop = await shopWithThree();
    const error = await shop.fails({}, { offline: true });
    expect(error.code).toBe('OFFLINE');
    expect(error.causes).toHaveLength(3);
    expect(shop.index.count()).toBe(0);
    await shop.build();
    rmSync(shop.path('out'), { recursive: true });
    const again = await shop.build({}, { offline: true });
    expect(again.fresh).toEqual([]);
  });
});
