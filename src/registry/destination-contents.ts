// What a push consists of, as values: the blobs, the manifests that name them, and the one that tags lead to. Pure.

import type { Digest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { BuiltImage, ImageIndex, LocalBlob, RemoteBlob } from '../oci/image.ts';
import { parseReference } from '../oci/reference.ts';
import { INDEX, MANIFEST } from '../oci/spec.ts';
import type { RemoteManifest, Repository } from './registry.ts';
import { nameOf } from './repository.ts';

/** A blob of an image, wherever its bytes are. */
export interface PushedBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly from: Uint8Array | LocalBlob | RemoteBlob;
}

export interface PushedImage {
  /** Each once: layers, the largest first, then documents. */
  readonly blobs: readonly PushedBlob[];
  /** Manifests that the index names; none where `top` is a manifest itself. */
  readonly inner: readonly RemoteManifest[];
  /** What tags lead to. */
  readonly top: RemoteManifest;
}

export function pushedImage(image: BuiltImage | ImageIndex): PushedImage {
  const images = 'images' in image ? image.images : [image];
  const attached = 'images' in image ? (image.attached ?? []) : [];
  const layers = unique(
    images.flatMap((one) => one.layers.map(({ digest, size, blob }) => ({ digest, size, from: blob }))),
  ).sort(bySize);
  const documents = [
    ...images.map(({ configDigest, config }) => documentOf(configDigest, config)),
    ...attached.flatMap(({ configDigest, config, blobs }) => [
      documentOf(configDigest, config),
      ...blobs.map(({ digest, bytes }) => documentOf(digest, bytes)),
    ]),
  ];
  const manifests = [...images, ...attached].map(
    ({ manifest, manifestDigest }): RemoteManifest => ({
      mediaType: MANIFEST,
      digest: manifestDigest,
      bytes: manifest,
    }),
  );
  return {
    blobs: unique([...layers, ...documents]),
    ...('images' in image
      ? { inner: manifests, top: { mediaType: INDEX, digest: image.indexDigest, bytes: image.index } }
      : { inner: [], top: manifests[0]! }),
  };
}

function documentOf(digest: Digest, bytes: Uint8Array): PushedBlob {
  return { digest, size: bytes.length, from: bytes };
}

/** The first of each digest. */
function unique(blobs: readonly PushedBlob[]): PushedBlob[] {
  const found = new Map<Digest, PushedBlob>();
  for (const blob of blobs) if (!found.has(blob.digest)) found.set(blob.digest, blob);
  return [...found.values()];
}

function bySize(a: PushedBlob, b: PushedBlob): number {
  return b.size - a.size || (a.digest < b.digest ? -1 : 1);
}

/** A repository and the tags that are moved in it. */
export interface Target {
  readonly repository: Repository;
  readonly tags: readonly string[];
}

/**
 * The repositories that references lead to, in their order.
 * @throws BivyError `USAGE` for what is no reference; `DESTINATION_INVALID` where there is none, or none that says where
 */
export function targetsOf(references: readonly string[]): readonly Target[] {
  const targets = new Map<string, { readonly repository: Repository; readonly tags: Set<string> }>();
  for (const text of references) {
    const { familiar, domain, path, tag } = parseReference(text);
    // A name alone is one of Docker's official images, which are nobody's to push.
    if (!familiar.includes('/')) throw unplaced(`\`${text}\` does not say where to push the image`, familiar);
    const name = nameOf({ domain, path });
    const target = targets.get(name) ?? { repository: { domain, path }, tags: new Set() };
    targets.set(name, target);
    target.tags.add(tag);
  }
  if (targets.size === 0) throw unplaced('an image without a name cannot be pushed', 'app:1.0.0');
  return [...targets.values()].map(({ repository, tags }) => ({ repository, tags: [...tags] }));
}

function unplaced(message: string, name: string): BivyError {
  return new BivyError('DESTINATION_INVALID', message, {
    hint: `name the registry and the repository, as in \`--tag registry.example/team/${name}\``,
  });
}
