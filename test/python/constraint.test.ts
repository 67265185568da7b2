import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BivyError } from '../../src/kernel/errors.ts';
import {
  allows,
  type Constraint,
  covers,
  formatConstraint,
  intersectConstraints,
  isEmptyConstraint,
  parseConstraint,
} from '../../src/python/constraint.ts';
import type { PoetryCore } from '../../src/python/scheme.ts';
import { parseVersion } from '../../src/python/version.ts';
import { describeOracle, readLines } from './oracle.ts';

type Answer = boolean | string;
interface Row {
  readonly constraint: string;
  readonly is?: string;
  readonly versions: readonly string[];
  readonly values: readonly Answer[] | string;
  readonly [core: `core-${string}`]: Readonly<Record<string, Answer>> | string | undefined;
}

const CORES: Readonly<Record<PoetryCore, string>> = {
  '1.0': 'core-1.0.8',
  '1.3': 'core-1.3.2',
  '1.9': 'core-1.9.1',
  '2.2': 'core-2.2.1',
  '2.4': 'core-2.4.0',
};

function answer(text: string, version: string, core: PoetryCore): Answer {
  let constraint: Constraint;
  try {
    constraint = parseConstraint(text, { core });
  } catch {
    return 'error';
  }
  return allows(constraint, parseVersion(version)!);
}

const ALL = Object.keys(CORES) as PoetryCore[];

describe('what every Poetry agrees on', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['*', ['0', '1.0', '2.0a1'], []],
    ['^1.2.3', ['1.2.3', '1.9'], ['1.2.2', '2.0']],
    ['^0.2.3', ['0.2.3', '0.2.9'], ['0.3.0']],
    ['^0.0.3', ['0.0.3'], ['0.0.4']],
    ['~1.2', ['1.2', '1.2.9'], ['1.3']],
    ['~1', ['1.0', '1.9'], ['2']],
    ['~=1.2', ['1.2', '1.9'], ['2.0']],
    ['~=1.2.3', ['1.2.3', '1.2.9'], ['1.3.0']],
    ['~=1.2.3.4', ['1.2.9'], ['1.3']],
    ['==1.2.*', ['1.2', '1.2.5'], ['1.3', '1.1']],
    ['!=1.2.*', ['1.3', '1.1'], ['1.2', '1.2.5']],
    ['>=1.0,<2.0', ['1.0', '1.5'], ['2.0', '0.9']],
    ['>=1.0 <2.0', ['1.0', '1.5'], ['2.0', '0.9']],
    ['<1.0 || >=2.0', ['0.9', '2.0'], ['1.0', '1.5']],
    ['1.2.3', ['1.2.3', '1.2.3.0'], ['1.2.4']],
    ['>1,<1', [], ['1', '0.9', '1.1']],
    ['dev', ['0.0.dev0'], ['1.0']],
  ])('%s', (text, inside, outside) => {
    for (const core of ALL.filter((core) => core !== '1.0' && core !== '1.3')) {
      expect([core, inside.filter((version) => answer(text, version, core) !== true)]).toEqual([core, []]);
      expect([core, outside.filter((version) => answer(text, version, core) !== false)]).toEqual([core, []]);
    }
  });

  test.each(['abc', '>=', '1.0 || ', '>=1.0,,<2', '^', '==1.*.2', '=>1.0'])('`%s` is refused', (text) => {
    for (const core of ['1.9', '2.2', '2.4'] as const) {
      expect(() => parseConstraint(text, { core })).toThrow(BivyError);
      expect(() => parseConstraint(text, { core })).toThrow('no version constraint');
    }
  });
});

describe('what changed', () => {
  test.each<[string, string, string]>([
    // constraint, version, answers of 1.0, 1.3, 1.9, 2.2 and 2.4: yes, no, refused
    ['1.2.x', '1.2.5', 'yyyrr'],
    ['!=1.2.3', '1.2.3a1', 'nnnny'],
    ['==1.2.3', '1.2.3+local', 'nyyyy'],
    ['<2.0', '2.0.dev1', 'nynnn'],
    ['>=1.2,', '1.3', 'yyyyy'],
    ['^ 1.2', '1.3', 'rryyy'],
    ['===1.2.3', '1.2.3', 'rrrrr'],
    ['>=1.0foo', '1.1', 'yrrrr'],
  ])('%s and %s: %s', (text, version, expected) => {
    const letters = ALL.map((core) => {
      const given = answer(text, version, core);
      if (typeof given === 'string') return 'r';
      return given ? 'y' : 'n';
    });
    expect(letters.join('')).toBe(expected);
  });
});

