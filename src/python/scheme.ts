// How each era of poetry-core orders versions and reads the edges of a range (PEP 440, "exclusive ordered comparison",
// as far as each release of it got).

import { makeRange, type Range, type Scheme } from './range.ts';
import {
  compareSuffixes,
  compareVersions,
  isStable,
  makeVersion,
  order,
  stableVersion,
  type Version,
} from './version.ts';
import {
  firstDevrelease,
  firstPrerelease,
  nextPatch,
  withoutLocal,
  withoutPostrelease,
} from './version-steps.ts';

/**
 * The releases of poetry-core that bivy follows, each named for what came with it: 1.0 (Poetry 1.1), 1.3 (1.2), 1.9
 * (1.3 to 1.8), 2.2 (2.0 to 2.2), 2.4 (2.3 and later).
 */
export type PoetryCore = '1.0' | '1.3' | '1.9' | '2.2' | '2.4';

type Edges = Omit<Range<Version>, 'ceiling' | 'single'>;

/** `1.0` by itself allows `1.0+local`; `1.0+local` does not allow `1.0`. */
function singleAllows(single: Version, version: Version): boolean {
  const other = single.local === undefined ? withoutLocal(version) : version;
  return compareVersions(single, other) === 0;
}

function modernCeiling({ min, max, includeMin, includeMax }: Edges): Version | undefined {
  if (max === undefined || includeMax || !isStable(max)) return max;
  if (min !== undefined && includeMin && compareVersions(min, max) === 0) return max;
  return firstDevrelease(max);
}

function aboveMin(range: Range<Version>, version: Version, core: PoetryCore): boolean {
  const { min, includeMin } = range;
  if (min === undefined) return true;
  const strict = core === '1.9' || !includeMin;
  let other = version;
  if (strict && min.post === undefined && other.post !== undefined) other = withoutPostrelease(other);
  if (min.local === undefined && version.local !== undefined) {
    // Until 2.3 the local part was cut from the version as given, which put the post-release back.
    other = withoutLocal(core === '2.4' ? other : version);
  }
  const result = compareVersions(other, min);
  return result === 0 ? includeMin : result > 0;
}

function belowCeiling(range: Range<Version>, version: Version): boolean {
  const { max, ceiling, includeMax } = range;
  if (ceiling === undefined) return true;
  const other = ceiling.local === undefined ? withoutLocal(version) : version;
  const result = compareVersions(other, ceiling);
  if (result > 0) return false;
  return includeMax || (result !== 0 && compareVersions(other, max!) !== 0);
}

function modernScheme(core: PoetryCore): Scheme<Version> {
  const scheme: Scheme<Version> = {
    compare: compareVersions,
    ceiling: modernCeiling,
    allows(range, version) {
      if (range.single) return singleAllows(range.min!, version);
      return aboveMin(range, version, core) && belowCeiling(range, version);
    },
    meet(range, { min: single }) {
      // `>=1.2.3+local` and `1.2.3` have `1.2.3+local` in common, though neither allows the other.
      const { min, includeMin } = range;
      if (min?.local === undefined || !singleAllows(single!, min)) return undefined;
      return makeRange(scheme, { min, includeMin, max: nextPatch(stableVersion(single!)) });
    },
  };
  return scheme;
}

/** Numbers beyond the third count even when they are zero: `1.2.3.0` is newer than `1.2.3`. */
function compareUnpadded(a: Version, b: Version): number {
  const epochs = order(a.epoch, b.epoch);
  if (epochs !== 0) return epochs;
  for (let index = 0; index < Math.max(a.release.length, b.release.length); index++) {
    const least = index < 3 ? 0 : -1;
    const result = order(a.release[index] ?? least, b.release[index] ?? least);
    if (result !== 0) return result;
  }
  return compareSuffixes(a, b);
}

function earlyCeiling({ min, max, includeMax }: Edges): Version | undefined {
  if (max === undefined || includeMax || !isStable(max) || max.post !== undefined) return max;
  const bare = (version: Version): Version => makeVersion(0, version.release);
  const ownPrerelease = min !== undefined && !isStable(min) && compareUnpadded(bare(min), bare(max)) === 0;
  return ownPrerelease ? max : firstPrerelease(max);
}

function earlyAllows(range: Range<Version>, version: Version): boolean {
  const { min, ceiling, includeMin, includeMax, single } = range;
  if (single) {
    const other = min!.local === undefined ? withoutLocal(version) : version;
    return compareUnpadded(min!, other) === 0;
  }
  if (min !== undefined) {
    const result = compareUnpadded(version, min);
    if (result < 0 || (result === 0 && !includeMin)) return false;
  }
  if (ceiling === undefined) return true;
  let other = ceiling.local === undefined ? withoutLocal(version) : version;
  if (ceiling.post === undefined && other.post !== undefined) {
    const { epoch, release, pre, dev, local } = other;
    other = makeVersion(epoch, release, { pre, dev, local });
  }
  const result = compareUnpadded(other, ceiling);
  return result < 0 || (result === 0 && includeMax);
}

const EARLY: Scheme<Version> = {
  compare: compareUnpadded,
  ceiling: earlyCeiling,
  allows: earlyAllows,
  meet: () => undefined,
};

/** The scheme of each core that reads versions as PEP 440; the oldest does not. */
export const SCHEMES: Readonly<Record<Exclude<PoetryCore, '1.0'>, Scheme<Version>>> = {
  '1.3': EARLY,
  '1.9': modernScheme('1.9'),
  '2.2': modernScheme('2.2'),
  '2.4': modernScheme('2.4'),
};
