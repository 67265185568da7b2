// A target in words: its platform and libc as users write them, and the values that its markers are evaluated with
// (PEP 508, "environment markers"). Asks nothing of this host.

import { BivyError } from '../kernel/errors.ts';
import type { MarkerEnvironment } from './marker.ts';
import type { Libc, Target } from './target.ts';

export interface Platform {
  readonly os: 'linux';
  /** OCI's (Go's) name: `amd64`. */
  readonly architecture: string;
  readonly variant?: string;
  /** As `platform.machine()` and wheels have it: `x86_64`. */
  readonly machine: string;
}

const PLATFORMS: Readonly<Record<string, Platform>> = {
  'linux/amd64': { os: 'linux', architecture: 'amd64', machine: 'x86_64' },
  'linux/arm64': { os: 'linux', architecture: 'arm64', machine: 'aarch64' },
  'linux/arm/v7': { os: 'linux', architecture: 'arm', variant: 'v7', machine: 'armv7l' },
  'linux/386': { os: 'linux', architecture: '386', machine: 'i686' },
  'linux/ppc64le': { os: 'linux', architecture: 'ppc64le', machine: 'ppc64le' },
  'linux/s390x': { os: 'linux', architecture: 's390x', machine: 's390x' },
  'linux/riscv64': { os: 'linux', architecture: 'riscv64', machine: 'riscv64' },
};

/** Other names that engines use for the same; wheels know no levels of amd64. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  'linux/arm64/v8': 'linux/arm64',
  'linux/arm': 'linux/arm/v7',
  'linux/amd64/v1': 'linux/amd64',
  'linux/amd64/v2': 'linux/amd64',
  'linux/amd64/v3': 'linux/amd64',
  'linux/amd64/v4': 'linux/amd64',
};

/** @throws BivyError `TARGET_INVALID` where it is none that bivy builds for */
export function parsePlatform(text: string): Platform {
  const name = OTHER_NAMES[text] ?? text;
  if (Object.hasOwn(PLATFORMS, name)) return PLATFORMS[name]!;
  throw new BivyError('TARGET_INVALID', `\`${text}\` is no platform that images can be built for`, {
    hint: `choose one of ${Object.keys(PLATFORMS)
      .map((known) => `\`${known}\``)
      .join(', ')}`,
  });
}

/** `glibc:2.36` or `musl:1.2`. @throws BivyError `TARGET_INVALID` */
export function parseLibc(text: string): Libc {
  const match = /^(glibc|musl):(\d{1,4})\.(\d{1,4})$/.exec(text);
  if (match === null) {
    throw new BivyError('TARGET_INVALID', `\`${text}\` is no C library`, {
      hint: 'write it as `glibc:2.36` (Debian 12) or `musl:1.2` (Alpine)',
    });
  }
  return { family: match[1] as Libc['family'], major: Number(match[2]), minor: Number(match[3]) };
}

export interface PythonRelease {
  readonly major: number;
  readonly minor: number;
  readonly micro: number;
  /** `rc2` of `3.14.0rc2`; empty for a release. */
  readonly suffix: string;
}

const PYTHON = /^(\d{1,4})\.(\d{1,4})\.(\d{1,4})((?:a|b|rc)\d{1,4})?\+?$/;

/** A Python's full version, as it says itself: `3.11.2`. @throws BivyError `TARGET_INVALID` */
export function parsePython(text: string): PythonRelease {
  const match = PYTHON.exec(text);
  if (match === null) {
    throw new BivyError('TARGET_INVALID', `\`${text}\` is no full version of Python`, {
      hint: 'name all three numbers, as `python --version` prints them: `3.11.2`',
    });
  }
  const [major, minor, micro] = match.slice(1, 4).map(Number);
  return { major: major!, minor: minor!, micro: micro!, suffix: match[4] ?? '' };
}

/**
 * The values of the marker variables on that target. `platform_version` is never there, `platform_release` only where
 * the target names a kernel: both are facts of the host that the image will run on.
 * @throws BivyError `TARGET_INVALID`
 */
export function markerEnvironment(target: Target): MarkerEnvironment {
  const { major, minor, micro, suffix } = parsePython(target.python);
  const release = `${major}.${minor}.${micro}`;
  return {
    implementation_name: 'cpython',
    // `sys.implementation` spells a candidate by its first letter.
    implementation_version: `${release}${suffix.replace('rc', 'c')}`,
    os_name: 'posix',
    platform_machine: parsePlatform(target.platform).machine,
    platform_python_implementation: 'CPython',
    platform_system: 'Linux',
    python_full_version: `${release}${suffix}`,
    python_version: `${major}.${minor}`,
    sys_platform: 'linux',
    ...(target.kernel === undefined ? {} : { platform_release: target.kernel }),
  };
}
