import { expect, test } from 'vitest';
import { allows, type Constraint, formatConstraint, parseConstraint } from '../../src/python/constraint.ts';
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

describeOracle('constraints.jsonl', (path) => {
  const rows = readLines<Row>(path).slice(1);

  test.each(Object.keys(CORES) as PoetryCore[])('poetry-core %s', (core) => {
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
