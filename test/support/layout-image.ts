// An image as a value, read from a layout that a build wrote: what a destination is given.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Digest, hexOf } from '../../src/kernel/digest.ts';
import type { BuiltImage } from '../../src/oci/image.ts';
import type { Descriptor, ImageConfig, Manifest } from '../../src/oci/spec.ts';

/** The first image of the layout. */
export function imageOfLayout(directory: string): BuiltImage {
  const pathOf = (digest: Digest): string => join(directory, 'blobs', 'sha256', hexOf(digest));
  const index = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8')) as {
    readonly manifests: readonly Descriptor[];
  };
  const manifestDigest = index.manifests[0]!.digest;
  const manifest = readFileSync(pathOf(manifestDigest));
  const { config: described, layers } = JSON.parse(manifest.toString('utf8')) as Manifest;
  const config = readFileSync(pathOf(described.digest));
  const { os, architecture, rootfs } = JSON.parse(config.toString('utf8')) as ImageConfig;
  return {
    platform: `${os}/${architecture}`,
    manifest,
    manifestDigest,
    config,
    configDigest: described.digest,
    unpacked: 0,
    layers: layers.map(({ mediaType, digest, size, annotations }, position) => ({
      kind: 'app',
      mediaType,
      digest,
      size,
      diffId: rootfs.diff_ids[position]!,
      unpacked: 0,
      packages: [],
      cached: true,
      blob: { path: pathOf(digest), offset: 0 },
      ...(annotations === undefined ? {} : { annotations }),
    })),
  };
}
