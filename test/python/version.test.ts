import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareVersions, formatVersion, parseVersion, stableVersion } from '../../src/python/version.ts';
import { spelling } from './arbitraries.ts';

/** What PEP 440 sorts, oldest first; each line holds spellings of one version. */
const ASCENDING = [
  ['0.9'],
  ['1.0.dev0', '1.0dev', '1.0-DEV'],
  ['1.0.dev456', '1.0-dev456'],
  ['1.0a1', '1.0alpha1', '1.0.a.1', '1.0-A-1'],
  ['1.0a2.dev456'],
  ['1.0a12'],
  ['1.0b1.dev456'],
  ['1.0b2', '1.0_beta_2'],
  ['1.0b2.post345.dev456'],
  ['1.0b2.post345', '1.0b2-345'],
  ['1.0rc1.dev456'],
  ['1.0rc1', '1.0c1', '1.0pre1', '1.0preview1', '1.0RC1'],
  ['1.0', '1', '1.0.0', 'v1.0', ' 1.0 ', '01.00'],
  ['1.0+abc.5'],
  ['1.0+abc.7'],
  ['1.0+5', '1.0+05'],
  ['1.0.post456.dev34'],
  ['1.0.post456', '1.0-456', '1.0.rev456', '1.0r456'],
  ['1.1.dev1'],
  ['1.10'],
  ['2023.7.22', '2023.07.22'],
  ['99999999999999999998'],
  ['99999999999999999999'],
  ['1!0.1', '1!0.1.0'],
];

function version(text: string): NonNullable<ReturnType<typeof parseVersion>> {
  const found = parseVersion(text);
  if (found === undefined) throw new Error(`not a version: ${text}`);
  return found;
}

test('versions are ordered as PEP 440 has it', () => {
  ASCENDING.forEach((spellings, index) => {
    for (const one of spellings) {
      for (const other of spellings) expect(compareVersions(version(one), version(other))).toBe(0);
      for (const later of ASCENDING.slice(index + 1).flat()) {
        expect([one, later, compareVersions(version(one), version(later)) < 0]).toEqual([one, later, true]);
        expect(compareVersions(version(later), version(one))).toBeGreaterThan(0);
      }
    }
  });
});

test.each([
  ['1.0-alpha.1', '1.0a1'],
  ['v1.0.0', '1.0.0'],
  ['1!2.0RC', '1!2.0rc0'],
  ['2023.07.22', '2023.7.22'],
  ['1.0-1', '1.0.post1'],
  ['1.0.post', '1.0.post0'],
  ['1.0+Ubuntu-1', '1.0+ubuntu.1'],
  ['0.2.1-alpha.11', '0.2.1a11'],
  ['1.0dev', '1.0.dev0'],
])('%s in normal form is %s', (text, normal) => {
  expect(formatVersion(version(text))).toBe(normal);
});

test.each(['', 'abc', '1.0.x', '1.0+', '1..0', '1.0-', '1.0+a b', 'latest', '1.0 2'])(
  '`%s` is none',
  (text) => {
    expect(parseVersion(text)).toBeUndefined();
  },
);

test.each([
  ['3.14.0rc2', '3.14.0'],
  ['3.11.2', '3.11.2'],
  ['1.0.post1.dev2', '1.0.post1'],
  ['1.0rc1.post1', '1.0'],
  ['1!1.0.dev1', '1!1.0'],
])('%s is stable as %s', (text, stable) => {
  expect(formatVersion(stableVersion(version(text)))).toBe(stable);
});

describe('laws', () => {
  test('the normal form reads back as an equal version, and is its own normal form', () => {
    fc.assert(
      fc.property(spelling, (text) => {
        const normal = formatVersion(version(text));
        expect(compareVersions(version(normal), version(text))).toBe(0);
        expect(formatVersion(version(normal))).toBe(normal);
      }),
    );
  });

  test('the order is total', () => {
    fc.assert(
      fc.property(spelling, spelling, spelling, (a, b, c) => {
        const [x, y, z] = [version(a), version(b), version(c)].sort(compareVersions);
        expect(compareVersions(x!, y!)).toBeLessThanOrEqual(0);
        expect(compareVersions(x!, z!)).toBeLessThanOrEqual(0);
        expect(Math.sign(compareVersions(x!, y!))).toBe(0 - Math.sign(compareVersions(y!, x!)));
      }),
    );
  });
});

const PYTHON = `
import json, sys
try:
    from packaging.version import Version
except ImportError:
    from pip._vendor.packaging.version import Version
texts = json.load(sys.stdin)
versions = [Version(text) for text in texts]
print(json.dumps([[str(v) for v in versions], sorted(range(len(texts)), key=lambda i: (versions[i], i))]))
`;

function hasPackaging(): boolean {
  try {
    execFileSync('python3', ['-c', 'import pip._vendor.packaging.version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn('SKIPPED: no python3 with pip to compare versions with');
    return false;
  }
}

test.skipIf(!hasPackaging())('agrees with packaging', () => {
  const texts = fc.sample(spelling, { numRuns: 2000, seed: 440 });
  const input = JSON.stringify(texts);
  const answer = execFileSync('python3', ['-c', PYTHON], { input, encoding: 'utf8' });
  const [normal, sorted] = JSON.parse(answer) as [string[], number[]];
  const versions = texts.map(version);
  expect(versions.map(formatVersion).map(withPlainNumbers)).toEqual(normal);
  const indices = texts.map((_, index) => index);
  expect(indices.sort((a, b) => compareVersions(versions[a]!, versions[b]!) || a - b)).toEqual(sorted);
});

/** poetry-core leaves the numbers of local versions as they are written; packaging does not. */
function withPlainNumbers(text: string): string {
  return text.replace(/(?<=\+.*)(?<![a-z0-9])0+(?=[0-9]+(?![a-z0-9]))/g, '');
}
