// Which packages a request gets now: the signed releases, their lists, the closure.

import type { Context } from '../kernel/context.ts';
import { architectureOf } from './architecture.ts';
import { LEFT_OUT } from './left-out.ts';
import type { DebianPackage } from './package-list.ts';
import { chooseLists, openLists } from './packages.ts';
import { openRelease, type Release } from './release.ts';
import { type DebianRequest, mirrorOf } from './request.ts';
import { resolvePackages } from './resolve.ts';
import { releaseOf } from './suite.ts';

export interface Choice {
  /** Sorted by name. */
  readonly packages: readonly DebianPackage[];
  /** Those that a base holds where the user names none. */
  readonly standing: readonly DebianPackage[];
  /** In the order of the release's suites. */
  readonly releases: readonly Release[];
}

/** @throws BivyError `MIRROR_…`, `OFFLINE`, `HASH_MISMATCH`, `DEBIAN_PACKAGE`, `TARGET_INVALID` */
export async function choosePackages(request: DebianRequest, context: Context): Promise<Choice> {
  const release = releaseOf(request.release);
  const architecture = architectureOf(request.platform);
  const mirror = mirrorOf(request);
  const { refresh = false, now = Date.now(), keys, read } = request;
  const releases = await Promise.all(
    release.suites.map((suite) => openRelease(suite, mirror, { refresh, now, keys, read }, context)),
  );
  const sources = chooseLists(release, releases, architecture, (message) =>
    context.emit({ type: 'warning', message }),
  );
  const lists = openLists(sources, mirror, context);
  const extra = [...new Set(request.packages)].sort();
  const wanted = {
    architecture: architecture.name,
    release: `debian:${release.version}`,
    packages: release.wanted,
    extra: [],
    leftOut: LEFT_OUT,
  };
  const standing = await resolvePackages(wanted, lists);
  const packages = extra.length === 0 ? standing : await resolvePackages({ ...wanted, extra }, lists);
  lists.remember();
  return { packages, standing, releases };
}
