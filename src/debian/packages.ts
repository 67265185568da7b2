// The package lists of a release's suites, asked by name. A list is fetched, unpacked and searched only when a name is
// asked for that was not asked before: the answers are remembered by the list's digest.

import type { Context } from '../kernel/context.ts';
import { type Digest, keyOf, toDigest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { Architecture } from './architecture.ts';
import { unpackSlice } from './compression.ts';
import { download } from './download.ts';
import { createFieldFilter } from './field-filter.ts';
import type { Mirror } from './mirror.ts';
import { type Known, openPackageList, type PackageList } from './package-list.ts';
import type { Release } from './release.ts';
import type { ListedFile } from './release-file.ts';
import type { Lists } from './resolve.ts';
import type { DebianRelease, Suite } from './suite.ts';

/** A list that a release vouches for. */
export interface ListSource {
  readonly suite: Suite;
  readonly byHash: boolean;
  /** Below the suite's directory: `main/binary-amd64/Packages.xz`. */
  readonly path: string;
  readonly packed: ListedFile;
  /** Bytes once unpacked. */
  readonly size: number;
}

/** Most bytes that an unpacked list may have: Debian's largest has some 60 million. */
const MOST_BYTES = 512 << 20;

/**
 * Which lists hold the packages of a port. Security support can end before a port does: then a warning says so.
 * @param releases in the order of the release's suites
 * @throws BivyError `TARGET_INVALID` where the release itself does not know the port; `MIRROR_INVALID`
 */
export function chooseLists(
  release: DebianRelease,
  releases: readonly Release[],
  architecture: Architecture,
  warn: (message: string) => void,
): readonly ListSource[] {
  return release.suites.flatMap((suite, index) => {
    const known = releases[index]!;
    if (!known.architectures.includes(architecture.name)) {
      if (index === 0) {
        const ports = known.architectures.filter((name) => name !== 'all');
        throw new BivyError(
          'TARGET_INVALID',
          `\`debian:${release.version}\` is not made for \`${architecture.name}\``,
          {
            hint: `it is made for ${ports.map((name) => `\`${name}\``).join(', ')}`,
          },
        );
      }
      warn(
        `\`${suite.name}\` has nothing for \`${architecture.name}\` any more: the base lacks those updates`,
      );
      return [];
    }
    const ports = known.allApart ? [architecture.name, 'all'] : [architecture.name];
    return ports.map((port) => listOf(suite, known, `main/binary-${port}/Packages`));
  });
}

function listOf(suite: Suite, release: Release, path: string): ListSource {
  const size = release.lists[path]?.size;
  for (const ending of ['.xz', '.gz']) {
    const packed = release.lists[path + ending];
    if (packed === undefined || size === undefined) continue;
    if (packed.size > MOST_BYTES || size > MOST_BYTES) break;
    return { suite, byHash: release.byHash, path: path + ending, packed, size };
  }
  throw new BivyError(
    'MIRROR_INVALID',
    `the release file of \`${suite.name}\` lists no \`${path}\` of a size that can be read`,
  );
}

export interface RememberedLists extends Lists {
  /** Writes down what was asked, so that the next time no list is opened. */
  remember(): void;
}

export function openLists(sources: readonly ListSource[], mirror: Mirror, context: Context): RememberedLists {
  const lists = sources.map((source) => openList(source, mirror, context));
  return {
    async find(name) {
      const found: Known[] = [];
      for (const list of lists) found.push(await list.find(name));
      return found.flat();
    },
    async names() {
      const all = new Set<string>();
      for (const list of lists) for (const name of await list.names()) all.add(name);
      return all;
    },
    remember() {
      for (const list of lists) list.remember();
    },
  };
}

function openList(source: ListSource, mirror: Mirror, context: Context): RememberedLists {
  const digest = toDigest(`sha256:${source.packed.sha256}`);
  const key = keyOf({ list: digest, archive: source.suite.archive });
  const answers = new Map(
    Object.entries(context.cache.readRecord<Record<string, Known>>('debian-lookups', key) ?? {}),
  );
  let opening: Promise<PackageList> | undefined;
  let learnt = false;
  const open = (): Promise<PackageList> => {
    opening ??= load(source, digest, mirror, context);
    return opening;
  };
  return {
    async find(name) {
      const known = answers.get(name);
      if (known !== undefined) return known;
      const found = (await open()).find(name);
      answers.set(name, found);
      learnt = true;
      return found;
    },
    async names() {
      return (await open()).names();
    },
    remember() {
      if (learnt) context.cache.writeRecord('debian-lookups', key, Object.fromEntries(answers));
      learnt = false;
    },
  };
}

async function load(
  source: ListSource,
  digest: Digest,
  mirror: Mirror,
  context: Context,
): Promise<PackageList> {
  const { suite, path, packed, size } = source;
  const name = `the package list of \`${suite.name}\``;
  const directory = `${mirror[suite.archive]}/dists/${suite.name}`;
  const plain = `${directory}/${path}`;
  const hashed = `${directory}/${path.slice(0, path.lastIndexOf('/'))}/by-hash/SHA256/${packed.sha256}`;
  const blob =
    (await context.cache.verifyBlob(digest)) ??
    (await download(
      { urls: source.byHash ? [hashed, plain] : [plain], name, size: packed.size, expected: digest },
      context,
    ));
  return openPackageList(await unpack(blob.path, packed.size, path, size, name), name, suite.archive);
}

/** What is asked of a list, out of exactly as many bytes as the release promises. */
async function unpack(
  file: string,
  packed: number,
  path: string,
  size: number,
  name: string,
): Promise<Buffer> {
  const ending = path.slice(path.lastIndexOf('.'));
  const fields = createFieldFilter(size);
  let left = size;
  for await (const chunk of unpackSlice(file, { offset: 0, size: packed }, ending, name)) {
    left -= chunk.length;
    if (left < 0) break;
    fields.add(chunk);
  }
  if (left === 0) return fields.end();
  throw new BivyError(
    'MIRROR_INVALID',
    `${name} does not unpack to the ${size} bytes that its release promises`,
  );
}
