// The packages of a base, fetched where the cache has not unpacked them before: several at once, each held against the
// hash and size that its archive's list promises.

import { mapBounded } from '../kernel/bounded.ts';
import type { Blob } from '../kernel/cache.ts';
import type { Context } from '../kernel/context.ts';
import { toDigest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { download } from './download.ts';
import { type ExtractedDeb, extractDeb } from './extract.ts';
import type { Mirror } from './mirror.ts';
import type { DebianPackage } from './package-list.ts';

export interface LaidPackage {
  readonly package: DebianPackage;
  readonly deb: ExtractedDeb;
  /** Where the contents stand one behind the other. */
  readonly blob: Blob;
}

const CONNECTIONS = 6;

/** In the order of the packages. @throws BivyError `OFFLINE`, `MIRROR_…`, `HASH_MISMATCH`, `ARCHIVE_INVALID` */
export async function fetchPackages(
  packages: readonly DebianPackage[],
  mirror: Mirror,
  context: Context,
): Promise<readonly LaidPackage[]> {
  return mapBounded(packages, CONNECTIONS, context.signal, async (found, signal) => {
    const { name, version, sha256, size, archive, filename } = found;
    const title = `${name} ${version}`;
    const expected = toDigest(`sha256:${sha256}`);
    const fetch = async (): Promise<Blob> => {
      const known = await context.cache.verifyBlob(expected);
      if (known !== undefined) return known;
      const urls = [`${mirror[archive]}/${filename}`];
      const blob = await download({ urls, name: title, size, expected }, { ...context, signal });
      if (blob.size === size) return blob;
      throw new BivyError('MIRROR_INVALID', `the package list and \`${title}\` disagree about its size`);
    };
    const { deb, blob } = await extractDeb(expected, fetch, title, context.cache);
    return { package: found, deb, blob };
  });
}
