import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { moduleWheel } from '../support/poetry-project.ts';
import type { BuiltWheel } from '../support/wheel.ts';
import { layersOf, openWorkshop } from '../support/workshop.ts';

const ALONE = 300_000;

/** A dozen packages, a third of them large enough to stand alone. */
const NAMES = [
  'ash',
  'birch',
  'cedar',
  'elm',
  'fir',
  'hazel',
  'larch',
  'maple',
  'oak',
  'pine',
  'rowan',
  'yew',
];
const memo = new Map<string, BuiltWheel>();

function wheel(name: string, version: string): BuiltWheel {
  const key = `${name} ${version}`;
  const made = memo.get(key) ?? moduleWheel(name, version, NAMES.indexOf(name) % 3 === 0 ? ALONE : 0);
  memo.set(key, made);
  return made;
}

const change = fc.record({
  kind: fc.constantFrom('add', 'remove', 'bump'),
  name: fc.constantFrom(...NAMES),
  others: fc.subarray(NAMES, { minLength: 1 }),
  layers: fc.constantFrom(3, 6, 32),
});

describe('what one package changes', () => {
  it('is at most two layers below the application, whatever is added, removed or bumped', async () => {
    const shop = await openWorkshop();
    const digests = async (wheels: readonly BuiltWheel[], layers: number): Promise<readonly string[]> => {
      shop.lay(wheels, { bivy: `layers = ${layers}` });
      return layersOf(await shop.build())
        .filter(({ kind }) => kind !== 'app')
        .map(({ digest }) => digest);
    };
    await fc.assert(
      fc.asyncProperty(change, async ({ kind, name, others, layers }) => {
        const rest = others.filter((other) => other !== name).map((other) => wheel(other, '1.0'));
        const without = await digests(rest, layers);
        const old = await digests([...rest, wheel(name, '1.0')], layers);
        const [from, to] =
          kind === 'add'
            ? [without, old]
            : kind === 'remove'
              ? [old, without]
              : [old, await digests([...rest, wheel(name, '2.0')], layers)];
        const known = new Set(from);
        const kept = new Set(to);
        expect(to.filter((digest) => !known.has(digest)).length).toBeLessThanOrEqual(2);
        expect(from.filter((digest) => !kept.has(digest)).length).toBeLessThanOrEqual(2);
        expect(to.length).toBeLessThanOrEqual(1 + layers);
      }),
      { numRuns: 8, endOnFailure: true },
    );
  });
});

describe('the same wheel over two bases', () => {
  it('is the same layer, where Python has the same minor version', async () => {
    const wheels = [moduleWheel('alpha', '1.0', ALONE), moduleWheel('beta')];
    const debian = await openWorkshop();
    const official = await openWorkshop({
      python: '3.11.9',
      bin: 'usr/local/bin',
      env: ['PYTHON_VERSION=3.11.9', 'LANG=C.UTF-8'],
      user: '1000:1000',
    });
    const made = [];
    for (const shop of [debian, official]) {
      shop.lay(wheels);
      made.push(layersOf(await shop.build()));
    }
    const [one = [], two = []] = made.map((layers) =>
      layers.filter(({ kind }) => kind === 'wheels').map(({ digest }) => digest),
    );
    expect(one).toHaveLength(2);
    expect(two).toEqual(one);
    const venvs = made.map((layers) => layers.find(({ kind }) => kind === 'venv')?.digest);
    expect(venvs[0]).not.toBe(venvs[1]);
  });

  it('is the same layer in every project, whatever else it holds', async () => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha', '1.0', ALONE), moduleWheel('beta')]);
    const one = layersOf(await shop.build());
    shop.lay([moduleWheel('alpha', '1.0', ALONE), moduleWheel('gamma')], {
      name: 'lodge',
      bivy: 'workdir = "/srv"',
    });
    const two = layersOf(await shop.build({}, { cache: shop.path('another-cache') }));
    expect(two[1]?.packages).toEqual(['alpha==1.0']);
    expect(two[1]?.digest).toBe(one[1]?.digest);
  });
});
