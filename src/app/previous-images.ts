// The registry as cache: what the last build pushed, read as documents alone. Each layer's descriptor says what the layer
// was made from; the layer is reused unread where that is what is planned. Whoever may push to the repository is trusted
// with it, so only repositories that the user named are asked: the one pushed to, and those of `--cache-from`.

import type { Context } from '../kernel/context.ts';
import { type Digest, digestOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { LocalBlob } from '../oci/image.ts';
import { parseImage } from '../oci/reference.ts';
import { DOCKER_INDEX, INDEX } from '../oci/spec.ts';
import type { Pins } from '../project/pins.ts';
import { isPinnedLayer } from '../project/pins-check.ts';
import type { Registry, RemoteManifest, Repository } from '../registry/registry.ts';
import { nameOf, repositoryOf } from '../registry/repository.ts';
import { readFollowed } from './followed-note.ts';
import { type PreviousImage, readIndexManifests, readPreviousImage } from './previous-image.ts';
import type { FollowedReleases, Reuse, ReusedLayer } from './reuse.ts';

export interface PreviousOptions {
  /** The tags that are pushed to. */
  readonly own: readonly string[];
  /** Other images, which should be there: `--cache-from`. */
  readonly asked: readonly string[];
  /** OCI spelling; of an index, the images for others are not read. */
  readonly platforms: readonly string[];
  readonly registry: Registry;
  /**
   * Where layers are pinned, each is held against its pin, and of `asked` nothing else is believed: not a layer that is
   * not pinned, nor what an image says of its base or of files that layers share.
   */
  readonly pins?: Pins | undefined;
}

/** Bytes of a configuration. */
const MAX_CONFIG = 8 << 20;

/** Reads the documents of the images, a few requests each. What cannot be read is warned of and not reused. */
export async function openPrevious(options: PreviousOptions, context: Context): Promise<Reuse> {
  const { own, asked } = options;
  const images: PreviousImage[] = [];
  const repositories: Repository[] = [];
  for (const reference of new Set([...own, ...asked])) {
    const { domain, path, tag, digest } = parseImage(reference);
    const repository = { domain, path };
    repositories.push(repository);
    try {
      const found = await readImages(repository, digest ?? tag ?? 'latest', options, context);
      if (found.length === 0 && asked.includes(reference)) {
        context.emit({
          type: 'warning',
          message: `there is no image \`${reference}\`: nothing of it is reused`,
        });
      }
      images.push(...found);
    } catch (error) {
      if (!(error instanceof BivyError) || !PASSING.has(error.code)) throw error;
      context.emit({
        type: 'warning',
        message: `nothing is reused of \`${reference}\`: ${error.message}`,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    }
  }
  return reuseOf(images, repositories, options, context);
}

/** What only costs the reuse: the build itself does not need what an earlier one left. */
const PASSING: ReadonlySet<string> = new Set([
  'REGISTRY_DENIED',
  'REGISTRY_INVALID',
  'REGISTRY_UNREACHABLE',
  'BASE_INVALID',
  'BASE_UNSUPPORTED',
]);

async function readImages(
  repository: Repository,
  reference: string,
  { registry, platforms }: PreviousOptions,
  context: Context,
): Promise<readonly PreviousImage[]> {
  const top = await registry.getManifest(repository, reference);
  if (top === undefined) return [];
  const isIndex = top.mediaType === INDEX || top.mediaType === DOCKER_INDEX;
  const manifests: (RemoteManifest | undefined)[] = isIndex
    ? await Promise.all(
        readIndexManifests(top, platforms).map((digest) => registry.getManifest(repository, digest)),
      )
    : [top];
  const images = await Promise.all(
    manifests.map(async (manifest) => {
      if (manifest === undefined) return undefined;
      return readPreviousImage(manifest, repository, (blob) =>
        readDocument(repository, blob, registry, context),
      );
    }),
  );
  return images.filter((image) => image !== undefined);
}

async function readDocument(
  repository: Repository,
  blob: { readonly digest: Digest; readonly size: number },
  registry: Registry,
  { signal }: Context,
): Promise<Uint8Array> {
  const refused = (fault: string): BivyError =>
    new BivyError('REGISTRY_INVALID', `the configuration \`${blob.digest}\` ${fault}`);
  if (blob.size > MAX_CONFIG)
    throw refused(`has ${blob.size} bytes, more than the ${MAX_CONFIG} it may have`);
  const pieces: Uint8Array[] = [];
  for await (const piece of registry.readBlob(repository, blob)) {
    signal.throwIfAborted();
    pieces.push(piece);
  }
  const bytes = Buffer.concat(pieces);
  if (digestOf(bytes) !== blob.digest) throw refused('is not what it is called');
  return bytes;
}

function reuseOf(
  images: readonly PreviousImage[],
  repositories: readonly Repository[],
  { own, registry, pins }: PreviousOptions,
  context: Context,
): Reuse {
  const pushedTo = new Set(own.map((reference) => nameOf(parseImage(reference))));
  const isBelieved = (repository: Repository): boolean =>
    pins?.layers === undefined || pushedTo.has(nameOf(repository));
  return {
    async findLayer(key): Promise<ReusedLayer | undefined> {
      for (const { repository, layers } of images) {
        const layer = layers.get(key);
        if (layer === undefined) continue;
        const { record, outline, annotations } = layer;
        const isPinned = pins?.layers !== undefined && isPinnedLayer(pins, { ...record, annotations });
        if (!isPinned && !isBelieved(repository)) continue;
        if (!(await registry.hasBlob(repository, record.digest))) continue;
        return { record, remote: nameOf(repository), ...(outline === undefined ? {} : { outline }) };
      }
      return undefined;
    },
    wheelSize(sha256) {
      for (const { wheels } of images) {
        const size = wheels.get(sha256);
        if (size !== undefined) return size;
      }
      return undefined;
    },
    originsOf: (key) =>
      images
        .filter(({ repository, layers }) => isBelieved(repository) && layers.has(key))
        .map(({ manifest }) => manifest),
    sharedOf: (origin) => images.find(({ manifest }) => manifest === origin)?.shared ?? [],
    findBase<T>(kind: string, key: Digest): T | undefined {
      for (const { repository, knowledge } of images) {
        if (!isBelieved(repository)) continue;
        if (knowledge?.kind === kind && knowledge.key === key) return knowledge.value as T;
      }
      return undefined;
    },
    async findFollowed(question): Promise<FollowedReleases | undefined> {
      for (const repository of repositories) {
        if (!isBelieved(repository)) continue;
        const found = await readFollowed(repository, question, registry);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    async fetch(remote, { digest, size }): Promise<LocalBlob> {
      const known = context.cache.findBlob(digest);
      if (known?.size === size) return { path: known.path, offset: 0 };
      const source = registry.readBlob(repositoryOf(remote), { digest, size });
      const { path } = await context.cache.putBlob(source, {
        expected: digest,
        limit: size,
        name: `the layer \`${digest}\` of \`${remote}\``,
      });
      return { path, offset: 0 };
    },
  };
}
