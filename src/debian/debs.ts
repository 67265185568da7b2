// The packages of a base, fetched where the cache has not unpacked them before: several at once, each held against the
// hash and size that its archive's list promises.

import { mapBounded } from '../kernel/bounded.ts';
import type { Blob } from '../kernel/cache.ts';
import type { Context } from '../kernel/context.ts';
import { toDigest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { type Download, download, findDownload } from './download.ts';
import { type ExtractedDeb, extractDeb } from './extract.ts';
import type { Mirror } from './mirror.ts';
import type { DebianFile } from './package-list.ts';

export interface LaidPackage {
  readonly package: DebianFile;
  readonly deb: ExtractedDeb;
  /** Where the contents stand one behind the other. */
  readonly blob: Blob;
}

const CONNECTIONS = 6;

/** In the order of the packages. @throws BivyError `OFFLINE`, `MIRROR_…`, `HASH_MISMATCH`, `ARCHIVE_INVALID` */
export async function fetchPackages(
  packages: readonly DebianFile[],
  mirror: Mirror,
  context: Context,
): Promise<readonly LaidPackage[]> {
  return mapBounded(packages, CONNECTIONS, context.signal, (found, signal) =>
    openPackage(found, [addressOf(found, mirror)], download, { ...context, signal }),
  );
}

/**
 * The same for packages that were chosen long ago, all that the mirror lacks told at once.
 * @throws BivyError `DEBIAN_PACKAGE` naming those that are gone
 */
export async function fetchPinned(
  packages: readonly DebianFile[],
  mirror: Mirror,
  context: Context,
): Promise<readonly LaidPackage[]> {
  const gone: string[] = [];
  const laid = await mapBounded(packages, CONNECTIONS, context.signal, async (found, signal) => {
    const fetch = async (wanted: Download, inner: Context): Promise<Blob> => {
      const blob = await findDownload(wanted, inner);
      if (blob !== undefined) return blob;
      throw new Gone(`\`${found.name}\` ${found.version} (${found.filename})`);
    };
    try {
      return await openPackage(found, addressesOf(found, mirror), fetch, { ...context, signal });
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
      gone.push(error.message);
      return undefined;
    }
  });
  if (gone.length === 0) return laid.filter((one) => one !== undefined);
  throw new BivyError(
    'DEBIAN_PACKAGE',
    `${gone.length} Debian package${gone.length === 1 ? '' : 's'} that \`bivy.lock\` pins ${gone.length === 1 ? 'is' : 'are'} no longer on the mirror`,
    {
      causes: gone.sort(),
      hint: 'run `bivy pin --update` to take the versions of today, or name a mirror that keeps old packages (a snapshot) by `BIVY_DEBIAN_MIRROR`',
      location: { file: 'bivy.lock' },
    },
  );
}

class Gone extends Error {}

async function openPackage(
  found: DebianFile,
  urls: readonly string[],
  fetch: (wanted: Download, context: Context) => Promise<Blob>,
  context: Context,
): Promise<LaidPackage> {
  const { name, version, sha256, size } = found;
  const title = `${name} ${version}`;
  const expected = toDigest(`sha256:${sha256}`);
  const obtain = async (): Promise<Blob> => {
    const known = await context.cache.verifyBlob(expected);
    if (known !== undefined) return known;
    const blob = await fetch({ urls, name: title, size, expected }, context);
    if (blob.size === size) return blob;
    throw new BivyError(
      'MIRROR_INVALID',
      `\`${title}\` has ${blob.size} bytes instead of the ${size} promised`,
    );
  };
  const { deb, blob } = await extractDeb(expected, obtain, title, context.cache);
  return { package: found, deb, blob };
}

function addressOf({ archive, filename }: DebianFile, mirror: Mirror): string {
  return `${mirror[archive]}/${filename}`;
}

/** A security update moves into the main archive with the next point release. */
function addressesOf(found: DebianFile, mirror: Mirror): readonly string[] {
  const own = addressOf(found, mirror);
  if (found.archive === 'main') return [own];
  return [own, `${mirror.main}/${found.filename.replace(/^pool\/updates\//, 'pool/')}`];
}
