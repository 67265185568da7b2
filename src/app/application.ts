// The project's own layer: its wheel's files in site-packages, scripts, and what goes under the work directory. Made in
// this thread: it is small, and a code edit should cost little.

import type { Context } from '../kernel/context.ts';
import type { Digest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { entriesKey } from '../layers/entries-key.ts';
import type { Entry, Part } from '../layers/entry.ts';
import type { Compression } from '../layers/layout.ts';
import { PREFETCH } from '../layers/prefetch.ts';
import { type BaseFacts, isBaseDirectory, resolvePath } from '../oci/facts.ts';
import type { Command } from '../project/entrypoint.ts';
import type { Project } from '../project/project.ts';
import { PREFIX } from './environment.ts';
import { type FileNote, type FoundLayer, findLayerContents, type LayerNote, makeLayer } from './layers.ts';
import type { Prepared } from './prepare.ts';
import type { CrossOverlap, Reuse } from './reuse.ts';
import { rootsMeet, rootsOf } from './roots.ts';
import type { Sources } from './sources.ts';

export interface ApplicationOptions {
  readonly project: Project;
  readonly sources: Sources;
  /** `/app` */
  readonly workdir: string;
  readonly compression: Compression;
  readonly facts: BaseFacts;
  readonly prepared: Prepared;
  /** Prepares with the layers of these keys made, whoever has them. */
  readonly prepareAnew: (whole: ReadonlySet<Digest>) => Promise<Prepared>;
  readonly reuse?: Reuse;
}

export interface Application {
  /** Absent where the project brings no file. */
  readonly layer: LayerNote | undefined;
  readonly cached: boolean;
  readonly command: Command;
  /** What its files add to the image's size. */
  readonly unpacked: number;
  /** Files that a wheel ships too, with other bytes: the project is installed last, and wins. */
  readonly overlaps: readonly CrossOverlap[];
}

export async function makeApplication(options: ApplicationOptions, context: Context): Promise<Application> {
  const { project, prepared, facts } = options;
  const { files, command } = options.sources;
  for (const message of files.warnings) context.emit({ type: 'warning', message });
  const { rootParts } = await import('../wheels/root.ts');
  const parts = rootParts(project, files, {
    python: prepared.python,
    prefix: PREFIX,
    location: `/${resolvePath(facts, PREFIX.slice(1))}`,
    workdir: `/${resolvePath(facts, options.workdir.slice(1))}`,
  }).map((part) => layOnBase(part, facts));
  if (parts.every((part) => part.entries.length === 0)) {
    return { layer: undefined, cached: true, command, unpacked: 0, overlaps: [] };
  }
  const writing = { compression: options.compression, prefetch: PREFETCH.app };
  const key = await entriesKey(parts, writing);
  const make = (reuse?: Reuse): Promise<FoundLayer> =>
    makeLayer(
      key,
      () => ({ kind: 'entries', parts, ...writing, output: context.cache.temporary() }),
      async (job) => (await import('./layer-job.ts')).runLayerJob(job, context.signal),
      context.cache,
      reuse,
    );
  const { record, remote, cached } = await make(options.reuse);
  const packages = packagesOf(prepared);
  const sizes = sizesOf(parts);
  const met = metLayers([...sizes.keys()], prepared);
  const below = met.length === 0 ? new Map<string, FileNote>() : await filesBelow(met, options, context);
  let overlaps: readonly CrossOverlap[] = [];
  if ([...sizes.keys()].some((path) => below.has(path))) {
    if (findLayerContents(context.cache, key) === undefined) await make();
    const files = findLayerContents(context.cache, key)?.files ?? [];
    overlaps = overlapsWith(files, below, packages[0] ?? 'the project');
  }
  return {
    layer: { kind: 'app', name: 'app', packages, record, ...(remote === undefined ? {} : { remote }) },
    cached,
    command,
    unpacked: addedBytes(sizes, below, facts),
    overlaps,
  };
}

function packagesOf({ plan: { root } }: Prepared): string[] {
  return root === null ? [] : [`${root.name}==${root.version}`];
}

/** Paths through the base's links, and no directory that the base has. */
function layOnBase(part: Part, facts: BaseFacts): Part {
  const entries = part.entries.flatMap((entry): Entry[] => {
    const path = resolvePath(facts, entry.path);
    return entry.kind === 'directory' && isBaseDirectory(facts, path) ? [] : [{ ...entry, path }];
  });
  return { ...part, entries };
}

/** Bytes of the files, by path. */
function sizesOf(parts: readonly Part[]): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const entry of parts.flatMap(({ entries }) => entries)) {
    if (entry.kind === 'file' && entry.shadowed !== true) sizes.set(entry.path, entry.size);
  }
  return sizes;
}

/** The layers of wheels that could have one of the project's files. */
function metLayers(paths: readonly string[], { python, layers }: Prepared): readonly LayerNote[] {
  const roots = rootsOf(paths, python);
  return layers.filter(({ outline }) => outline !== undefined && rootsMeet(outline.roots, roots));
}

/** What these layers have, and the environment above them, by path. */
async function filesBelow(
  met: readonly LayerNote[],
  { prepared, prepareAnew }: ApplicationOptions,
  { cache }: Context,
): Promise<ReadonlyMap<string, FileNote>> {
  const wanted = new Set(met.map(({ record }) => record.key));
  const read = ({ layers }: Prepared) =>
    layers
      .filter(({ kind, record }) => kind === 'venv' || wanted.has(record.key))
      .map(({ record }) => findLayerContents(cache, record.key));
  let contents = read(prepared);
  // Not known where a layer was reused unread, or what was known of it is lost: then it is made.
  if (contents.includes(undefined)) contents = read(await prepareAnew(wanted));
  const below = new Map<string, FileNote>();
  for (const layer of contents) {
    if (layer === undefined) {
      throw new BivyError('INTERNAL', 'the cache was emptied during the build', {
        hint: 'run the command again',
      });
    }
    for (const file of layer.files) below.set(file[0], file);
  }
  return below;
}

/** The size of the files, less what they replace below: in the base, and (rarely) in the layers of wheels. */
function addedBytes(
  sizes: ReadonlyMap<string, number>,
  below: ReadonlyMap<string, FileNote>,
  facts: BaseFacts,
): number {
  let sum = 0;
  for (const [path, size] of sizes) {
    const inBase = Object.hasOwn(facts.files, path) ? (facts.files[path] ?? 0) : 0;
    sum += size - (below.get(path)?.[2] ?? inBase);
  }
  return sum;
}

function overlapsWith(
  files: readonly FileNote[],
  below: ReadonlyMap<string, FileNote>,
  winner: string,
): CrossOverlap[] {
  return files.flatMap(([path, sha256]) => {
    const other = below.get(path);
    if (other === undefined || other[1] === sha256) return [];
    return [{ path, winner, losers: [other[3]] }];
  });
}
