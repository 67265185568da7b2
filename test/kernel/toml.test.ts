import { describe, expect, it } from 'vitest';
import { BivyError } from '../../src/kernel/errors.ts';
import { lineOfKey, parseExactToml, parseToml } from '../../src/kernel/toml.ts';

describe('parseToml', () => {
  it('gives integers as numbers where a number holds them', () => {
    expect(parseToml('a = 1\nb = 1.0\nc = 99999999999999999999', 'x')).toEqual({
      a: 1,
      b: 1,
      c: 99999999999999999999n,
    });
  });

  it('gives tables without a prototype', () => {
    const table = parseToml('[a]\n"__proto__" = 1', 'x') as { a: object };
    expect(Object.getPrototypeOf(table.a)).toBeNull();
    expect(Object.keys(table.a)).toEqual(['__proto__']);
  });

  it('says where the fault is', () => {
    const error = catching(() => parseToml('a = 1\nb = = 2\n', 'poetry.lock'));
    expect(error.code).toBe('TOML_SYNTAX');
    expect(error.location).toEqual({ file: 'poetry.lock', line: 2, column: 5 });
    expect(error.message).toMatch(/^reading `poetry.lock`: not valid TOML: /);
    expect(error.message).not.toContain('\n');
  });
});

describe('parseExactToml', () => {
  it('tells integers from floats', () => {
    const table = parseExactToml('a = 1\nb = 1.0\nc = [0x10, -0.0]', 'x') as Record<string, unknown>;
    expect(table['a']).toBe(1n);
    expect(table['b']).toBe(1);
    expect(table['c']).toEqual([16n, -0]);
  });
});

describe('lineOfKey', () => {
  const text = `[project]
name = "a"

[tool.poetry.dependencies]
python = "^3.8"   # comment
"quoted.name" = "1"

[[tool.poetry.source]]
name = "one"

[[tool.poetry.source]]
name = "two"
priority = "odd"

[tool.poetry]
group.dev.optional = true
`;
  it.each([
    [['project', 'name'], 2],
    [['project', 'version'], 1],
    [['tool', 'poetry', 'dependencies', 'python'], 5],
    [['tool', 'poetry', 'dependencies', 'quoted.name'], 6],
    [['tool', 'poetry', 'source', 1, 'priority'], 13],
    [['tool', 'poetry', 'source', 0, 'name'], 9],
    [['tool', 'poetry', 'source', 1, 'url'], 11],
    [['tool', 'poetry', 'group', 'dev', 'optional'], 16],
    [['build-system'], undefined],
  ] as const)('%j is on line %s', (path, line) => {
    expect(lineOfKey(text, path)).toBe(line);
  });
});

function catching(run: () => unknown): BivyError {
  try {
    run();
  } catch (error) {
    if (error instanceof BivyError) return error;
  }
  throw new Error('nothing was thrown');
}
