// The versions of Poetry 1.1 (poetry-core 1.0, `semver/version.py`): four numbers, a pre-release and a "build", which is
// where post-releases and local versions end up. Only constraints of locks that it wrote are judged by it.

import type { Range, Scheme } from './range.ts';
import { type Numeral, order } from './version.ts';

type Part = Numeral | string;

export interface Semver {
  readonly major: Numeral;
  readonly minor: Numeral;
  readonly patch: Numeral;
  readonly rest: Numeral;
  /** `alpha`, `beta` or `rc`, and its number; empty for a release. A development release is an alpha. */
  readonly prerelease: readonly Part[];
  readonly build: readonly Part[];
  /** How many numbers were written. */
  readonly precision: number;
  readonly text: string;
}

/** To be used with the flag `i`; nothing anchors its end. */
export const SEMVER_PATTERN: string =
  'v?(\\d+)(?:\\.(\\d+))?(?:\\.(\\d+))?(?:\\.(\\d+))?' +
  '[._-]?((?!post)(?:beta|b|c|pre|RC|alpha|a|patch|pl|p|dev)\\d*(?:[.-]\\d+)*)?' +
  '([+-]?([0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*))?(?:\\+[^\\s]+)?';

const START = new RegExp(`^${SEMVER_PATTERN}`, 'i');

/** What Poetry 1.1 reads from the start of `text`; what follows is ignored. */
export function parseSemver(text: string): Semver | undefined {
  const match = START.exec(text);
  if (match === null) return undefined;
  const numbers = match.slice(1, 5);
  return {
    major: numeral(numbers[0]),
    minor: numeral(numbers[1]),
    patch: numeral(numbers[2]),
    rest: numeral(numbers[3]),
    prerelease: prereleaseParts(match[5]),
    build: buildParts(match[6]),
    precision: numbers.filter((number) => number !== undefined).length,
    text: text.replace(/\.+$/, ''),
  };
}

function numeral(digits: string | undefined): Numeral {
  const number = Number(digits ?? 0);
  return Number.isSafeInteger(number) ? number : BigInt(digits!);
}

const MODIFIERS: Readonly<Record<string, string>> = {
  a: 'alpha',
  b: 'beta',
  c: 'rc',
  pre: 'rc',
  dev: 'alpha',
};

function prereleaseParts(text: string | undefined): readonly Part[] {
  const match = /^(a|alpha|b|beta|c|pre|rc|dev)[-.]?(\d+)?$/i.exec(text ?? '');
  if (match === null) return [];
  return splitParts(`${MODIFIERS[match[1]!] ?? match[1]}.${match[2] ?? 0}`);
}

function buildParts(text: string | undefined): readonly Part[] {
  let build = (text ?? '').replace(/^\++/, '');
  if (build.startsWith('post')) build = build.replace(/^[post]+/, '');
  if (build === '') return [];
  return splitParts(/^[-+]/.test(build) ? build.slice(1) : build);
}

function splitParts(text: string): readonly Part[] {
  return text.split('.').map((part) => (/^[+-]?\d+$/.test(part) ? numeral(part) : part));
}

function compareLists(a: readonly Part[], b: readonly Part[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [one, other] = [a[index], b[index]];
    if (one === other) continue;
    if (one === undefined) return -1;
    if (other === undefined) return 1;
    if (typeof one === 'string' && typeof other === 'string') return one < other ? -1 : 1;
    if (typeof one === 'string') return 1;
    if (typeof other === 'string') return -1;
    const result = order(one, other);
    if (result !== 0) return result;
  }
  return 0;
}

function compareSemvers(a: Semver, b: Semver): number {
  const numbers =
    order(a.major, b.major) || order(a.minor, b.minor) || order(a.patch, b.patch) || order(a.rest, b.rest);
  if (numbers !== 0) return numbers;
  const stable = Number(a.prerelease.length === 0) - Number(b.prerelease.length === 0);
  if (stable !== 0) return stable;
  const prereleases = compareLists(a.prerelease, b.prerelease);
  if (prereleases !== 0) return prereleases;
  const built = Number(a.build.length > 0) - Number(b.build.length > 0);
  return built === 0 ? compareLists(a.build, b.build) : built;
}

/** `1.2.0` with that many numbers written, without suffixes. */
export function makeSemver(
  major: Numeral,
  minor: Numeral,
  patch: Numeral,
  precision = 3,
  prerelease: readonly Part[] = [],
): Semver {
  const numbers = [major, minor, patch];
  const shown = Math.max(precision, patch > 0 ? 3 : 0, minor > 0 ? 2 : 0, 1);
  const text = numbers.slice(0, shown).join('.');
  return { major, minor, patch, rest: 0, prerelease, build: [], precision, text };
}

function plusOne(number: Numeral): Numeral {
  return typeof number === 'number' && number < Number.MAX_SAFE_INTEGER ? number + 1 : BigInt(number) + 1n;
}

export function semverNextMajor({ major, minor, patch, prerelease, precision }: Semver): Semver {
  if (prerelease.length > 0 && order(minor, 0) === 0 && order(patch, 0) === 0) return makeSemver(major, 0, 0);
  return makeSemver(plusOne(major), 0, 0, precision);
}

export function semverNextMinor({ major, minor, patch, prerelease, precision }: Semver): Semver {
  if (prerelease.length > 0 && order(patch, 0) === 0) return makeSemver(major, minor, 0);
  return makeSemver(major, plusOne(minor), 0, precision);
}

export function semverStable(version: Semver): Semver {
  const { major, minor, patch, prerelease } = version;
  return prerelease.length === 0 ? version : makeSemver(major, minor, patch);
}

/** The first version that `^` excludes. */
export function semverNextBreaking({ major, minor, patch, precision }: Semver): Semver {
  if (major > 0) return makeSemver(plusOne(major), 0, 0, precision);
  if (minor > 0) return makeSemver(major, plusOne(minor), 0, precision);
  if (precision === 1) return makeSemver(plusOne(major), 0, 0, precision);
  if (precision === 2) return makeSemver(major, plusOne(minor), 0, precision);
  return makeSemver(major, minor, plusOne(patch), precision);
}

function semverCeiling(range: Omit<Range<Semver>, 'ceiling' | 'single'>): Semver | undefined {
  const { min, max, includeMax } = range;
  if (max === undefined || includeMax || max.prerelease.length > 0 || max.build.length > 0) return max;
  const ownPrerelease =
    min !== undefined &&
    min.prerelease.length > 0 &&
    order(min.major, max.major) === 0 &&
    order(min.minor, max.minor) === 0 &&
    order(min.patch, max.patch) === 0;
  return ownPrerelease ? max : makeSemver(max.major, max.minor, max.patch, 3, ['alpha', 0]);
}

export const SEMVER_SCHEME: Scheme<Semver> = {
  compare: compareSemvers,
  ceiling: semverCeiling,
  allows({ min, ceiling, includeMin, includeMax, single }, version) {
    if (single) return compareSemvers(min!, version) === 0;
    if (min !== undefined) {
      const result = compareSemvers(version, min);
      if (result < 0 || (result === 0 && !includeMin)) return false;
    }
    if (ceiling === undefined) return true;
    const result = compareSemvers(version, ceiling);
    return result < 0 || (result === 0 && includeMax);
  },
  meet: () => undefined,
};
