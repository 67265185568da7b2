import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BivyError } from '../../src/kernel/errors.ts';
import { markerEnvironment, parseLibc } from '../../src/python/environment.ts';
import {
  evaluateMarker,
  type MarkerEnvironment,
  type PoetryCore,
  parseMarker,
} from '../../src/python/marker.ts';
import { describeOracle, readLines } from './oracle.ts';

const CORES: Readonly<Record<PoetryCore, string>> = {
  '1.0': 'core-1.0.8',
  '1.3': 'core-1.3.2',
  '1.9': 'core-1.9.1',
  '2.2': 'core-2.2.1',
  '2.4': 'core-2.4.0',
};
const ALL = Object.keys(CORES) as PoetryCore[];
const MODERN: readonly PoetryCore[] = ['2.2', '2.4'];
const EARLY: readonly PoetryCore[] = ['1.0', '1.3', '1.9'];

const libc = parseLibc('glibc:2.36');
const bookworm = markerEnvironment({ python: '3.11.2', platform: 'linux/amd64', libc });

function answer(
  text: string,
  core: PoetryCore,
  environment: MarkerEnvironment = bookworm,
  extras?: readonly string[],
): boolean | string {
  const options = extras === undefined ? {} : { extras: new Set(extras) };
  try {
    return evaluateMarker(parseMarker(text, core), environment, options);
  } catch (error) {
    return error instanceof BivyError ? error.code : String(error);
  }
}

describe('what every Poetry agrees on', () => {
  test.each<[string, boolean | string]>([
    ['', true],
    ['*', true],
    ['<empty>', false],
    ['python_version >= "3.8"', true],
    ['python_version < "3.11"', false],
    ['python_version<"3.12"and sys_platform=="linux"', true],
    ['python_full_version < "3.11.2"', false],
    ['python_version == "3.9" or python_version == "3.10" and os_name == "nt" or os_name == "posix"', true],
    ['(python_version == "3.9" or python_version == "3.11") and os_name == "nt"', false],
    ['python_version in "3.10, 3.11"', true],
    ['python_version not in "3.10 3.12"', true],
    ['python_version in "3.110"', false],
    ['sys_platform in "linux2"', false],
    ["platform_machine in 'arm64 x86_64'", true],
    ['os.name == "posix" and sys.platform == "linux" and python_implementation == "CPython"', true],
    ['python_version >= "3.8" and', 'MARKER_INVALID'],
    ['foo == "bar"', 'MARKER_INVALID'],
    ['python_version >= "abc"', 'MARKER_INVALID'],
    ['python_version == 3.8', 'MARKER_INVALID'],
    ['"3.8" == "3.8"', 'MARKER_INVALID'],
    ['python_version >= "3.8" AND os_name == "nt"', 'MARKER_INVALID'],
    [`${'('.repeat(5000)}os_name == "nt"${')'.repeat(5000)}`, 'MARKER_INVALID'],
  ])('%s', (text, expected) => {
    expect(ALL.map((core) => answer(text, core))).toEqual(ALL.map(() => expected));
  });
});

describe('what changed', () => {
  test.each<[string, boolean | string, boolean | string]>([
    ['"3.8" <= python_version', false, 'MARKER_INVALID'],
    ['sys_platform >= "linux"', false, 'MARKER_INVALID'],
    ['implementation_version >= "3.8"', false, 'MARKER_INVALID'],
    ['"64" in platform_machine', false, true],
    ['"x86" in platform_machine', false, true],
    ['sys_platform === "linux"', false, true],
    ['python_full_version ~= "3.8"', true, false],
    ['"a" in extra', true, 'MARKER_INVALID'],
  ])('%s: %s before 2.0, %s since', (text, before, since) => {
    expect(EARLY.map((core) => answer(text, core))).toEqual(EARLY.map(() => before));
    expect(MODERN.map((core) => answer(text, core))).toEqual(MODERN.map(() => since));
  });
});

describe('kernels', () => {
  const known = { ...bookworm, platform_release: '6.1.0-13-amd64' };

  test.each<[string, boolean | string]>([
    ['platform_release >= "5.4"', 'MARKER_UNKNOWABLE'],
    ['"Debian" in platform_version', 'MARKER_UNKNOWABLE'],
    ['sys_platform == "win32" and platform_release >= "5"', false],
    ['platform_release >= "5" and sys_platform == "win32"', false],
    ['platform_release >= "5" or sys_platform == "linux"', true],
    ['platform_release >= "5" and sys_platform == "linux"', 'MARKER_UNKNOWABLE'],
    [
      '(platform_release >= "5" or os_name == "nt") and (os_name == "posix" or platform_version == "1")',
      'MARKER_UNKNOWABLE',
    ],
  ])('unknown: %s', (text, expected) => {
    expect(answer(text, '2.4')).toBe(expected);
  });

  test('the error names the variable', () => {
    expect(() => evaluateMarker(parseMarker('platform_release >= "5.4"'), bookworm)).toThrow(
      '`platform_release`',
    );
  });

  test.each<[string, boolean | string]>([
    ['platform_release >= "5.4"', true],
    ['platform_release == "6.1"', true],
    ['"tegra" in platform_release', false],
    ['"amd64" in platform_release', true],
  ])('known: %s', (text, expected) => {
    expect(answer(text, '2.4', known)).toBe(expected);
  });

  test('one that Poetry cannot read', () => {
    const amazon = { ...bookworm, platform_release: '4.14.355-280.664.amzn2.x86_64' };
    expect(answer('platform_release >= "5.4"', '2.4', amazon)).toBe('MARKER_INVALID');
    expect(answer('platform_release >= "5.4"', '1.9', known)).toBe('MARKER_INVALID');
  });
});

