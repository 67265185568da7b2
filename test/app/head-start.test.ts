import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { moduleWheel } from '../support/poetry-project.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { serveTinyBase } from '../support/tiny-base.ts';
import { layersOf, openWorkshop } from '../support/workshop.ts';

const open: TestRegistry[] = [];

afterEach(async () => {
  for (const registry of open.splice(0)) await registry.close();
});

async function openRegistry(): Promise<TestRegistry> {
  const registry = await startRegistry();
  open.push(registry);
  return registry;
}

/** Large enough to stand alone, for one platform or for all. */
const large = (name: string) => moduleWheel(name, '1.0', 300_000);

describe('a base whose name says which Python it has', () => {
  it('is read while wheels come and layers go, and the image is what it would be else', async () => {
    const shop = await openWorkshop();
    shop.lay([large('alpha'), moduleWheel('beta')]);
    const registry = await openRegistry();
    const slow = serveTinyBase(registry, 'library/python:3.11-slim');
    const plain = serveTinyBase(registry, 'library/snake:1');
    const sent = async (): Promise<void> => {
      while (registry.count('PUT', /^\/v2\/team\/ahead\/blobs\//) === 0) await pause(5);
    };
    // The base is not to be had before a layer is there: who waits for the base waits for ever.
    registry.always('GET', /^\/v2\/library\/python\/blobs\//, { kind: 'wait', until: sent });
    const push = { destinations: [], push: true };
    const ahead = await shop.build(
      { ...push, tags: [`${registry.domain}/team/ahead:1`], flags: { base: slow } },
      { cache: shop.path('one') },
    );
    const after = await shop.build(
      { ...push, tags: [`${registry.domain}/team/after:1`], flags: { base: plain } },
      { cache: shop.path('two') },
    );
    expect(layersOf(ahead).map(({ digest }) => digest)).toEqual(layersOf(after).map(({ digest }) => digest));
    expect([...ahead.asked].sort()).toEqual([...after.asked].sort());
    expect(ahead.fresh).toEqual(after.fresh);
    expect(ahead.made.destinations[0]?.moved?.uploaded).toBeGreaterThan(300_000);
  });

  it('and has another one costs its downloads, and changes no byte', async () => {
    const shop = await openWorkshop();
    shop.lay([large('alpha'), moduleWheel('beta')]);
    const registry = await openRegistry();
    const wrong = serveTinyBase(registry, 'library/python:3.12-slim', { python: '3.11.2' });
    const plain = serveTinyBase(registry, 'library/snake:1');
    const guessed = await shop.build({ flags: { base: wrong } }, { cache: shop.path('one') });
    const known = await shop.build({ flags: { base: plain } }, { cache: shop.path('two') });
    expect(layersOf(guessed).map(({ digest }) => digest)).toEqual(
      layersOf(known).map(({ digest }) => digest),
    );
  });

  it('and cannot be had is what is said, whatever the index says', async () => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha')]);
    const registry = await openRegistry();
    const base = `${registry.domain}/library/python:3.11-slim`;
    expect(await shop.fails({ flags: { base } })).toMatchObject({ code: 'BASE_MISSING' });
  });

  it('is not begun with again where everything is remembered', async () => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha')]);
    const registry = await openRegistry();
    const flags = { base: serveTinyBase(registry, 'library/python:3.11-slim') };
    await shop.build({ flags });
    expect(await shop.build({ flags })).toMatchObject({ asked: [], fresh: [] });
  });
});

describe('layers on their way while others are made', () => {
  it('are sent once, and count as sent', async () => {
    const shop = await openWorkshop();
    shop.lay([large('alpha'), large('garnet'), moduleWheel('beta')]);
    const registry = await openRegistry();
    const tags = [`${registry.domain}/team/hut:1`];
    const { made, events } = await shop.build({ destinations: [], push: true, tags });
    const sent = events.flatMap((event) => (event.type === 'pushed' && event.how === 'sent' ? [event] : []));
    expect(new Set(sent.map(({ digest }) => digest)).size).toBe(sent.length);
    expect(made.destinations[0]?.moved).toEqual({
      uploaded: sent.reduce((sum, { size }) => sum + size, 0),
      mounted: 0,
      present: 0,
    });
  });
});
