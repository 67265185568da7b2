// The signed releases that a base follows, without their package lists: where these are the ones that a known base was
// composed from, it would be composed again, package for package.

import type { Context } from '../kernel/context.ts';
import type { Digest } from '../kernel/digest.ts';
import { openRelease } from './release.ts';
import { type DebianRequest, mirrorOf } from './request.ts';
import { releaseOf } from './suite.ts';

/**
 * SHA-256 of the release files as they are now (or were within a day), by suite.
 * @throws BivyError `MIRROR_…`, `OFFLINE`
 */
export async function currentReleases(
  request: DebianRequest,
  context: Context,
): Promise<Readonly<Record<string, Digest>>> {
  const { suites } = releaseOf(request.release);
  const { refresh = false, now = Date.now(), keys } = request;
  const mirror = mirrorOf(request);
  const releases = await Promise.all(
    suites.map((suite) => openRelease(suite, mirror, { refresh, now, keys }, context)),
  );
  return Object.fromEntries(suites.map(({ name }, index) => [name, releases[index]!.digest]));
}
