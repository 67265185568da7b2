import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/kernel/digest.ts';
import { wheelKey } from '../../src/layers/key.ts';
import { ALONE_MINIMUM, isPure, type PartitionWheel, partitionWheels } from '../../src/layers/partition.ts';

function wheel(name: string, size: number, version = '1.0', pure = name < 'd'): PartitionWheel {
  return { key: digestOf(`${name} ${version} ${size}`), name, version, size, pure };
}

/** Keys of the layers that the second list has and the first lacks: what has to be made. */
function changed(
  before: readonly PartitionWheel[],
  after: readonly PartitionWheel[],
  budget?: number,
): number {
  const known = new Set(partitionWheels(before, budget).map(({ key }) => key));
  return partitionWheels(after, budget).filter(({ key }) => !known.has(key)).length;
}

function sizeClass(size: number): number {
  return size < ALONE_MINIMUM ? 0 : 1 + Math.floor(Math.log2(size / ALONE_MINIMUM) / 2);
}

const size = fc.oneof(
  fc.integer({ min: 1000, max: ALONE_MINIMUM - 1 }),
  fc.integer({ min: ALONE_MINIMUM, max: 2 ** 31 }),
);
const wheels = fc
  .uniqueArray(
    fc.tuple(fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom(...'abcdefgh-') }), size),
    {
      selector: ([name]) => name,
      maxLength: 60,
    },
  )
  .map((list) => list.map(([name, bytes]) => wheel(name, bytes)));
const budget = fc.constantFrom(1, 2, 3, 8, 32, 100);

