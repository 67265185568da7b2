// Layers out of the cache, or made and put there: by key, with what is known of them beside the blob.

import type { Cache } from '../kernel/cache.ts';
import type { Context } from '../kernel/context.ts';
import { canonicalJson, type Digest } from '../kernel/digest.ts';
import type { LayerJob, LayerResult } from '../layers/job.ts';
import type { Overlap } from '../layers/overlap.ts';
import type { LayerKind, LayerRecord } from '../layers/record.ts';
import type { ImageLayer } from '../oci/image.ts';
import { LAYER_GZIP } from '../oci/spec.ts';
import type { Outline, Reuse } from './reuse.ts';

/** A layer that was made, as stages remember it: plain JSON. */
export interface LayerNote {
  readonly kind: LayerKind;
  /** For people: a package's name, `wheels-03`, `venv`. */
  readonly name: string;
  readonly record: LayerRecord;
  /** `name==version` */
  readonly packages: readonly string[];
  /** Of layers of wheels: what a later build must know of it that does not read it. */
  readonly outline?: Outline;
  /** The repository that holds the blob, where this disk does not: `registry.example/team/app`. */
  readonly remote?: string;
}

/** A file of a layer: path, 64 hexadecimal digits, bytes, part. */
export type FileNote = readonly [path: string, sha256: string, size: number, part: string];

const LAYERS = 'layers';
const CONTENTS = 'layer-contents';

/** What is in a layer: its files in the order in which they stand, and what of it was left to another of its parts. */
export interface LayerContents {
  readonly files: readonly FileNote[];
  readonly overlaps: readonly Overlap[];
  readonly warnings: readonly string[];
}

/** A layer of the cache with what is in it. */
export interface KnownLayer {
  readonly record: LayerRecord;
  readonly contents: LayerContents;
}

/** A layer whose blob, record and contents are all there. */
export function findLayer(cache: Cache, key: Digest): KnownLayer | undefined {
  const record = cache.readRecord<LayerRecord>(LAYERS, key);
  if (record === undefined || !haveBlobs(cache, [{ record }])) return undefined;
  const contents = findLayerContents(cache, key);
  return contents === undefined ? undefined : { record, contents };
}

export function findLayerContents(cache: Cache, key: Digest): LayerContents | undefined {
  return cache.readRecord<LayerContents>(CONTENTS, key);
}

/** Takes a layer that was written to `job.output`: blob first, so that no record names what is not there. */
export function keepLayer(cache: Cache, key: Digest, output: string, made: LayerResult): KnownLayer {
  const { digest, diffId, size, unpacked, annotations } = made;
  cache.adopt(output, digest);
  const contents: LayerContents = {
    files: made.files.map(({ path, sha256, size: bytes, part }): FileNote => [path, sha256, bytes, part]),
    overlaps: made.overlaps,
    warnings: made.warnings,
  };
  cache.writeRecord(CONTENTS, key, contents);
  const record: LayerRecord = {
    key,
    digest,
    diffId,
    size,
    unpacked,
    mediaType: LAYER_GZIP,
    ...(annotations === undefined ? {} : { annotations }),
  };
  cache.writeRecord(LAYERS, key, record);
  return { record, contents };
}

/** A layer of entries: its record, where it is if not in the cache, and whether nothing of it had to be made. */
export type FoundLayer = Pick<LayerNote, 'record' | 'remote'> & { readonly cached: boolean };

/** Finds or makes a layer of entries, or takes it as an earlier image has it. */
export async function makeLayer(
  key: Digest,
  job: () => Promise<LayerJob> | LayerJob,
  run: (job: LayerJob) => Promise<LayerResult>,
  cache: Cache,
  reuse?: Reuse,
): Promise<FoundLayer> {
  const known = findLayer(cache, key);
  if (known !== undefined) return { record: known.record, cached: true };
  const reused = await reuse?.findLayer(key);
  if (reused !== undefined) return { record: reused.record, remote: reused.remote, cached: true };
  const asked = await job();
  return { record: keepLayer(cache, key, asked.output, await run(asked)).record, cached: false };
}

/** Whether every blob of the layers is in the cache. A look at the directory, no bytes are read. */
export function haveBlobs(cache: Cache, layers: readonly Pick<LayerNote, 'record'>[]): boolean {
  return layers.every(({ record }) => cache.findBlob(record.digest)?.size === record.size);
}

/** On each layer's descriptor: what it was made from, by which a later build finds it. */
export const KEY_ANNOTATION = 'dev.bivy.key';
/** On layers of wheels: their `Outline`, as JSON; on all of bivy's: the bytes of their files. */
export const OUTLINE_ANNOTATION = 'dev.bivy.outline';
export const UNPACKED_ANNOTATION = 'dev.bivy.unpacked';

/** The layer as an image takes it. @param reuse needed where a layer is in a registry alone */
export function imageLayer(
  { cache, emit }: Pick<Context, 'cache' | 'emit'>,
  note: LayerNote,
  cached: boolean,
  reuse?: Reuse,
): ImageLayer {
  const { kind, name, packages, record, outline, remote } = note;
  const { key, digest, diffId, size, unpacked, mediaType } = record;
  emit({ type: 'layer', name, size, cached });
  return {
    kind,
    mediaType,
    digest,
    size,
    diffId,
    unpacked,
    packages,
    cached,
    annotations: {
      ...record.annotations,
      [KEY_ANNOTATION]: key,
      [UNPACKED_ANNOTATION]: String(unpacked),
      ...(outline === undefined ? {} : { [OUTLINE_ANNOTATION]: canonicalJson(outline) }),
    },
    blob:
      remote === undefined || reuse === undefined
        ? { path: cache.blobPath(digest), offset: 0 }
        : { repository: remote, fetch: () => reuse.fetch(remote, record) },
  };
}
