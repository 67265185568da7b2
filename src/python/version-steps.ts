// The neighbours of a version that constraints are made of: what `^`, `~`, `~=` and `.*` end at (poetry-core,
// `version/pep440/version.py`). Each drops the suffixes that it does not name.

import {
  compareVersions,
  isStable,
  makeVersion,
  type Numeral,
  stableVersion,
  type Version,
} from './version.ts';

function increment(number: Numeral): Numeral {
  // A number that is no longer exact after adding one has to go on as a bigint.
  return typeof number === 'number' && number < Number.MAX_SAFE_INTEGER ? number + 1 : BigInt(number) + 1n;
}

/** The release with the number at `index` raised and all behind it zero; a shorter one is filled up to there. */
function raise(release: readonly Numeral[], index: number): readonly Numeral[] {
  const length = Math.max(release.length, index + 1);
  return Array.from({ length }, (_, at) => {
    if (at < index) return release[at] ?? 0;
    return at === index ? increment(release[at] ?? 0) : 0;
  });
}

/** `1.2.0rc1` leads to `1.2.0`, not to `1.3.0`: an unstable version is its own next one where all behind is zero. */
function next(version: Version, index: number): Version {
  const { epoch, release, pre, post } = version;
  const required = isStable(version) || (pre === undefined && post !== undefined);
  const behind = release.slice(index + 1).some((part) => part > 0);
  return makeVersion(epoch, required || behind ? raise(release, index) : release);
}

/** `1.2.3` to `2.0.0`. */
export function nextMajor(version: Version): Version {
  return next(version, 0);
}

/** `1.2.3` to `1.3.0`. */
export function nextMinor(version: Version): Version {
  return next(version, 1);
}

/** `1.2.3` to `1.2.4`. */
export function nextPatch(version: Version): Version {
  return next(version, 2);
}

/** The first version that `^` excludes: `1.2` to `2.0`, `0.2.3` to `0.3.0`, `0.0.3` to `0.0.4`. */
export function nextBreaking(version: Version): Version {
  const [major, minor, patch] = version.release;
  const stable = stableVersion(version);
  if (major! > 0 || minor === undefined) return nextMajor(stable);
  if (minor > 0 || patch === undefined) return nextMinor(stable);
  return nextPatch(stable);
}

/** The end of `X.*`: the last written number (or suffix) raised. */
export function nextSibling(version: Version): Version {
  const { epoch, release, pre, post, dev, local } = version;
  if (post !== undefined) {
    return makeVersion(epoch, release, { pre, post: dev === undefined ? increment(post) : post });
  }
  if (isStable(version)) return makeVersion(epoch, raise(release, release.length - 1), { local });
  if (pre !== undefined) {
    const number = dev === undefined ? increment(pre.number) : pre.number;
    return makeVersion(epoch, release, { pre: { phase: pre.phase, number } });
  }
  return makeVersion(epoch, release, { dev: increment(dev ?? 0) });
}

/** `1.2` to `1.2a0`. */
export function firstPrerelease({ epoch, release }: Version): Version {
  return makeVersion(epoch, release, { pre: { phase: 'a', number: 0 } });
}

/** `1.2rc1` to `1.2rc1.dev0`. */
export function firstDevrelease({ epoch, release, pre, post }: Version): Version {
  return makeVersion(epoch, release, { pre, post, dev: 0 });
}

export function withoutLocal(version: Version): Version {
  if (version.local === undefined) return version;
  const { epoch, release, pre, post, dev } = version;
  return makeVersion(epoch, release, { pre, post, dev });
}

/** Without the post-release, and the development release of that. */
export function withoutPostrelease({ epoch, release, pre, local }: Version): Version {
  return makeVersion(epoch, release, { pre, local });
}

export function sameVersion(a: Version | undefined, b: Version | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return compareVersions(a, b) === 0;
}
