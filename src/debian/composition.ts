// What a composed base is called: the packages, and the way they are laid. Pure, and light enough to be loaded by a build
// that makes nothing.

import { type Digest, keyOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { architectureOf } from './architecture.ts';
import type { DebianFile } from './package-list.ts';
import type { DebianRequest } from './request.ts';
import { releaseOf } from './suite.ts';
import { hasOwnTrims, TRIMS } from './trim.ts';

/** What a base was composed of. */
export interface PinnedComposition {
  /** Its key. */
  readonly composition: Digest;
  /** Sorted by name. */
  readonly packages: readonly DebianFile[];
}

/** Counts up when the same packages become other files: in every key. `test/debian/base.test.ts` notices. */
const COMPOSITION = 1;

/** The packages that the user named and that are not trimmed by rows of their own. */
export function wholePackages({ packages }: Pick<DebianRequest, 'packages'>): readonly string[] {
  return [...new Set(packages)].sort().filter(hasOwnTrims);
}

/** @param packages sorted by name. @throws BivyError `BASE_UNSUPPORTED`, `TARGET_INVALID` */
export function compositionKey(
  request: Pick<DebianRequest, 'release' | 'platform' | 'packages'>,
  packages: readonly Pick<DebianFile, 'name' | 'version' | 'sha256'>[],
): Digest {
  return keyOf({
    kind: 'debian',
    composition: COMPOSITION,
    trims: TRIMS.map(({ of, paths, except = [] }) => [of, paths, except]),
    release: releaseOf(request.release).version,
    architecture: architectureOf(request.platform).name,
    packages: packages.map(({ name, version, sha256 }) => [name, version, sha256]),
    whole: wholePackages(request),
  });
}

/**
 * The key of a pinned base, as this bivy composes it.
 * @throws BivyError `PINS_DISAGREE` where another bivy laid the same packages otherwise
 */
export function pinnedKey(request: DebianRequest, { composition, packages }: PinnedComposition): Digest {
  const key = compositionKey(request, packages);
  if (key === composition) return key;
  throw new BivyError(
    'PINS_DISAGREE',
    `the packages that \`bivy.lock\` pins for \`debian:${request.release}\` on \`${request.platform}\` make another base here`,
    {
      causes: [`it is ${key}`, `pinned is ${composition}`],
      hint: 'use the bivy that wrote the file, or run `bivy pin --update`',
      location: { file: 'bivy.lock' },
    },
  );
}
