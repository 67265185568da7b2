import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { moduleWheel } from '../support/poetry-project.ts';
import type { BuiltWheel } from '../support/wheel.ts';
import { type Built, openWorkshop, type Workshop } from '../support/workshop.ts';

const ALONE = 300_000;

function sharing(name: string, shared: string, size = 0): BuiltWheel {
  return moduleWheel(name, '1.0', size, { files: [{ name: 'shared/data.txt', content: shared }] });
}

function warnings({ events }: Built): readonly string[] {
  return events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
}

/** The shared file as it stands in the merged tree. */
async function buildAndRead(shop: Workshop): Promise<{ readonly built: Built; readonly text: string }> {
  const built = await shop.build({ destinations: [`dir:${shop.path('tree')}`] });
  const path = shop.path('tree', 'app/.venv/lib/python3.11/site-packages/shared/data.txt');
  return { built, text: readFileSync(path, 'utf8') };
}

describe('a file that two packages ship', () => {
  it('is kept in silence where the bytes are the same', async () => {
    const shop = await openWorkshop();
    shop.lay([sharing('alpha', 'same', ALONE), sharing('beta', 'same')]);
    const { built, text } = await buildAndRead(shop);
    expect(text).toBe('same');
    expect(warnings(built)).toEqual([]);
  });

  // A layer of a large wheel lies below those of small ones, and buckets stand in an order of their own.
  it.each([
    ['both in buckets', 0, 0],
    ['the winner lower', 0, ALONE],
    ['the winner higher', ALONE, 0],
    ['both alone', ALONE, ALONE],
  ])('is that of the last by Poetry’s order where they differ: %s', async (_, first, last) => {
    const shop = await openWorkshop();
    shop.lay([sharing('alpha', 'of alpha', first), sharing('beta', 'of beta', last)]);
    const { built, text } = await buildAndRead(shop);
    expect(text).toBe('of beta');
    expect(warnings(built)).toEqual([
      "`/app/.venv/lib/python3.11/site-packages/shared/data.txt` is shipped by alpha==1.0 and beta==1.0 with different bytes: beta==1.0's is taken, as Poetry's order has it",
    ]);
  });

  it('of three is the last one’s, in whatever layers they are', async () => {
    const shop = await openWorkshop();
    shop.lay([
      sharing('alpha', 'of alpha'),
      sharing('beta', 'of beta', ALONE),
      sharing('gamma', 'of gamma', ALONE * 4),
    ]);
    const { built, text } = await buildAndRead(shop);
    expect(text).toBe('of gamma');
    expect(warnings(built)).toHaveLength(1);
  });

  it('of one bucket is the last one’s, and is reported', async () => {
    const shop = await openWorkshop();
    const project = { bivy: 'layers = 3' }; // one bucket for all
    shop.lay([sharing('alpha', 'of alpha'), sharing('beta', 'of beta')], project);
    const { built, text } = await buildAndRead(shop);
    expect(text).toBe('of beta');
    expect(warnings(built)).toHaveLength(1);
  });

  it('is reported again by a build that made nothing, and counted once in the size', async () => {
    const shop = await openWorkshop();
    shop.lay([sharing('alpha', 'of alpha'), sharing('beta', 'longer, of beta', ALONE)]);
    const first = await shop.build();
    const again = await shop.build();
    expect(warnings(again)).toEqual(warnings(first));
    const { built } = await buildAndRead(shop);
    expect(built.made.images[0]?.unpacked).toBe(first.made.images[0]?.unpacked);
  });

  it('is refused with every path where the project says so', async () => {
    const shop = await openWorkshop();
    shop.lay([sharing('alpha', 'of alpha'), sharing('beta', 'of beta')], { bivy: 'overlaps = "refuse"' });
    const error = await shop.fails();
    expect(error.code).toBe('OVERLAP_REFUSED');
    expect(error.causes).toEqual([
      '`/app/.venv/lib/python3.11/site-packages/shared/data.txt`: alpha==1.0, beta==1.0',
    ]);
    expect(error.hint).toContain('overlaps = "last"');
  });

  it('wins over a wheel where it is the project’s own', async () => {
    const shop = await openWorkshop();
    const wheel = moduleWheel('alpha', '1.0', 0, {
      files: [{ name: 'hut/__init__.py', content: '# of alpha\n' }],
    });
    shop.lay([wheel]);
    const built = await shop.build({ destinations: [`dir:${shop.path('tree')}`] });
    expect(
      readFileSync(shop.path('tree', 'app/.venv/lib/python3.11/site-packages/hut/__init__.py'), 'utf8'),
    ).toBe('');
    expect(warnings(built).join()).toContain('hut/__init__.py');
  });
});
