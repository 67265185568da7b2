// The members of an image archive, and the `manifest.json` among them. Pure; files and engines get the same bytes.

import { canonicalJson, hexOf } from '../../kernel/digest.ts';
import { END, encodeHeader, paddingOf } from '../../layers/tar.ts';
import type { BuiltImage } from '../image.ts';
import { parseReference } from '../reference.ts';
import type { PublishedBlob } from './contents.ts';
import { loadedAs } from './plain.ts';

/** What follows the last member. */
export const ARCHIVE_END: Uint8Array = END;

/**
 * The bytes of the `manifest.json` that Docker's classic store reads (moby, image/tarexport).
 * @param tags references as users write them
 */
export function dockerManifest(image: BuiltImage, tags: readonly string[]): Uint8Array {
  const names = [...new Set(tags.map((tag) => parseReference(tag).familiar))];
  return Buffer.from(
    canonicalJson([
      {
        Config: `blobs/sha256/${hexOf(image.configDigest)}`,
        RepoTags: names,
        Layers: image.layers.map((layer) => blobName({ digest: loadedAs(layer) })),
      },
    ]),
  );
}

/** Where a blob stands in an archive. */
export function blobName({ digest }: Pick<PublishedBlob, 'digest'>): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

/** The 512 bytes before a member's content. */
export function memberHeader(path: string, size: number): Uint8Array {
  return encodeHeader({ kind: 'file', path, mode: 0o644, uid: 0, gid: 0, size, target: '' });
}

/** The zeros after a member's content. */
export function memberPadding(size: number): Uint8Array {
  return new Uint8Array(paddingOf(size));
}

/** Bytes that a member takes, all told. */
export function memberSize(size: number): number {
  return 512 + size + paddingOf(size);
}

/** A small member as a whole. */
export function memberOf(path: string, bytes: Uint8Array): Buffer {
  return Buffer.concat([memberHeader(path, bytes.length), bytes, memberPadding(bytes.length)]);
}
