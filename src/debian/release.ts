// The current release of a suite: fetched, verified and remembered. One that was verified less than a day ago is used
// without asking the mirror again, unless its `Valid-Until` has passed.

import type { Context } from '../kernel/context.ts';
import { type Digest, digestOf, keyOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { publicUrl } from '../kernel/http-address.ts';
import { downloadText } from './download.ts';
import type { Mirror } from './mirror.ts';
import type { ListedFile, ReleaseFile } from './release-file.ts';
import { isFresh } from './request.ts';
import type { Suite } from './suite.ts';

/** What is kept of a verified release file. */
export interface Release {
  /** Of the `InRelease` file. */
  readonly digest: Digest;
  /** When it was verified, in milliseconds since 1970. */
  readonly checked: number;
  readonly date: number;
  readonly validUntil: number | null;
  readonly byHash: boolean;
  readonly architectures: readonly string[];
  readonly allApart: boolean;
  /** Those of `files` that list packages of `main`. */
  readonly lists: Readonly<Record<string, ListedFile>>;
}

export interface Freshness {
  /** Ask the mirror even if the cache has a fresh one. */
  readonly refresh: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Armored keys to trust instead of Debian's own: for tests and private archives, never from the environment. */
  readonly keys?: readonly string[] | undefined;
  /** Release files that were read just now, by suite. */
  readonly read?: ReadonlyMap<string, string> | undefined;
}

/** Of a release file. */
export const MOST_BYTES: number = 8 << 20;

/** Where a mirror has the release file of a suite, and what it is called in messages. */
export function releaseUrl(suite: Suite, mirror: Mirror): { readonly url: string; readonly name: string } {
  return {
    url: `${mirror[suite.archive]}/dists/${suite.name}/InRelease`,
    name: `the release file of \`${suite.name}\``,
  };
}

/**
 * @throws BivyError `MIRROR_SIGNATURE`, `MIRROR_EXPIRED`, `MIRROR_INVALID`, `MIRROR_UNREACHABLE`, `OFFLINE`
 */
export async function openRelease(
  suite: Suite,
  mirror: Mirror,
  freshness: Freshness,
  context: Context,
): Promise<Release> {
  const { now, refresh, keys } = freshness;
  const base = mirror[suite.archive];
  const { url, name } = releaseUrl(suite, mirror);
  const key = keyOf({ suite: suite.name, mirror: publicUrl(base), keys });
  const known = context.cache.readRecord<Release>('debian-releases', key);
  if (known !== undefined && context.offline) {
    // It was valid when it came, and without a network nobody can hold back a newer one.
    if (isPast(known.validUntil, now)) {
      context.emit({
        type: 'warning',
        message: `${name} in the cache is no longer valid since ${day(known.validUntil)}`,
        hint: 'build once without `--offline` to have security updates',
      });
    }
    return known;
  }
  if (known !== undefined && !refresh && isFresh(known, now)) return known;

  const { digest, release } = await fetchRelease(suite, url, name, freshness, context);
  if (isPast(release.validUntil ?? null, now)) {
    throw new BivyError(
      'MIRROR_EXPIRED',
      `${name} was valid until ${day(release.validUntil ?? 0)}: the mirror is out of date`,
      {
        causes: [publicUrl(base)],
        hint: 'check this host’s clock, or name a mirror that is kept up to date by `BIVY_DEBIAN_MIRROR`',
      },
    );
  }
  // A mirror behind several addresses may answer with yesterday's; what was seen once is not unseen.
  const current =
    known !== undefined && known.date > release.date
      ? { ...known, checked: now }
      : keep(release, digest, now);
  context.cache.writeRecord('debian-releases', key, current);
  return current;
}

async function fetchRelease(
  suite: Suite,
  url: string,
  name: string,
  { now, keys, read }: Freshness,
  context: Context,
): Promise<{ readonly digest: Digest; readonly release: ReleaseFile }> {
  const signed = read?.get(suite.name) ?? (await downloadText(url, name, MOST_BYTES, context));
  const [{ parseReleaseFile, verifySigned }, trusted] = await Promise.all([
    import('./release-file.ts'),
    keys ?? import('./keys/debian.ts').then(({ DEBIAN_KEYS }) => DEBIAN_KEYS),
  ]);
  const release = parseReleaseFile(await verifySigned(signed, trusted, name, now), name);
  if (release.codename !== suite.name) {
    throw new BivyError('MIRROR_INVALID', `${name} is of \`${release.codename}\``, {
      causes: [publicUrl(url)],
      hint: 'the mirror serves another release under that name: use another mirror',
    });
  }
  return { digest: digestOf(signed), release };
}

function keep(release: ReleaseFile, digest: Digest, now: number): Release {
  const lists = [...release.files].filter(([path]) =>
    /^main\/binary-[a-z0-9-]+\/Packages(?:\.(?:xz|gz))?$/.test(path),
  );
  return {
    digest,
    checked: now,
    date: release.date,
    validUntil: release.validUntil ?? null,
    byHash: release.byHash,
    architectures: release.architectures,
    allApart: release.allApart,
    lists: Object.fromEntries(lists),
  };
}

/** Of a `Valid-Until`, in milliseconds since 1970. */
export function isPast(until: number | null, now: number): boolean {
  return until !== null && until < now;
}

function day(time: number | null): string {
  return new Date(time ?? 0).toISOString().replace('T', ' ').slice(0, 16);
}
