// Bases that bivy knows by name: what they have, so that a plan can be made before anybody is asked. Changes with bivy's
// version alone.

import type { Libc } from '../python/target.ts';

export interface KnownBase {
  /** `3.11.2` */
  readonly python: string;
  readonly libc: Libc;
}

interface DebianBase extends KnownBase {
  readonly release: '12' | '13';
}

/** Debian releases that bivy composes, and what they have: what a plan needs to know without a mirror. */
export const DEBIAN_BASES: Readonly<Record<string, DebianBase>> = {
  'debian:12': { release: '12', python: '3.11.2', libc: { family: 'glibc', major: 2, minor: 36 } },
  'debian:13': { release: '13', python: '3.13.5', libc: { family: 'glibc', major: 2, minor: 41 } },
};

/**
 * Images of the default registry that a build may choose by itself, the newest Python first, and what they have. Changes
 * with bivy's version alone.
 */
export const OFFICIAL_BASES: Readonly<Record<string, KnownBase>> = Object.fromEntries(
  ['3.14.0', '3.13.9', '3.12.12', '3.11.14', '3.10.19'].map((python) => [
    `python:${python.slice(0, python.lastIndexOf('.'))}-slim`,
    { python, libc: { family: 'glibc', major: 2, minor: 41 } },
  ]),
);

const KNOWN_BASES: Readonly<Record<string, KnownBase>> = { ...DEBIAN_BASES, ...OFFICIAL_BASES };

/** The Debian release that a name stands for, where bivy composes it. */
export function findDebianBase(reference: string): DebianBase | undefined {
  return Object.hasOwn(DEBIAN_BASES, reference) ? DEBIAN_BASES[reference] : undefined;
}

/** A base of which Python and libc are known without asking anybody. */
export function findKnownBase(reference: string): KnownBase | undefined {
  return Object.hasOwn(KNOWN_BASES, reference) ? KNOWN_BASES[reference] : undefined;
}
