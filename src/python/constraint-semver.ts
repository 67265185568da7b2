// One clause of a version constraint, as Poetry 1.1 reads it (poetry-core 1.0, `semver/__init__.py`).

import { type Bounds, makeRange, type Ranges, singleRange } from './range.ts';
import {
  makeSemver,
  parseSemver,
  SEMVER_PATTERN,
  SEMVER_SCHEME,
  type Semver,
  semverNextBreaking,
  semverNextMajor,
  semverNextMinor,
  semverStable,
} from './semver.ts';

const ANY = /^v?[x*](?:\.[x*])*$/i;
const CARET = new RegExp(`^\\^(${SEMVER_PATTERN})$`, 'i');
const TILDE = new RegExp(`^~(?!=)\\s*(${SEMVER_PATTERN})$`, 'i');
const COMPATIBLE = new RegExp(`^~=\\s*(${SEMVER_PATTERN})$`, 'i');
const WILDCARD = /^(!=|==)?\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.[xX*])+$/;
// Nothing anchors its end: `>=1.2,` and `==1.2.3.4.5` are read as far as they make sense.
const BASIC = new RegExp(`^(<>|!=|>=?|<=?|==?)?\\s*(${SEMVER_PATTERN}|dev)`, 'i');

function range(bounds: Bounds<Semver>): Ranges<Semver> {
  return [makeRange(SEMVER_SCHEME, bounds)];
}

/** The ranges of one clause, or nothing where Poetry 1.1 refuses it. */
export function parseSimpleSemver(clause: string): Ranges<Semver> | undefined {
  if (ANY.test(clause)) return range({});
  return parseTilde(clause) ?? parseWildcard(clause) ?? parseBasic(clause);
}

function parseTilde(clause: string): Ranges<Semver> | undefined {
  const tilde = TILDE.exec(clause)?.[1];
  if (tilde !== undefined) {
    const min = parseSemver(tilde)!;
    const stable = semverStable(min);
    const max = tilde.includes('.') ? semverNextMinor(stable) : semverNextMajor(stable);
    return range({ min, max, includeMin: true });
  }
  const compatible = COMPATIBLE.exec(clause);
  if (compatible !== null) {
    const min = parseSemver(compatible[1]!)!;
    const stable = semverStable(min);
    const twoNumbers = compatible[3] !== undefined && compatible[4] === undefined;
    return range({
      min,
      max: twoNumbers ? semverNextMajor(stable) : semverNextMinor(stable),
      includeMin: true,
    });
  }
  const caret = CARET.exec(clause)?.[1];
  if (caret === undefined) return undefined;
  const min = parseSemver(caret)!;
  return range({ min, max: semverNextBreaking(min), includeMin: true });
}

function parseWildcard(clause: string): Ranges<Semver> | undefined {
  const match = WILDCARD.exec(clause);
  if (match === null) return undefined;
  const bounds = wildcardBounds(Number(match[2]), match[3] === undefined ? undefined : Number(match[3]));
  if (match[1] !== '!=') return range(bounds);
  const above = range({ min: bounds.max, includeMin: true });
  return bounds.min === undefined ? above : [...range({ max: bounds.min }), ...above];
}

function wildcardBounds(major: number, minor: number | undefined): Bounds<Semver> {
  if (major === 0 && minor === undefined) return { max: makeSemver(1, 0, 0) };
  const min = makeSemver(major, minor ?? 0, 0);
  return { min, includeMin: true, max: minor === undefined ? semverNextMajor(min) : semverNextMinor(min) };
}

function parseBasic(clause: string): Ranges<Semver> | undefined {
  const match = BASIC.exec(clause);
  if (match === null) return undefined;
  const version = parseSemver(match[2] === 'dev' ? '0.0-dev' : match[2]!);
  if (version === undefined) return undefined;
  switch (match[1]) {
    case '<':
      return range({ max: version });
    case '<=':
      return range({ max: version, includeMax: true });
    case '>':
      return range({ min: version });
    case '>=':
      return range({ min: version, includeMin: true });
    case '!=':
      return [...range({ max: version }), ...range({ min: version })];
    default:
      return [singleRange(version)];
  }
}
