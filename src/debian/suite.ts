// The Debian releases that a base can be composed from, and what each is made of. Changes only with bivy's version.

import { BivyError } from '../kernel/errors.ts';

export interface Suite {
  /** `bookworm-security`: the directory under `dists/`, and the codename that its release file must carry. */
  readonly name: string;
  readonly archive: 'main' | 'security';
}

export interface DebianRelease {
  /** `12`. */
  readonly version: string;
  readonly codename: string;
  /** Major and minor version of its Python. */
  readonly python: string;
  readonly suites: readonly Suite[];
  /** The packages that a base is for; their dependencies follow. */
  readonly wanted: readonly string[];
}

/** What every base holds beside Python: why stands in `docs/debian-base.md`. */
const COMMON = [
  'base-files',
  'ca-certificates',
  'libc-bin',
  'libcrypt1',
  'libgcc-s1',
  'libgomp1',
  'libstdc++6',
  'media-types',
  'ncurses-base',
  'netbase',
  'python3-gdbm',
  'tzdata',
];

function release(
  version: string,
  codename: string,
  python: string,
  wanted: readonly string[],
): DebianRelease {
  return {
    version,
    codename,
    python,
    suites: [
      { name: codename, archive: 'main' },
      { name: `${codename}-updates`, archive: 'main' },
      { name: `${codename}-security`, archive: 'security' },
    ],
    wanted: [...COMMON, `libpython${python}-stdlib`, `python${python}-minimal`, ...wanted].sort(),
  };
}

const RELEASES: readonly DebianRelease[] = [
  // `distutils` and `lib2to3` are of the standard library; Debian 12 packs them apart.
  release('12', 'bookworm', '3.11', ['python3-distutils', 'python3-lib2to3']),
  // The old names of time zones (`US/Eastern`) are packed apart since Debian 13.
  release('13', 'trixie', '3.13', ['tzdata-legacy']),
];

/** @throws BivyError `BASE_UNSUPPORTED` for a release that is not in the table */
export function releaseOf(version: string): DebianRelease {
  const found = RELEASES.find((known) => known.version === version || known.codename === version);
  if (found !== undefined) return found;
  throw new BivyError('BASE_UNSUPPORTED', `no base can be composed from Debian \`${version}\``, {
    hint: `choose ${RELEASES.map((known) => `\`debian:${known.version}\` (Python ${known.python})`).join(' or ')}`,
  });
}
