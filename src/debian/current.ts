// Whether a mirror still has the signed releases that a known base was composed from: then it would be composed again,
// package for package. The bytes are compared, not their signatures: those were verified when the base was composed.

import type { Context } from '../kernel/context.ts';
import { type Digest, digestOf } from '../kernel/digest.ts';
import { downloadText } from './download.ts';
import { isPast, MOST_BYTES, releaseUrl } from './release.ts';
import { type DebianRequest, mirrorOf } from './request.ts';
import { releaseOf } from './suite.ts';

/** Release files by suite, as the mirror has them now. */
export type ReleaseTexts = NonNullable<DebianRequest['read']>;

/** @throws BivyError `MIRROR_…`, `OFFLINE` */
export async function readReleases(request: DebianRequest, context: Context): Promise<ReleaseTexts> {
  const mirror = mirrorOf(request);
  const { suites } = releaseOf(request.release);
  const texts = await Promise.all(
    suites.map(async (suite) => {
      const { url, name } = releaseUrl(suite, mirror);
      return [suite.name, await downloadText(url, name, MOST_BYTES, context)] as const;
    }),
  );
  return new Map(texts);
}

/**
 * Whether the release files are those that were followed before.
 * @param followed SHA-256 of the release files, by suite
 * @param now milliseconds since 1970
 * @returns false too where one of them is no longer valid: what follows then says so
 */
export function areReleases(
  texts: ReleaseTexts,
  followed: Readonly<Record<string, Digest>>,
  now: number,
): boolean {
  if (Object.keys(followed).length !== texts.size) return false;
  return [...texts].every(([suite, text]) => {
    const until = /^Valid-Until: (.+)$/m.exec(text)?.[1];
    return digestOf(text) === followed[suite] && !isPast(until === undefined ? null : Date.parse(until), now);
  });
}
