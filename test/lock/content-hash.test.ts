import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExactToml } from '../../src/kernel/toml.ts';
import { contentHash, type HashDialect, pythonFloat, pythonJson } from '../../src/lock/content-hash.ts';
import { haveOracles, loadProject, lockNames, locks, oracles } from './oracles.ts';

const DIALECTS: readonly HashDialect[] = ['1.0-1.1', '1.2-1.8', '2.0-2.2', '2.3+'];
const python = spawnSync('python3', ['-c', 'import tomllib']).status === 0;
if (!python) console.warn('SKIPPED: no python3 with tomllib to compare JSON with');

function hashes(text: string): readonly string[] {
  const raw = parseExactToml(text, 'pyproject.toml') as Record<string, unknown>;
  return DIALECTS.map((dialect) => contentHash(raw, dialect));
}

describe('contentHash', () => {
  it('is one where neither [project] nor groups are there', () => {
    const all = hashes('[tool.poetry.dependencies]\npython = "^3.8"\n');
    expect(new Set(all).size).toBe(1);
    // sha256 of {"dependencies": {"python": "^3.8"}, "dev-dependencies": null, "extras": null, "source": null}
    expect(all[0]).toBe('935b488be9f11b23f14aa1ce3bed4013d88bd77462534b5e4fe5bb82b485bfe9');
  });

  it('sees groups since 1.2, [project] since 2.0, PEP 735 groups since 2.3', () => {
    const group = hashes('[tool.poetry.group.dev.dependencies]\na = "1"\n');
    expect(group[0]).not.toBe(group[1]);
    expect(group[1]).toBe(group[3]);
    const project = hashes('[project]\nname = "a"\ndependencies = []\n');
    expect(project[0]).toBe(project[1]);
    expect(project[1]).not.toBe(project[2]);
    const standard = hashes('[dependency-groups]\ndev = ["a"]\n');
    expect(standard[0]).toBe(standard[2]);
    expect(standard[2]).not.toBe(standard[3]);
  });

  it('refuses a date, as Python does', () => {
    expect(() => hashes('[tool.poetry.dependencies]\na = 2020-01-01\n')).toThrow(/a date stands/);
  });
});

describe('pythonJson', () => {
  it.each([
    [{ b: 1n, a: [true, null, 'x'] }, '{"a": [true, null, "x"], "b": 1}'],
    [{ '\u{1f600}': 1n, '\uffff': 2n }, '{"\\uffff": 2, "\\ud83d\\ude00": 1}'],
    ['\u007f\u00e9"\\\n\u0001', '"\\u007f\\u00e9\\"\\\\\\n\\u0001"'],
    [99999999999999999999n, '99999999999999999999'],
    [{}, '{}'],
    [[], '[]'],
  ])('case %#', (value, text) => {
    expect(pythonJson(value)).toBe(text);
  });
});

describe('pythonFloat', () => {
  it.each([
    [1, '1.0'],
    [-0, '-0.0'],
    [0.1, '0.1'],
    [1e15, '1000000000000000.0'],
    [1e16, '1e+16'],
    [1.5e300, '1.5e+300'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [123456789.125, '123456789.125'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [Number.NaN, 'NaN'],
  ])('%d is %s', (value, text) => {
    expect(pythonFloat(value)).toBe(text);
  });
});

describe.skipIf(!python)('against python3', () => {
  it('writes what json.dumps writes', () => {
    const key = fc.string({ unit: 'binary', maxLength: 6 });
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        key,
        fc.boolean(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
      ),
    }));
    // Floats and integers are told apart on the way: every number is a float here.
    const values = fc.sample(tree, { numRuns: 400, seed: 7 });
    const program =
      'import json,sys\nfor line in sys.stdin: print(json.dumps(json.loads(line, parse_int=float), sort_keys=True))';
    const lines = values.map((value) => JSON.stringify(value)).join('\n');
    const output = execFileSync('python3', ['-c', program], { input: lines, encoding: 'utf8' });
    const expected = output.trimEnd().split('\n');
    for (const [index, value] of values.entries()) {
      expect(pythonJson(JSON.parse(JSON.stringify(value)))).toBe(expected[index]);
    }
  });

  it.skipIf(!haveOracles)('hashes every project as the oracle does', () => {
    const names = lockNames();
    const program =
      'import runpy,sys\nfor line in sys.stdin:\n  sys.argv[1:] = [line.strip()]\n  runpy.run_path(sys.argv[0])';
    const output = execFileSync(
      'python3',
      ['-c', `import sys\nsys.argv[0] = sys.argv[1]\n${program}`, join(oracles, 'content_hash.py')],
      {
        input: names.map((name) => join(locks, name, 'pyproject.toml')).join('\n'),
        encoding: 'utf8',
      },
    );
    const expected = output
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[1]);
    const actual = names.flatMap((name) =>
      DIALECTS.map((dialect) => contentHash(loadProject(name).project.raw, dialect)),
    );
    expect(actual).toEqual(expected);
  });
});
