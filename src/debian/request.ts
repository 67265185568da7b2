// What is asked of a composed base, and the key under which the answer is remembered.

import { type Digest, keyOf } from '../kernel/digest.ts';
import { publicUrl } from '../kernel/http-address.ts';
import { VERSION } from '../kernel/program.ts';
import type { PinnedComposition } from './composition.ts';
import { findMirror, type Mirror } from './mirror.ts';

export interface DebianRequest {
  readonly release: '12' | '13';
  /** OCI spelling: `linux/amd64`. */
  readonly platform: string;
  /** Debian packages to add, with what they depend on. */
  readonly packages: readonly string[];
  /** `[tool.bivy] mirror`. */
  readonly mirror?: string;
  /** Its archive of security updates, where that is not beside it. */
  readonly securityMirror?: string;
  /** Of this process: mirrors can be named there. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Take these packages, whatever the mirror's releases say now. */
  readonly pinned?: PinnedComposition;
  /** Ask the mirror even if what is in the cache is fresh. */
  readonly refresh?: boolean;
  /** Release files that were read just now, by suite: these are not asked for again. */
  readonly read?: ReadonlyMap<string, string>;
  /** Armored keys to trust instead of Debian's own: for tests and private archives, never from the environment. */
  readonly keys?: readonly string[];
  /** Milliseconds since 1970; by default what the clock says. */
  readonly now?: number;
  /** Where `etc/apt` of this host is; by default `/`. */
  readonly root?: string;
}

/** The answer to a request, as long as the releases behind it are fresh. */
export interface Remembered {
  /** Of the composed base. */
  readonly key: Digest;
  /** When the least recently verified release was verified, in milliseconds since 1970. */
  readonly checked: number;
  /** The earliest end of validity. */
  readonly validUntil: number | null;
  /** SHA-256 of the release files that were followed, by suite. */
  readonly releases: Readonly<Record<string, Digest>>;
}

export function mirrorOf(request: DebianRequest): Mirror {
  const { mirror, securityMirror, environment, root } = request;
  return findMirror({ mirror, securityMirror }, environment, root);
}

export function requestKey(request: DebianRequest, mirror: Mirror): Digest {
  const { release, platform, packages, keys } = request;
  return keyOf({
    version: VERSION,
    release,
    platform,
    packages: [...new Set(packages)].sort(),
    keys,
    main: publicUrl(mirror.main),
    security: publicUrl(mirror.security),
  });
}

const FRESH_MS = 24 * 3600 * 1000;

/** Whether what was verified then may be used without asking the mirror again. */
export function isFresh(
  { checked, validUntil }: Pick<Remembered, 'checked' | 'validUntil'>,
  now: number,
): boolean {
  const age = now - checked;
  return age >= 0 && age < FRESH_MS && (validUntil === null || now <= validUntil);
}
