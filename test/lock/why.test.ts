import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainNames } from '../../src/lock/why.ts';

describe('explainNames', () => {
  it('takes the shortest chain, and of equals that which sorts first', () => {
    const edges = new Map([
      ['b', new Set(['x', 'd'])],
      ['a', new Set(['x', 'c'])],
      ['c', new Set(['d'])],
      ['d', new Set(['a', 'e'])],
    ]);
    const chains = explainNames('app', ['b', 'a'], edges, new Set(['a', 'b', 'c', 'd', 'x', 'lost']));
    expect(Object.fromEntries(chains)).toEqual({
      a: ['app', 'a'],
      b: ['app', 'b'],
      c: ['app', 'a', 'c'],
      d: ['app', 'b', 'd'],
      x: ['app', 'a', 'x'],
      lost: ['app', 'lost'],
    });
  });

  it('answers for every name, along edges, whatever the order', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, name)), fc.uniqueArray(name), (pairs, roots) => {
        const edgesOf = (list: readonly (readonly [string, string])[]): Map<string, Set<string>> => {
          const edges = new Map<string, Set<string>>();
          for (const [from, to] of list) edges.set(from, (edges.get(from) ?? new Set()).add(to));
          return edges;
        };
        const wanted = new Set(['a', 'b', 'c', 'd', 'e']);
        const chains = explainNames('app', roots, edgesOf(pairs), wanted);
        const reversed = explainNames('app', [...roots].reverse(), edgesOf([...pairs].reverse()), wanted);
        expect(reversed).toEqual(chains);
        for (const one of wanted) {
          const chain = chains.get(one)!;
          expect(chain[0]).toBe('app');
          expect(chain.at(-1)).toBe(one);
          if (chain.length === 2) continue;
          expect(roots).toContain(chain[1]);
          for (let index = 2; index < chain.length; index++) {
            expect(
              edgesOf(pairs)
                .get(chain[index - 1]!)
                ?.has(chain[index]!),
            ).toBe(true);
          }
        }
      }),
    );
  });
});
