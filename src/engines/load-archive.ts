// What an engine is sent: the tar of `docker-archive:`, streamed, without the layers that it has.

import type { Context } from '../kernel/context.ts';
import { indexJson, LAYOUT_VERSION, type PublishedBlob } from '../oci/destinations/contents.ts';
import { readPublished } from '../oci/destinations/copy.ts';
import {
  ARCHIVE_END,
  blobName,
  dockerManifest,
  memberHeader,
  memberOf,
  memberPadding,
  memberSize,
} from '../oci/destinations/members.ts';
import { loadedAs, plainBlobs } from '../oci/destinations/plain.ts';
import { type BuiltImage, localBlob } from '../oci/image.ts';
import type { Reference } from '../oci/reference.ts';
import type { EngineRequest } from './client.ts';

/** @param present how many of the lowest layers are left out: their files are named and absent */
export async function loadArchive(
  image: BuiltImage,
  references: readonly Reference[],
  present: number,
  context: Context,
): Promise<NonNullable<EngineRequest['body']>> {
  const tags = references.map(({ familiar }) => familiar);
  const heads: (readonly [string, Uint8Array])[] = [
    ['manifest.json', dockerManifest(image, tags)],
    [blobName({ digest: image.configDigest }), image.config],
  ];
  if (present === 0) {
    // Whole, it is a layout as well: what containerd's store reads, and keeps as it is.
    heads.unshift(
      ['oci-layout', LAYOUT_VERSION],
      ['index.json', indexJson(image, tags)],
      [blobName({ digest: image.manifestDigest }), image.manifest],
    );
  }
  const sent = image.layers.slice(present);
  const layers = new Map<string, PublishedBlob>();
  for (const layer of sent) {
    const { digest, size } = layer;
    // What only the layout names is sent where there is one.
    if (present === 0 || loadedAs(layer) === digest)
      layers.set(digest, { digest, size, ...localBlob(layer) });
  }
  for (const blob of await plainBlobs(sent, 'docker', context)) layers.set(blob.digest, blob);
  const sizes = [...heads.map(([, bytes]) => bytes.length), ...[...layers.values()].map(({ size }) => size)];
  const total = sizes.reduce((sum, size) => sum + memberSize(size), ARCHIVE_END.length);
  return {
    type: 'application/x-tar',
    size: total,
    chunks: chunksOf(heads, [...layers.values()], total, context),
  };
}

async function* chunksOf(
  heads: readonly (readonly [string, Uint8Array])[],
  layers: readonly PublishedBlob[],
  total: number,
  context: Context,
): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for (const [name, bytes] of heads) {
    const member = memberOf(name, bytes);
    sent += member.length;
    yield member;
  }
  for (const layer of layers) {
    context.emit({ type: 'upload', to: 'docker', sent, total });
    yield memberHeader(blobName(layer), layer.size);
    yield* readPublished(layer, 'docker', context);
    yield memberPadding(layer.size);
    sent += memberSize(layer.size);
  }
  yield ARCHIVE_END;
  context.emit({ type: 'upload', to: 'docker', sent: total, total });
}
