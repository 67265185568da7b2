import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mapBounded } from '../../src/kernel/bounded.ts';

const never = new AbortController().signal;
const turn = (count: number): Promise<void> =>
  count === 0 ? Promise.resolve() : new Promise((resolve) => setImmediate(() => resolve(turn(count - 1))));

describe('mapBounded', () => {
  it('keeps the order and the bound, whatever the items take', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5)), fc.integer({ min: 1, max: 6 }), async (items, limit) => {
        let open = 0;
        let most = 0;
        const results = await mapBounded(items, limit, never, async (item) => {
          most = Math.max(most, ++open);
          await turn(item);
          open--;
          return item * 2;
        });
        expect(results).toEqual(items.map((item) => item * 2));
        expect(most).toBe(Math.min(limit, items.length));
      }),
      { numRuns: 30 },
    );
  });

  it('throws the first failure, after the others were told and have ended', async () => {
    const ended: number[] = [];
    const begun: number[] = [];
    const work = mapBounded([0, 1, 2, 3, 4], 3, never, async (item, signal) => {
      begun.push(item);
      if (item === 1) throw new RangeError('first');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await turn(3);
      ended.push(item);
      throw new TypeError('later');
    });
    await expect(work).rejects.toThrow(new RangeError('first'));
    expect(begun).toEqual([0, 1, 2]);
    expect(ended.sort()).toEqual([0, 2]);
  });

  it('begins nothing once it was interrupted', async () => {
    const abort = new AbortController();
    const begun: number[] = [];
    const work = mapBounded([0, 1, 2], 1, abort.signal, async (item) => {
      begun.push(item);
      abort.abort();
    });
    await expect(work).rejects.toMatchObject({ name: 'AbortError' });
    expect(begun).toEqual([0]);
  });
});
