// Bases that bivy knows by name: what they have, so that a plan can be made before anybody is asked. Changes with bivy's
// version alone.

import type { Libc } from '../python/target.ts';

/** Debian releases that bivy composes, and what they have: what a plan needs to know without a mirror. */
export const DEBIAN_BASES: Readonly<
  Record<string, { readonly release: '12' | '13'; readonly python: string; readonly libc: Libc }>
> = {
  'debian:12': { release: '12', python: '3.11.2', libc: { family: 'glibc', major: 2, minor: 36 } },
  'debian:13': { release: '13', python: '3.13.5', libc: { family: 'glibc', major: 2, minor: 41 } },
};

/**
 * Images of the default registry that a build may choose by itself, the newest Python first, and what they have. Changes
 * with bivy's version alone.
 */
export const OFFICIAL_BASES: Readonly<Record<string, { readonly python: string; readonly libc: Libc }>> =
  Object.fromEntries(
    ['3.14.0', '3.13.9', '3.12.12', '3.11.14', '3.10.19'].map((python) => [
      `python:${python.slice(0, python.lastIndexOf('.'))}-slim`,
      { python, libc: { family: 'glibc', major: 2, minor: 41 } },
    ]),
  );

/** Bases of which Python and libc are known without asking anybody. */
export const KNOWN_BASES: Readonly<Record<string, { readonly python: string; readonly libc: Libc }>> = {
  ...DEBIAN_BASES,
  ...OFFICIAL_BASES,
};
