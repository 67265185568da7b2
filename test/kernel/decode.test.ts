import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  booleanOf,
  type Document,
  descend,
  editDistance,
  entriesOf,
  integerOf,
  itemsOf,
  member,
  type Node,
  nearest,
  optional,
  rootNode,
  stringOf,
  stringsOf,
  stringTableOf,
} from '../../src/kernel/decode.ts';
import { BivyError } from '../../src/kernel/errors.ts';

const document: Document = { file: 'x.toml', code: 'PROJECT_INVALID', lineOf: (path) => path.length };
const tree = rootNode(
  { a: { b: [{ c: 'text' }, 7], flag: true, 'odd key': 1.5 }, empty: {}, names: ['x', 'y'], map: { k: 'v' } },
  document,
);

describe('decoding', () => {
  it('reads what is there', () => {
    const list = itemsOf(descend(tree, 'a', 'b'));
    expect(stringOf(member(list[0]!, 'c'))).toBe('text');
    expect(integerOf(list[1]!)).toBe(7);
    expect(integerOf(rootNode(7n, document))).toBe(7);
    expect(booleanOf(descend(tree, 'a', 'flag'))).toBe(true);
    expect(stringsOf(member(tree, 'names'))).toEqual(['x', 'y']);
    expect(stringTableOf(member(tree, 'map'))).toEqual(new Map([['k', 'v']]));
    expect(entriesOf(member(tree, 'map')).map(([key]) => key)).toEqual(['k']);
  });

  it('takes what is absent for nothing', () => {
    const absent = descend(tree, 'no', 'such', 'thing');
    expect(optional(absent, stringOf)).toBeUndefined();
    expect(itemsOf(absent)).toEqual([]);
    expect(entriesOf(absent)).toEqual([]);
    expect(optional(member(tree, 'constructor'), stringOf)).toBeUndefined();
  });

  const wrong: readonly (readonly [string, (node: Node) => unknown])[] = [
    [
      '`x.toml`: `a.b[0].c` must be an integer, not a string',
      (node) => integerOf(member(itemsOf(descend(node, 'a', 'b'))[0]!, 'c')),
    ],
    [
      '`x.toml`: `a.b[1]` must be a string, not a number',
      (node) =>
        stringsOf(member(node, 'a').value === 0 ? node : { ...descend(node, 'a', 'b'), value: ['s', 7] }),
    ],
    [
      '`x.toml`: `a."odd key"` must be an integer, not a number',
      (node) => integerOf(descend(node, 'a', 'odd key')),
    ],
    ['`x.toml`: `a.flag` must be a string, not `true`', (node) => stringOf(descend(node, 'a', 'flag'))],
    [
      '`x.toml`: `names.z` is missing; it must be a string',
      (node) =>
        stringOf({ ...member(node, 'names'), value: undefined, key: 'z', parent: member(node, 'names') }),
    ],
    ['`x.toml`: `names` must be a table, not an array', (node) => member(member(node, 'names'), 'z')],
    ['`x.toml` must be an array, not a table', (node) => itemsOf(node)],
  ];
  it.each(wrong)('says %s', (message, decode) => {
    try {
      decode(tree);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(BivyError);
      expect((error as BivyError).message).toBe(message);
      expect((error as BivyError).code).toBe('PROJECT_INVALID');
      expect((error as BivyError).location?.file).toBe('x.toml');
    }
  });
});

describe('nearest', () => {
  it.each([
    ['platfrom', ['platforms', 'python', 'packages'], 'platforms'],
    ['dve', ['main', 'dev', 'docs'], 'dev'],
    ['tests', ['test', 'docs'], 'test'],
    ['zzz', ['main', 'dev'], undefined],
    ['ab', ['ax', 'aa'], 'aa'],
    ['x', [], undefined],
  ] as const)('%s among %j is %s', (word, candidates, expected) => {
    expect(nearest(word, candidates)).toBe(expected);
  });
});

describe('editDistance', () => {
  const word = fc.string({ maxLength: 8, unit: fc.constantFrom('a', 'b', 'c') });

  it('is a distance, bounded by its limit', () => {
    fc.assert(
      fc.property(word, word, fc.nat(8), (a, b, limit) => {
        const exact = editDistance(a, b, 100);
        expect(exact).toBe(editDistance(b, a, 100));
        expect(exact === 0).toBe(a === b);
        expect(exact).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
        expect(editDistance(a, b, limit)).toBe(Math.min(exact, limit + 1));
      }),
    );
  });

  it('counts a swap of neighbours as one', () => {
    expect(editDistance('abcd', 'abdc', 9)).toBe(1);
  });
});
