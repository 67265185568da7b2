// Whether a mirror still has the signed releases that a known base was composed from: then it would be composed again,
// package for package. The bytes are compared, not their signatures: those were verified when the base was composed.

import type { Context } from '../kernel/context.ts';
import { type Digest, digestOf } from '../kernel/digest.ts';
import { downloadText } from './download.ts';
import { isPast, MOST_BYTES, releaseUrl } from './release.ts';
import { type DebianRequest, mirrorOf } from './request.ts';
import { releaseOf } from './suite.ts';

/**
 * @param releases SHA-256 of the release files, by suite
 * @returns false too where one of them is no longer valid: what follows then says so
 * @throws BivyError `MIRROR_…`
 */
export async function hasReleases(
  request: DebianRequest,
  releases: Readonly<Record<string, Digest>>,
  context: Context,
): Promise<boolean> {
  const { suites } = releaseOf(request.release);
  const mirror = mirrorOf(request);
  const now = request.now ?? Date.now();
  if (Object.keys(releases).length !== suites.length) return false;
  const same = await Promise.all(
    suites.map(async (suite) => {
      const { url, name } = releaseUrl(suite, mirror);
      const text = await downloadText(url, name, MOST_BYTES, context);
      const until = /^Valid-Until: (.+)$/m.exec(text)?.[1];
      return (
        digestOf(text) === releases[suite.name] &&
        !isPast(until === undefined ? null : Date.parse(until), now)
      );
    }),
  );
  return same.every(Boolean);
}
