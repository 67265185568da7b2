// The stages before the project's own files, when they are not remembered: plan, wheels, overlaps, environment.

import type { Context } from '../kernel/context.ts';
import { type Digest, keyOf, toDigest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { entriesKey } from '../layers/entries-key.ts';
import type { FileEntry, Part } from '../layers/entry.ts';
import { PREFETCH } from '../layers/prefetch.ts';
import { type BaseFacts, refuseOccupied, resolvePath } from '../oci/facts.ts';
import type { Arrived } from '../wheels/fetch.ts';
import { layEnvironment, PREFIX } from './environment.ts';
import { type LayerNote, makeLayer } from './layers.ts';
import { differing, refuseOverlaps } from './overlaps.ts';
import { refuseProblems } from './plan.ts';
import { fetchWheels, placeOf, wheelsOf } from './planned-wheels.ts';
import type { Preparation, PrepareOptions } from './prepare.ts';
import type { SharedFile } from './reuse.ts';
import { makeWheelLayers, type WheelLayer } from './wheel-layers.ts';
import type { PlannedWheel } from './wheel-maker.ts';

/**
 * Whatever is remembered of the whole; what is remembered of its layers is used.
 * @param whole keys of layers whose contents have to be known
 */
export async function prepareAnew(
  options: PrepareOptions,
  context: Context,
  whole?: ReadonlySet<Digest>,
): Promise<Preparation> {
  const { base, python } = options;
  const decoded = await options.decode();
  const { settings } = decoded;
  refuseOccupied(base.facts, PREFIX.slice(1), base.name);
  const plan = await options.plan();
  refuseProblems(plan);
  const wheels = wheelsOf(plan);
  const location = `/${resolvePath(base.facts, PREFIX.slice(1))}`;
  const place = placeOf(`${python.major}.${python.minor}`, settings, location);
  const fetch = (missing: readonly PlannedWheel[], arrived?: Arrived): Promise<void> =>
    fetchWheels(missing, options, decoded, context, arrived);
  const begun = whole === undefined ? await options.begun?.take(wheels, place) : undefined;
  const { layers, shared, cached, size } =
    begun ??
    (await makeWheelLayers(
      {
        wheels,
        place,
        most: settings.layers,
        pool: options.pool,
        fetch,
        made: options.made,
        ...(options.reuse === undefined ? {} : { reuse: options.reuse }),
        ...(whole === undefined ? {} : { whole }),
      },
      context,
    ));
  const overlaps = differing(shared);
  refuseOverlaps(overlaps, settings);
  const environment = layEnvironment({
    facts: base.facts,
    python,
    ...(settings.user === undefined ? {} : { user: settings.user }),
    workdir: settings.workdir,
    writable: settings.writable,
  });
  const restated = restatedFiles(shared, layers);
  // What is stated again is known by its wheel: a layer that is there already needs none of them.
  const writing = { compression: settings.compression, prefetch: PREFETCH.venv };
  const ownKey = await entriesKey([environment.part], writing);
  const venvKey =
    restated.length === 0
      ? ownKey
      : keyOf({
          kind: 'venv',
          environment: ownKey,
          place,
          restated: restated.map(({ path, wheel }) => [path, wheel.sha256]),
        });
  const venv = await makeLayer(
    venvKey,
    async () => ({
      kind: 'entries',
      parts: [environment.part, ...(await restatedParts(restated, place, fetch, context))],
      ...writing,
      output: context.cache.temporary(),
    }),
    async (job) => (await options.pool()).run(job),
    context.cache,
    // Whoever asks for contents may ask for what is stated again, too.
    whole === undefined ? options.reuse : undefined,
  );
  const { record, remote } = venv;
  const notes: LayerNote[] = [
    ...layers.map(
      ({ kind, name, packages, record: own, outline, remote: from }): LayerNote => ({
        kind,
        name,
        packages,
        record: own,
        outline,
        ...(from === undefined ? {} : { remote: from }),
      }),
    ),
    { kind: 'venv', name: 'venv', packages: [], record, ...(remote === undefined ? {} : { remote }) },
  ];
  const made = new Set<Digest>(layers.filter((layer) => !layer.cached).map((layer) => layer.record.key));
  if (!venv.cached) made.add(venvKey);
  return {
    prepared: {
      plan: {
        poetry: plan.poetry,
        lockVersion: plan.lockVersion,
        fresh: plan.fresh,
        locked: plan.locked,
        root: plan.root,
        selected: plan.packages.length,
        writer: (await decoded.lock()).poetry ?? plan.poetry,
      },
      wheels: { total: wheels.length, size },
      python: place.python,
      layers: notes,
      shared,
      warnings: layers.flatMap((layer) => layer.outline.warnings),
      user: environment.user,
      unpacked:
        notes.reduce((sum, note) => sum + note.record.unpacked, 0) -
        shared.reduce((sum, { excess }) => sum + excess, 0) -
        replacedBytes(environment.part, base.facts),
    },
    made,
    cachedWheels: cached,
  };
}

interface Restated {
  readonly path: string;
  readonly winner: string;
  readonly wheel: PlannedWheel;
}

/** The winners' files that layers of losers cover, with the wheels that hold them. */
function restatedFiles(shared: readonly SharedFile[], layers: readonly WheelLayer[]): readonly Restated[] {
  const wheels = new Map(
    layers.flatMap((layer) =>
      layer.wheels.map((wheel): [string, PlannedWheel] => [
        `${wheel.package.name}==${wheel.package.version}`,
        wheel,
      ]),
    ),
  );
  return shared
    .filter(({ restate }) => restate)
    .map(({ path, winner }) => {
      const wheel = wheels.get(winner);
      if (wheel === undefined) throw new BivyError('INTERNAL', `no wheel of the plan is \`${winner}\``);
      return { path, winner, wheel };
    });
}

/** These files from their wheels, to be laid above all wheels. */
async function restatedParts(
  restated: readonly Restated[],
  place: { readonly python: string; readonly prefix: string; readonly location: string },
  fetch: (wheels: readonly PlannedWheel[]) => Promise<void>,
  context: Context,
): Promise<Part[]> {
  if (restated.length === 0) return [];
  const [{ openWheel }, { installWheel }] = await Promise.all([
    import('../wheels/archive.ts'),
    import('../wheels/install.ts'),
  ]);
  const parts: Part[] = [];
  for (const wheel of new Set(restated.map((file) => file.wheel))) {
    await fetch([wheel]);
    const blob = await context.cache.verifyBlob(toDigest(`sha256:${wheel.sha256}`));
    if (blob === undefined) {
      throw new BivyError('HASH_MISMATCH', `\`${wheel.fileName}\` is no longer in the cache`, {
        hint: 'run the command again',
      });
    }
    const part = installWheel(openWheel(blob.path, wheel.fileName), place);
    const files = restated.filter((file) => file.wheel === wheel);
    const paths = new Set(files.map(({ path }) => path));
    const entries = part.entries.filter(
      (entry): entry is FileEntry => entry.kind === 'file' && paths.has(entry.path),
    );
    parts.push({ name: `${files[0]?.winner} over others`, entries });
  }
  return parts;
}

/** Bytes of files of the base that these replace. */
function replacedBytes({ entries }: Part, { files }: BaseFacts): number {
  let sum = 0;
  for (const { kind, path } of entries)
    if (kind === 'file' && Object.hasOwn(files, path)) sum += files[path]!;
  return sum;
}
