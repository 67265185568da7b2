// Layers out of the cache, or made and put there: by key, with what is known of them beside the blob.

import type { Cache } from '../kernel/cache.ts';
import type { Digest } from '../kernel/digest.ts';
import type { Emit } from '../kernel/events.ts';
import type { LayerJob, LayerResult } from '../layers/job.ts';
import type { Overlap } from '../layers/overlap.ts';
import type { LayerKind, LayerRecord } from '../layers/record.ts';
import type { ImageLayer } from '../oci/image.ts';
import { LAYER_GZIP } from '../oci/spec.ts';

/** A layer that was made, as stages remember it: plain JSON. */
export interface LayerNote {
  readonly kind: LayerKind;
  /** For people: a package's name, `wheels-03`, `venv`. */
  readonly name: string;
  readonly record: LayerRecord;
  /** `name==version` */
  readonly packages: readonly string[];
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
  const { digest, diffId, size, unpacked } = made;
  cache.adopt(output, digest);
  const contents: LayerContents = {
    files: made.files.map(({ path, sha256, size: bytes, part }): FileNote => [path, sha256, bytes, part]),
    overlaps: made.overlaps,
    warnings: made.warnings,
  };
  cache.writeRecord(CONTENTS, key, contents);
  const record: LayerRecord = { key, digest, diffId, size, unpacked, mediaType: LAYER_GZIP };
  cache.writeRecord(LAYERS, key, record);
  return { record, contents };
}

/** Finds or makes a layer of entries. */
export async function makeLayer(
  key: Digest,
  job: () => Promise<LayerJob> | LayerJob,
  run: (job: LayerJob) => Promise<LayerResult>,
  cache: Cache,
): Promise<KnownLayer & { readonly cached: boolean }> {
  const known = findLayer(cache, key);
  if (known !== undefined) return { ...known, cached: true };
  const asked = await job();
  return { ...keepLayer(cache, key, asked.output, await run(asked)), cached: false };
}

/** Whether every blob of the layers is in the cache. A look at the directory, no bytes are read. */
export function haveBlobs(cache: Cache, layers: readonly Pick<LayerNote, 'record'>[]): boolean {
  return layers.every(({ record }) => cache.findBlob(record.digest)?.size === record.size);
}

/** The layer as an image takes it. */
export function imageLayer(cache: Cache, note: LayerNote, cached: boolean, emit: Emit): ImageLayer {
  const { kind, name, packages, record } = note;
  const { digest, diffId, size, unpacked, mediaType } = record;
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
    blob: { path: cache.blobPath(digest), offset: 0 },
  };
}
