// What a base image holds, learnt once and remembered: in the cache, and in images above the base. What comes from there
// is looked at before it is believed: it must speak of these very layers and have the shape of facts.

import type { Context } from '../kernel/context.ts';
import { isTable } from '../kernel/decode.ts';
import { type Digest, keyOf } from '../kernel/digest.ts';
import type { ImageFiles } from './archive.ts';
import { type BaseFacts, WATCHED } from './facts.ts';
import type { FoundImage, LocalLayer, RemoteLayer } from './found.ts';
import { spellPlatform } from './platform.ts';
import { LAYER, LAYER_GZIP, LAYER_ZSTD } from './spec.ts';

export interface LayerFact {
  readonly digest: Digest;
  readonly diffId: Digest;
  readonly size: number;
  readonly mediaType: string;
  readonly unpacked: number;
}

/** Small enough to be remembered. */
export interface Inspection {
  readonly facts: BaseFacts;
  readonly layers: readonly LayerFact[];
}

/** Changes when facts are worked out otherwise. */
const VERSION = 1;

/**
 * The facts of a base image. Remembered under its configuration and layers, so that layers are read once.
 * @param watch directories besides `WATCHED` whose files are listed: `usr/src/app`
 * @throws BivyError `BASE_INVALID` (a layer is not what it is called), `BASE_UNSUPPORTED`
 */
export async function inspectBase(
  image: FoundImage<LocalLayer | RemoteLayer>,
  { name, identity }: Pick<ImageFiles, 'name' | 'identity'>,
  watch: readonly string[],
  context: Context,
): Promise<Inspection> {
  const watched = [...new Set([...WATCHED, ...watch])].sort();
  const key = inspectionKey(image, identity, watched);
  const known = inspectionOf(context.cache.readRecord('bases', key), image);
  if (known !== undefined) return known;
  const { learnBase } = await import('./learn.ts');
  const inspection = await learnBase(image, name, watched, context);
  context.cache.writeRecord('bases', key, inspection);
  return inspection;
}

/**
 * The key of an inspection, the same for the same image on a disk and in a registry.
 * @param identity of the archive: counts where it states no digests
 * @param watched directories whose files are listed in the facts
 */
function inspectionKey(
  image: FoundImage<LocalLayer | RemoteLayer>,
  identity: string,
  watched: readonly string[],
): Digest {
  return keyOf({
    version: VERSION,
    config: image.configDigest,
    layers: image.layers.map((layer) =>
      'place' in layer && layer.digest === undefined
        ? { at: layer.place.offset, size: layer.place.size }
        : layer.digest,
    ),
    // Only digests say what stands behind them; where there are none, the archive itself must be the same.
    ...(image.layers.every((layer) => layer.digest !== undefined) ? {} : { files: identity }),
    watched,
  });
}

/** The value as an inspection of that image, or nothing. */
function inspectionOf(
  value: unknown,
  { config, layers }: FoundImage<LocalLayer | RemoteLayer>,
): Inspection | undefined {
  if (!isTable(value) || !isFacts(value['facts']) || !Array.isArray(value['layers'])) return undefined;
  if (value['facts'].platform !== spellPlatform(config)) return undefined;
  const facts: readonly unknown[] = value['layers'];
  const matches = layers.every((layer, index) => {
    const fact = facts[index];
    return (
      isTable(fact) &&
      fact['digest'] === (layer.digest ?? fact['digest']) &&
      fact['diffId'] === config.rootfs.diff_ids[index] &&
      fact['size'] === ('place' in layer ? layer.place.size : layer.size) &&
      [LAYER, LAYER_GZIP, LAYER_ZSTD].includes(fact['mediaType'] as string) &&
      isCount(fact['unpacked'])
    );
  });
  return matches && facts.length === layers.length ? (value as unknown as Inspection) : undefined;
}

function isFacts(value: unknown): value is BaseFacts {
  if (!isTable(value)) return false;
  const { pythons, libc, passwd, group, env, paths, files } = value;
  return (
    ['platform', 'user', 'workdir'].every((key) => typeof value[key] === 'string') &&
    [passwd, group].every((text) => text === undefined || typeof text === 'string') &&
    Array.isArray(pythons) &&
    pythons.every(isPython) &&
    (libc === undefined || isLibc(libc)) &&
    isTable(env) &&
    Object.values(env).every((text) => typeof text === 'string') &&
    isTable(paths) &&
    Object.values(paths).every(isPath) &&
    isTable(files) &&
    Object.values(files).every(isCount) &&
    isCount(value['unpacked'])
  );
}

function isPython(value: unknown): boolean {
  return (
    isTable(value) &&
    typeof value['version'] === 'string' &&
    typeof value['executable'] === 'string' &&
    isCount(value['major']) &&
    isCount(value['minor'])
  );
}

function isLibc(value: unknown): boolean {
  return (
    isTable(value) &&
    (value['family'] === 'glibc' || value['family'] === 'musl') &&
    isCount(value['major']) &&
    isCount(value['minor'])
  );
}

function isPath(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length >= 3 &&
    value.slice(0, 3).every(isCount) &&
    (value.length === 3 || (value.length === 4 && typeof value[3] === 'string'))
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