test('intersections', () => {
  const meet = (a: string, b: string): string =>
    formatConstraint(intersectConstraints(parseConstraint(a), parseConstraint(b)));
  expect(meet('>=1,<3', '>=2')).toBe('>=2,<3');
  expect(meet('>=1', '<=1')).toBe('1');
  expect(meet('<1', '>=1')).toBe('<empty>');
  expect(meet('<1 || >2', '>0,<3')).toBe('>0,<1 || >2,<3');
  expect(meet('1.2.3', '1.2.3+local')).toBe('1.2.3+local');
  expect(meet('>=1.2.3+local', '1.2.3')).toBe('>=1.2.3+local,<1.2.4');
  expect(isEmptyConstraint(parseConstraint('>2,<1'))).toBe(true);
  expect(() => intersectConstraints(parseConstraint('1'), parseConstraint('1', { core: '1.0' }))).toThrow(
    TypeError,
  );
});

test('two that together let everything in', () => {
  expect(covers(parseConstraint('<2'), parseConstraint('>=1'))).toBe(true);
  expect(covers(parseConstraint('<1'), parseConstraint('>1'))).toBe(false);
});

test('as a marker, a wildcard does not reach down to development releases', () => {
  const dev = parseVersion('3.8.dev0')!;
  expect(allows(parseConstraint('3.8.*'), dev)).toBe(true);
  expect(allows(parseConstraint('3.8.*', { marker: true }), dev)).toBe(false);
});

test('a hostile constraint does not take for ever', () => {
  const text = `^1a${'1'.repeat(50_000)}!`;
  for (const core of ALL) expect(answer(text, '1.0', core)).not.toBe(true);
});

describe('laws', () => {
  const version = fc.constantFrom(
    '0.9',
    '1.0',
    '1.0a1',
    '1.0+cpu',
    '1.0.post1',
    '1.2.3',
    '1.9.dev1',
    '2.0',
    '2.0rc1',
    '10',
  );
  const clause = fc
    .tuple(fc.constantFrom('^', '~', '>=', '>', '<', '<=', '==', '!=', '~='), version)
    .filter(([operator, text]) => !(operator === '~=' && text.includes('+')))
    .map((parts) => parts.join(''));
  const core = fc.constantFrom<PoetryCore>('1.9', '2.2', '2.4');

  test('a version satisfies itself', () => {
    fc.assert(
      fc.property(version, fc.constantFrom(...ALL), (text, each) => {
        expect(allows(parseConstraint(`==${text}`, { core: each }), parseVersion(text)!)).toBe(true);
      }),
    );
  });

  test('a version in both is in the intersection, whichever comes first', () => {
    fc.assert(
      fc.property(clause, clause, version, core, (a, b, text, each) => {
        const [one, other] = [parseConstraint(a, { core: each }), parseConstraint(b, { core: each })];
        const point = parseVersion(text)!;
        const both = intersectConstraints(one, other);
        expect(allows(intersectConstraints(other, one), point)).toBe(allows(both, point));
        // Exclusions and local versions are judged by themselves, not as the ranges that they are made of.
        if (/[!+]/.test(a + b) || point.local !== undefined || point.post !== undefined) return;
        expect(allows(both, point)).toBe(allows(one, point) && allows(other, point));
      }),
    );
  });

  test('its text reads back as the same', () => {
    fc.assert(
      fc.property(fc.array(clause, { minLength: 1, maxLength: 3 }), version, core, (clauses, text, each) => {
        const constraint = parseConstraint(clauses.join(','), { core: each });
        if (isEmptyConstraint(constraint)) return;
        const again = parseConstraint(formatConstraint(constraint), { core: each });
        expect(formatConstraint(again)).toBe(formatConstraint(constraint));
        expect(allows(again, parseVersion(text)!)).toBe(allows(constraint, parseVersion(text)!));
      }),
    );
  });
});

describeOracle('constraints.jsonl', (path) => {
  const rows = readLines<Row>(path).slice(1);

  test.each(ALL)('poetry-core %s', (core) => {
    const wrong: unknown[] = [];
    for (const row of rows) {
      row.versions.forEach((version, index) => {
        const other = row[CORES[core] as 'core-x'];
        const expected =
          typeof other === 'string'
            ? other
            : (other?.[version] ?? (typeof row.values === 'string' ? row.values : row.values[index]!));
        const given = answer(row.constraint, version, core);
        const wanted = typeof expected === 'string' ? 'error' : expected;
        if (given !== wanted) wrong.push([row.constraint, version, given, expected]);
      });
    }
    expect(wrong).toEqual([]);
  });

  test('canonical text', () => {
    const wrong = rows
      .filter((row) => row.is !== undefined && !row.is.startsWith('error'))
      .map((row) => [row.constraint, formatConstraint(parseConstraint(row.constraint)), row.is])
      .filter(([, given, wanted]) => given !== wanted);
    expect(wrong).toEqual([]);
  });
});