describe('extras', () => {
  test.each<[string, readonly string[] | undefined, boolean]>([
    ['extra == "a"', undefined, true],
    ['extra != "a"', undefined, true],
    ['extra == "a"', [], false],
    ['extra == "Foo_Bar"', ['foo-bar'], true],
    ['extra == "foo-bar"', ['Foo.Bar'], true],
    ['extra == "a" and extra == "b"', ['a', 'b'], true],
    ['extra == "a" and extra == "b"', undefined, true],
    ['extra == "a" and extra != "a"', undefined, false],
    ['extra == "a" and extra != "b" or extra == "b" and extra != "a"', undefined, true],
    ['extra == "a" and os_name == "nt"', undefined, false],
  ])('%s, asked for: %j', (text, extras, expected) => {
    expect(answer(text, '2.4', bookworm, extras)).toBe(expected);
  });

  test('before 1.3, one package had one extra', () => {
    expect(answer('extra == "a" and extra == "b"', '1.0')).toBe(false);
    expect(answer('extra == "a" or extra == "b"', '1.0')).toBe(true);
  });
});

test('Poetry 1.2 takes what leaves nothing out for never', () => {
  expect(answer('os_name == "nt" or os_name != "nt"', '1.3')).toBe(false);
  expect(answer('sys_platform == "linux" and (python_version < "3" or python_version >= "3")', '1.3')).toBe(
    true,
  );
  expect(answer('os_name == "nt" or os_name != "nt"', '1.0')).toBe(true);
});

test('an option may name another Poetry than the marker was parsed for', () => {
  const marker = parseMarker('"64" in platform_machine', '1.9');
  expect(evaluateMarker(marker, bookworm)).toBe(false);
  expect(evaluateMarker(marker, bookworm, { core: '2.4' })).toBe(true);
});

describe('laws', () => {
  const clause = fc.constantFrom(
    'python_version >= "3.8"',
    'python_version < "3.10"',
    'sys_platform == "win32"',
    'platform_machine != "aarch64"',
    'python_full_version == "3.11.2"',
  );

  test('`or` and `and` mean what they say, whatever the parentheses', () => {
    fc.assert(
      fc.property(clause, clause, clause, fc.constantFrom(...MODERN, '1.9' as const), (a, b, c, core) => {
        const [x, y, z] = [a, b, c].map((text) => answer(text, core) === true);
        expect(answer(`${a} or ${b} and ${c}`, core)).toBe(x! || (y! && z!));
        expect(answer(`(${a} or ${b}) and ${c}`, core)).toBe((x! || y!) && z!);
        expect(answer(`((${a}))`, core)).toBe(x);
      }),
    );
  });

  test('whatever is thrown at it is an answer or a `BivyError`', () => {
    const token = fc.constantFrom(
      'python_version',
      'extra',
      '==',
      'in',
      'not in',
      '"3.8"',
      "'a b'",
      'and',
      'or',
      '(',
      ')',
      '"',
      ' ',
      '\\',
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), fc.constantFrom(...ALL), (tokens, core) => {
        expect([true, false, 'MARKER_INVALID']).toContain(answer(tokens.join(' '), core));
      }),
    );
  });
});

type Answer = boolean | string;
interface Row {
  readonly marker: string;
  readonly extras?: readonly string[];
  readonly envs: readonly string[];
  readonly values: readonly Answer[] | string;
  readonly [core: `core-${string}`]: readonly Answer[] | string | undefined;
}

/**
 * Rows that say what Poetry answered only because of the row before: it remembers `platform_machine in "x86"`, which it
 * takes for the same marker. Asked first, it says what `what changed` above has.
 */
const REMEMBERED = new Set(['"x86" in platform_machine']);

describeOracle('markers.jsonl', (path) => {
  const [head, ...rows] = readLines<unknown>(path);
  const { environments } = head as { readonly environments: Readonly<Record<string, MarkerEnvironment>> };

  test.each(ALL)('poetry-core %s', (core) => {
    const wrong: unknown[] = [];
    for (const row of rows as Row[]) {
      // The older two do not know a set of extras.
      if (row.extras !== undefined && (core === '1.0' || core === '1.3')) continue;
      if (MODERN.includes(core) && REMEMBERED.has(row.marker)) continue;
      const values = row[CORES[core] as 'core-x'] ?? row.values;
      row.envs.forEach((name, index) => {
        const expected = typeof values === 'string' ? values : values[index]!;
        const wanted = typeof expected === 'string' ? 'MARKER_INVALID' : expected;
        const given = answer(row.marker, core, environments[name], row.extras);
        if (given !== wanted) wrong.push([row.marker, row.extras, name, given, expected]);
      });
    }
    expect(wrong).toEqual([]);
  });
});
