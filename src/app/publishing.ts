// What destinations need besides the image: bytes that only a registry has, and the note for the next build.

import { mapBounded } from '../kernel/bounded.ts';
import type { Context } from '../kernel/context.ts';
import type { Digest } from '../kernel/digest.ts';
import type { BuiltImage, ImageIndex, LocalBlob } from '../oci/image.ts';
import { parseReference } from '../oci/reference.ts';
import type { Registry } from '../registry/registry.ts';
import { nameOf } from '../registry/repository.ts';
import type { MadeImage } from './image.ts';

const DOWNLOADS = 4;

/** The same image with every blob on this disk. @throws BivyError `REGISTRY_…`, `HASH_MISMATCH` */
export async function fetchBlobs(
  image: BuiltImage | ImageIndex,
  { signal }: Pick<Context, 'signal'>,
): Promise<BuiltImage | ImageIndex> {
  const images = 'images' in image ? image.images : [image];
  const remote = new Map<Digest, () => Promise<LocalBlob>>();
  for (const { digest, blob } of images.flatMap(({ layers }) => layers)) {
    if ('fetch' in blob) remote.set(digest, blob.fetch);
  }
  const fetched = new Map(
    await mapBounded([...remote], DOWNLOADS, signal, async ([digest, fetch]) => {
      const blob = await fetch();
      return [digest, blob] as const;
    }),
  );
  const local = (one: BuiltImage): BuiltImage => ({
    ...one,
    layers: one.layers.map((layer) => ({ ...layer, blob: fetched.get(layer.digest) ?? layer.blob })),
  });
  return 'images' in image ? { ...image, images: image.images.map(local) } : local(image);
}

/** Notes beside the image which releases its composed bases followed. */
export async function noteReleases(
  made: readonly MadeImage[],
  tags: readonly string[],
  registry: () => Promise<Registry>,
  context: Context,
): Promise<void> {
  const followed = made.flatMap((image) => image.followed ?? []);
  if (followed.length === 0) return;
  const { writeFollowed } = await import('./followed-note.ts');
  const repositories = new Map(
    tags.map((tag) => {
      const { domain, path } = parseReference(tag);
      return [nameOf({ domain, path }), { domain, path }] as const;
    }),
  );
  for (const repository of repositories.values()) {
    for (const note of followed) {
      context.signal.throwIfAborted();
      await writeFollowed(repository, note, await registry());
    }
  }
}
