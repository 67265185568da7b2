// The stages before the project's own files, when they are not remembered: plan, wheels, overlaps, environment.

import type { Context } from '../kernel/context.ts';
import { type Digest, toDigest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { entriesKey } from '../layers/entries-key.ts';
import type { FileEntry, Part } from '../layers/entry.ts';
import type { PlannedPackage } from '../lock/plan.ts';
import { type BaseFacts, refuseOccupied, resolvePath } from '../oci/facts.ts';
import { fetchFiles } from '../wheels/fetch.ts';
import type { Decoded } from './decoded.ts';
import { layEnvironment, PREFIX } from './environment.ts';
import { type LayerNote, makeLayer } from './layers.ts';
import { type CrossOverlap, findOverlaps, refuseOverlaps, topOf } from './overlaps.ts';
import { refuseProblems } from './plan.ts';
import type { Preparation, PrepareOptions } from './prepare.ts';
import { makeWheelLayers, type PlannedWheel, type WheelLayer } from './wheel-layers.ts';

/** Whatever is remembered of the whole; what is remembered of its layers is used. */
export async function prepareAnew(options: PrepareOptions, context: Context): Promise<Preparation> {
  const { base, python } = options;
  const decoded = await options.decode();
  const { settings } = decoded;
  refuseOccupied(base.facts, PREFIX.slice(1), base.name);
  const plan = await options.plan();
  refuseProblems(plan);
  const wheels = plan.packages.map(wheelOf);
  const place = {
    python: `${python.major}.${python.minor}`,
    prefix: PREFIX,
    location: `/${resolvePath(base.facts, PREFIX.slice(1))}`,
  };
  const pool = await options.pool();
  const { layers, cached, size } = await makeWheelLayers(
    {
      wheels,
      place,
      // One layer is the environment's, one the application's.
      budget: Math.max(1, settings.layers - 2),
      pool,
      fetch: (missing) => fetchWheels(missing, options, decoded, context),
    },
    context,
  );
  // Poetry installs by name, then version, and so is the plan sorted.
  const order = plan.packages.map(({ name, version }) => `${name}==${version}`);
  const overlaps = findOverlaps(
    layers.map((layer) => layer.contents),
    order,
  );
  refuseOverlaps(overlaps, settings);
  const environment = layEnvironment({
    facts: base.facts,
    python,
    ...(settings.user === undefined ? {} : { user: settings.user }),
    workdir: settings.workdir,
    writable: settings.writable,
  });
  const parts = [
    environment.part,
    ...(await restatedParts(
      overlaps,
      layers,
      place,
      (wheels) => fetchWheels(wheels, options, decoded, context),
      context,
    )),
  ];
  const venvKey = await entriesKey(parts);
  const venv = await makeLayer(
    venvKey,
    () => ({ kind: 'entries', parts, output: context.cache.temporary() }),
    (job) => pool.run(job),
    context.cache,
  );
  const venvNote: LayerNote = { kind: 'venv', name: 'venv', packages: [], record: venv.record };
  const notes: LayerNote[] = [
    ...layers.map(({ kind, name, packages, record }) => ({ kind, name, packages, record })),
    venvNote,
  ];
  const files = [...layers, venv].flatMap((layer) => [...layer.contents.files]);
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
      overlaps,
      warnings: layers.flatMap((layer) => layer.contents.warnings),
      user: environment.user,
      unpacked: sumOnce(files, base.facts),
      tops: topsOf(
        files.map((file) => file[0]),
        place.python,
      ),
    },
    made,
    cachedWheels: cached,
  };
}

function wheelOf(found: PlannedPackage): PlannedWheel {
  if (found.file === null) {
    throw new BivyError('INTERNAL', `no file was chosen for \`${found.name}\`, and no problem was reported`);
  }
  return { package: found, fileName: found.file.name, sha256: found.file.sha256 };
}

async function fetchWheels(
  wheels: readonly PlannedWheel[],
  { directory, environment }: PrepareOptions,
  { settings, project }: Decoded,
  context: Context,
): Promise<void> {
  const files = wheels.map(({ package: { name, version, source }, fileName, sha256 }) => ({
    package: name,
    version,
    source,
    file: { name: fileName, sha256 },
  }));
  // How many were cached is known better here than there, where only the missing are asked for.
  const quiet: Context = {
    ...context,
    emit: (event) => (event.type === 'wheels' ? undefined : context.emit(event)),
  };
  await fetchFiles(files, quiet, {
    directory,
    environment,
    sources: project.sources,
    ...(settings.index === undefined ? {} : { indexUrl: settings.index }),
  });
}

/** The winners' files, from their wheels, to be laid above all wheels. */
async function restatedParts(
  overlaps: readonly CrossOverlap[],
  layers: readonly WheelLayer[],
  place: { readonly python: string; readonly prefix: string; readonly location: string },
  fetch: (wheels: readonly PlannedWheel[]) => Promise<void>,
  context: Context,
): Promise<Part[]> {
  const restated = overlaps.filter((overlap) => overlap.restate);
  if (restated.length === 0) return [];
  const [{ openWheel }, { installWheel }] = await Promise.all([
    import('../wheels/archive.ts'),
    import('../wheels/install.ts'),
  ]);
  const wheels = layers.flatMap((layer) => layer.wheels);
  const winners = [...new Set(restated.map((overlap) => overlap.winner))];
  const parts: Part[] = [];
  for (const winner of winners) {
    const wheel = wheels.find(({ package: found }) => `${found.name}==${found.version}` === winner);
    if (wheel === undefined) throw new BivyError('INTERNAL', `no wheel of the plan is \`${winner}\``);
    await fetch([wheel]);
    const blob = await context.cache.verifyBlob(toDigest(`sha256:${wheel.sha256}`));
    if (blob === undefined) {
      throw new BivyError('HASH_MISMATCH', `\`${wheel.fileName}\` is no longer in the cache`, {
        hint: 'run the command again',
      });
    }
    const part = installWheel(openWheel(blob.path, wheel.fileName), place);
    const paths = new Set(
      restated.filter((overlap) => overlap.winner === winner).map((overlap) => overlap.path),
    );
    const entries = part.entries.filter(
      (entry): entry is FileEntry => entry.kind === 'file' && paths.has(entry.path),
    );
    parts.push({ name: `${winner} over others`, entries });
  }
  return parts;
}

/** Bytes of the files, each path once (the last counts), less what they replace in the base. */
function sumOnce(files: readonly (readonly [string, string, number, string])[], facts: BaseFacts): number {
  const sizes = new Map(files.map(([path, , size]) => [path, size]));
  let sum = 0;
  for (const [path, size] of sizes)
    sum += size - (Object.hasOwn(facts.files, path) ? (facts.files[path] ?? 0) : 0);
  return sum;
}

function topsOf(paths: readonly string[], python: string): string[] {
  const tops = new Set(paths.map((path) => topOf(path, python)));
  return [...tops].filter((top) => top !== undefined).sort();
}
