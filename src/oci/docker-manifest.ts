// Reading what `docker save` writes, of any age: `manifest.json` names a configuration and layers by their paths in the
// archive. Format: moby, image/tarexport/tarexport.go, `manifestItem`.

import { itemsOf, member, optional, stringOf, stringsOf } from '../kernel/decode.ts';
import { digestOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { normalizeTarPath } from '../kernel/untar.ts';
import type { ImageFiles } from './archive.ts';
import { type BlobPlace, readBlob } from './blob.ts';
import { MAX_CONFIG, MAX_MANIFEST, noSuchPlatform } from './choose.ts';
import type { FoundImage } from './found.ts';
import { platformRank, spellPlatform } from './platform.ts';
import type { Platform } from './spec.ts';
import { decodeConfig, parseJson } from './wire.ts';

interface Item {
  readonly config: string;
  readonly tags: readonly string[];
  readonly layers: readonly string[];
}

/**
 * @param tag the one wanted, where the archive holds several images
 * @throws BivyError `BASE_MISSING` (no such platform or tag), `BASE_INVALID`
 */
export function findDockerImage(files: ImageFiles, platform: Platform, tag: string | undefined): FoundImage {
  const name = `${files.name}: manifest.json`;
  const place = files.find('manifest.json');
  if (place === undefined) {
    throw new BivyError('BASE_INVALID', `${files.name} was not written by \`docker save\``, {
      causes: ['it has no `manifest.json`'],
      hint: 'use `oci-archive:FILE` for an OCI layout in a tar',
    });
  }
  const items = itemsOf(parseJson(readBlob(place, MAX_MANIFEST, name), name)).map(
    (node): Item => ({
      config: stringOf(member(node, 'Config')),
      tags: optional(member(node, 'RepoTags'), stringsOf) ?? [],
      layers: stringsOf(member(node, 'Layers')),
    }),
  );
  const named = items.filter((item) => tag === undefined || item.tags.includes(tag));
  const tags = items.flatMap((item) => item.tags);
  if (named.length === 0) {
    throw new BivyError('BASE_MISSING', `${files.name} does not hold the image \`${tag ?? ''}\``, {
      causes: [`it has ${tags.slice(0, 20).join(', ')}`],
    });
  }
  const images = named.map((item) => readItem(files, item));
  const ranks = images.map(({ config }) => platformRank(config, platform) ?? Number.POSITIVE_INFINITY);
  const lowest = Math.min(...ranks);
  const [first, ...others] = images.filter((_, at) => ranks[at] === lowest && Number.isFinite(lowest));
  if (first === undefined) {
    throw noSuchPlatform(
      files.name,
      platform,
      images.map((image) => spellPlatform(image.config)),
    );
  }
  if (others.some((other) => other.configDigest !== first.configDigest)) {
    throw new BivyError('BASE_INVALID', `${files.name} holds several images`, {
      causes: tags.slice(0, 20),
      hint: `name the one you want, as in \`${files.name}:${tags[0] ?? 'TAG'}\``,
    });
  }
  return first;
}

function readItem(files: ImageFiles, item: Item): FoundImage {
  const bytes = readBlob(find(files, item.config), MAX_CONFIG, `${files.name}: ${item.config}`);
  const config = decodeConfig(parseJson(bytes, `${files.name}: ${item.config}`));
  if (config.rootfs.diff_ids.length !== item.layers.length) {
    throw new BivyError(
      'BASE_INVALID',
      `${files.name} lists ${item.layers.length} layers, its configuration ${config.rootfs.diff_ids.length}`,
    );
  }
  return {
    config,
    configDigest: digestOf(bytes),
    layers: item.layers.map((path) => ({ place: find(files, path) })),
  };
}

function find(files: ImageFiles, path: string): BlobPlace {
  const normal = normalizeTarPath(path);
  const place = normal === undefined ? undefined : files.find(normal);
  if (place === undefined) {
    throw new BivyError('BASE_INVALID', `${files.name} lacks ${JSON.stringify(path)}`, {
      hint: 'save the image again',
    });
  }
  return place;
}
