// A base composed from signed Debian packages: which packages, then their files as one tree, then what their maintainer
// scripts would have made. Nothing of a package is executed. What it holds and why: `docs/debian-base.md`.

import type { Context } from '../kernel/context.ts';
import type { Digest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { Part } from '../layers/entry.ts';
import { architectureOf } from './architecture.ts';
import { choosePackages } from './choose.ts';
import { composeTree } from './compose.ts';
import { compositionKey, pinnedKey, wholePackages } from './composition.ts';
import { fetchPackages, fetchPinned, type LaidPackage } from './debs.ts';
import { type DebianFacts, factsOf } from './facts.ts';
import type { DebianPackage } from './package-list.ts';
import type { Release } from './release.ts';
import { type DebianRequest, mirrorOf, type Remembered, requestKey } from './request.ts';
import { sourcePackage } from './source-package.ts';
import { releaseOf } from './suite.ts';
import { ENVIRONMENT } from './system-files.ts';

export interface BasePackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Of the `.deb`, 64 hexadecimal digits. */
  readonly sha256: string;
  /** What it was built from, where that is called otherwise or has another version. */
  readonly source?: { readonly name: string; readonly version: string };
}

export interface ComposedBase {
  /** Of what went in: the packages and the way they are laid. */
  readonly key: Digest;
  /** One a package, and one of what no package ships. Contents stand in the cache. */
  parts(): Promise<readonly Part[]>;
  readonly facts: DebianFacts;
  /** Variables to set where nothing else does. */
  readonly env: Readonly<Record<string, string>>;
  /** Sorted by name. */
  readonly packages: readonly BasePackage[];
  /** SHA-256 of the release files that were followed, by suite; none of a pinned base. They do not reach the key. */
  readonly releases: Readonly<Record<string, Digest>>;
}

/**
 * @throws BivyError `MIRROR_…`, `OFFLINE`, `HASH_MISMATCH`, `DEBIAN_PACKAGE`, `TARGET_INVALID`, `ARCHIVE_INVALID`
 */
export async function composeDebianBase(request: DebianRequest, context: Context): Promise<ComposedBase> {
  try {
    return await compose(request, context);
  } catch (error) {
    // A release that was verified some hours ago may name files that the mirror has replaced since.
    const outdated =
      error instanceof BivyError && (error.code === 'HASH_MISMATCH' || error.code === 'MIRROR_UNREACHABLE');
    if (!outdated || request.refresh === true || request.pinned !== undefined || context.offline) throw error;
    return compose({ ...request, refresh: true }, context);
  }
}

async function compose(request: DebianRequest, context: Context): Promise<ComposedBase> {
  const mirror = mirrorOf(request);
  const { pinned } = request;
  if (pinned !== undefined) {
    const key = pinnedKey(request, pinned);
    return lay(request, key, await fetchPinned(pinned.packages, mirror, context), {});
  }
  const { packages, standing, releases } = await choosePackages(request, context);
  const key = compositionKey(request, packages);
  const debs = await fetchPackages(packages, mirror, context);
  noteScripts(debs, standing, context);
  const followed = Object.fromEntries(
    releaseOf(request.release).suites.map(({ name }, index) => [name, releases[index]!.digest]),
  );
  const base = lay(request, key, debs, followed);
  remember(request, key, releases, followed, context);
  return base;
}

function lay(
  request: DebianRequest,
  key: Digest,
  debs: readonly LaidPackage[],
  releases: ComposedBase['releases'],
): ComposedBase {
  const release = releaseOf(request.release);
  const architecture = architectureOf(request.platform);
  const packages = debs.map((one) => one.package);
  const parts = composeTree(debs, { release, architecture, whole: wholePackages(request) });
  return {
    key,
    parts: async () => parts,
    facts: factsOf(request.platform, release, packages, parts),
    env: ENVIRONMENT,
    packages: debs.map(({ package: { name, version, architecture: port, sha256 }, deb }) => {
      const source = sourcePackage(deb.control);
      return { name, version, architecture: port, sha256, ...(source === undefined ? {} : { source }) };
    }),
    releases,
  };
}

function remember(
  request: DebianRequest,
  key: Digest,
  releases: readonly Release[],
  followed: Remembered['releases'],
  { cache }: Context,
): void {
  const ends = releases.map(({ validUntil }) => validUntil).filter((end) => end !== null);
  const remembered: Remembered = {
    key,
    checked: Math.min(...releases.map(({ checked }) => checked)),
    validUntil: ends.length === 0 ? null : Math.min(...ends),
    releases: followed,
  };
  cache.writeRecord('debian-remembered', requestKey(request, mirrorOf(request)), remembered);
}

/** Says which of the packages that a user added would have set themselves up. */
function noteScripts(
  debs: readonly LaidPackage[],
  standing: readonly DebianPackage[],
  { emit }: Context,
): void {
  const known = new Set(standing.map(({ name }) => name));
  const names = debs
    .filter(({ package: { name }, deb }) => !known.has(name) && deb.scripts.includes('postinst'))
    .map(({ package: { name } }) => `\`${name}\``);
  if (names.length === 0) return;
  emit({
    type: 'note',
    message: `maintainer scripts are never run; \`postinst\` was left out of ${names.join(', ')}`,
  });
}