describe('partitionWheels', () => {
  it('puts each wheel into one layer, into no more layers than the budget, and leaves none empty', () => {
    fc.assert(
      fc.property(wheels, budget, (list, most) => {
        const layers = partitionWheels(list, most);
        expect(layers.length).toBeLessThanOrEqual(most);
        expect(layers.every(({ wheels: held }) => held.length > 0)).toBe(true);
        const names = layers.flatMap(({ wheels: held }) => held.map(({ name }) => name));
        expect(names.sort()).toEqual(list.map(({ name }) => name).sort());
        expect(new Set(layers.map(({ name }) => name)).size).toBe(layers.length);
        expect(layers.filter(({ kind }) => kind === 'alone').length).toBeLessThanOrEqual(most / 2);
      }),
    );
  });

  it('does not depend on the order of the wheels', () => {
    fc.assert(
      fc.property(wheels, fc.infiniteStream(fc.nat()), budget, (list, random, most) => {
        const keyed = list.map((each) => ({ each, at: random.next().value ?? 0 }));
        const shuffled = keyed.sort((a, b) => a.at - b.at).map(({ each }) => each);
        expect(partitionWheels(shuffled, most)).toEqual(partitionWheels(list, most));
      }),
    );
  });

  it('changes at most two layers where a package is added or removed', () => {
    fc.assert(
      fc.property(wheels, size, budget, (list, bytes, most) => {
        const longer = [...list, wheel('new-package', bytes)];
        expect(changed(list, longer, most)).toBeLessThanOrEqual(2);
        expect(changed(longer, list, most)).toBeLessThanOrEqual(2);
      }),
      { numRuns: 500 },
    );
  });

  it('changes one layer where a package is bumped within its size class', () => {
    fc.assert(
      fc.property(
        wheels,
        fc.nat(),
        fc.double({ min: 0.5, max: 2, noNaN: true }),
        budget,
        (list, pick, factor, most) => {
          fc.pre(list.length > 0);
          const at = pick % list.length;
          const old = list[at]!;
          const bumped = wheel(old.name, Math.round(old.size * factor), '1.1');
          fc.pre(sizeClass(bumped.size) === sizeClass(old.size));
          expect(changed(list, list.with(at, bumped), most)).toBe(1);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('changes at most two layers where a package is bumped to any size, while large ones have their places', () => {
    fc.assert(
      fc.property(wheels, fc.nat(), size, (list, pick, bytes) => {
        fc.pre(list.length > 0);
        const at = pick % list.length;
        const after = list.with(at, wheel(list[at]!.name, bytes, '2.0'));
        const large = (held: readonly PartitionWheel[]) =>
          held.filter((each) => each.size >= ALONE_MINIMUM).length;
        const most = 6 * Math.max(large(list), large(after), 1);
        expect(changed(list, after, most)).toBeLessThanOrEqual(2);
        // Over-full, a bump across the edge of a size class may swap a third.
        expect(changed(list, after, 8)).toBeLessThanOrEqual(3);
      }),
      { numRuns: 500 },
    );
  });

  it('moves no small package because another came', () => {
    fc.assert(
      fc.property(wheels, size, (list, bytes) => {
        const place = (all: readonly PartitionWheel[]) =>
          new Map(
            partitionWheels(all).flatMap((layer) =>
              layer.wheels.map(({ name }) => [name, layer.name] as const),
            ),
          );
        const before = place(list);
        const after = place([...list, wheel('new-package', bytes)]);
        for (const { name, size: own } of list) {
          if (own < ALONE_MINIMUM) expect(after.get(name)).toBe(before.get(name));
        }
      }),
    );
  });

  it('has wheels for any platform in the same layers, whatever wheels of one platform stand beside them', () => {
    fc.assert(
      fc.property(wheels, wheels, wheels, fc.constantFrom(3, 8, 32, 100), (pure, here, there, most) => {
        const any = pure.map((each) => ({ ...each, name: `any-${each.name}`, pure: true }));
        const keysOf = (natives: readonly PartitionWheel[]): readonly string[] =>
          partitionWheels([...any, ...natives.map((each) => ({ ...each, pure: false }))], most)
            .filter((layer) => layer.wheels.some((each) => each.pure))
            .map((layer) => `${layer.name} ${layer.key}`)
            .sort();
        expect(keysOf(here)).toEqual(keysOf(there));
      }),
    );
  });

  it('tells by its name what is for any platform', () => {
    expect(isPure('six-1.16.0-py2.py3-none-any.whl')).toBe(true);
    expect(isPure('any-1.0-cp311-cp311-manylinux_2_17_x86_64.whl')).toBe(false);
  });

  it('lays large wheels lowest, by size class and then by name', () => {
    const layers = partitionWheels([
      wheel('tiny', 10_000),
      wheel('zlarge', 20_000_000),
      wheel('alarge', 18_000_000),
      wheel('medium', 2_000_000),
      wheel('huge', 90_000_000),
    ]);
    expect(layers.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'alone huge',
      'alone alarge',
      'alone zlarge',
      'alone medium',
      expect.stringMatching(/^bucket native-\d\d$/),
    ]);
  });

  it('keeps the order of layers where a patch release is a little larger', () => {
    const names = (numpy: number) =>
      partitionWheels([wheel('scipy', 35_000_000), wheel('numpy', numpy), wheel('pandas', 12_400_000)]).map(
        ({ name }) => name,
      );
    expect(names(16_900_000)).toEqual(names(18_300_000));
  });

  it('explains itself', () => {
    const many = Array.from({ length: 3 }, (_, index) => wheel(`large-${index}`, ALONE_MINIMUM));
    const layers = partitionWheels([...many, wheel('six', 11_000)], 6);
    expect(layers.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('262144 and more stands alone'),
      expect.stringContaining('stands alone'),
      expect.stringMatching(/hash to bucket \d of 1/),
      ...layers.slice(3).map(() => expect.stringMatching(/hash to bucket \d of 1/)),
    ]);
    expect(layers.map(({ reason }) => reason).join()).toContain('no place was left alone for large-2');
  });

  it('gives a wheel in a layer by itself its own key, whichever kind of layer that is', () => {
    const identity = { fileName: 'six.whl', libPython: 'lib/python3.11', prefix: '/app/.venv' };
    const key = wheelKey({ ...identity, sha256: 'ab'.repeat(32) });
    const six = { key, name: 'six', version: '1', pure: false };
    const [small] = partitionWheels([{ ...six, size: 11_000 }]);
    const [large] = partitionWheels([{ ...six, size: 11_000_000 }]);
    expect(small).toMatchObject({ kind: 'bucket', key });
    expect(large).toMatchObject({ kind: 'alone', key });
  });
});
