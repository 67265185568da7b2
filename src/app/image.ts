// One platform's image from the inputs: base, plan, wheels, environment, application, each stage remembered by what it
// depends on.

import type { Context } from '../kernel/context.ts';
import { canonicalJson, keyOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { InstallPlan } from '../lock/plan.ts';
import { assembleImage } from '../oci/assemble.ts';
import type { BuiltImage, ImageLayer } from '../oci/image.ts';
import type { Project } from '../project/project.ts';
import { makeApplication } from './application.ts';
import { choosePython, resolveBase } from './base.ts';
import { encodeKnowledge, KNOWLEDGE } from './base-knowledge.ts';
import { epochOf } from './epoch.ts';
import { KNOWN_BASES } from './known-bases.ts';
import { imageLayer } from './layers.ts';
import { differing, refuseOverlaps, SHARED_ANNOTATION } from './overlaps.ts';
import { type PrepareOptions, prepare } from './prepare.ts';
import type { ResolvedBase } from './resolved-base.ts';
import type { FollowedReleases } from './reuse.ts';
import { imageSettings } from './settings.ts';
import type { Workbench } from './workbench.ts';

export interface ImageRequest {
  /** Ask the Debian mirror for newer packages now. */
  readonly refresh?: boolean;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface MadeImage {
  readonly image: BuiltImage;
  readonly base: ResolvedBase;
  /** `3.11.2` */
  readonly python: string;
  readonly plan: () => Promise<InstallPlan>;
  /** Of a composed base: the releases that were followed. */
  readonly followed?: FollowedReleases;
}

export async function makeImage(
  request: ImageRequest,
  reference: string,
  platform: string,
  bench: Workbench,
  context: Context,
): Promise<MadeImage> {
  const epoch = epochOf(request.environment ?? {});
  const { inputs, decode, plan, reuse } = bench;
  const { project, settings } = await decode();
  await refuseEarly(reference, platform, bench, context);
  const base = await resolveBase(
    {
      reference,
      platform,
      settings,
      environment: request.environment ?? {},
      refresh: request.refresh === true,
      pool: bench.pool,
      registry: bench.registry,
      ...(reuse === undefined ? {} : { reuse }),
      ...(bench.pins === undefined ? {} : { pins: bench.pins }),
    },
    context,
  );
  const python = choosePython(base.name, base.facts.pythons, settings.python);
  const options: PrepareOptions = {
    base,
    python,
    identity: inputs.identity,
    directory: inputs.directory,
    environment: request.environment ?? {},
    decode,
    plan: () => plan({ python: python.version, platform, libc: requireLibc(base) }),
    pool: bench.pool,
    ...(reuse === undefined ? {} : { reuse }),
  };
  const { prepared, made, cachedWheels } = await prepare(options, context);
  const { wheels } = prepared;
  const { emit } = context;
  emit({
    type: 'lock',
    version: prepared.plan.lockVersion,
    fresh: prepared.plan.fresh,
    selected: prepared.plan.selected,
    total: prepared.plan.locked,
  });
  emit({
    type: 'base',
    name: base.name,
    python: python.version,
    packages: base.debian?.packages.length ?? 0,
    size: base.layers.reduce((sum, layer) => sum + layer.size, 0),
  });
  emit({ type: 'wheels', total: wheels.total, cached: cachedWheels, size: wheels.size });
  const application = await makeApplication(
    {
      project,
      sources: await bench.sources(prepared.plan.writer),
      workdir: settings.workdir,
      compression: settings.compression,
      facts: base.facts,
      prepared,
      prepareAnew: async (whole) => {
        const { prepareAnew } = await import('./prepare-anew.ts');
        return (await prepareAnew(options, context, whole)).prepared;
      },
      ...(reuse === undefined ? {} : { reuse }),
    },
    context,
  );
  refuseOverlaps(application.overlaps, settings);
  for (const message of prepared.warnings) emit({ type: 'warning', message });
  for (const { path, winner, losers } of [...differing(prepared.shared), ...application.overlaps]) {
    emit({
      type: 'warning',
      message: `\`/${path}\` is shipped by ${[...losers, winner].join(' and ')} with different bytes: ${winner}'s is taken, as Poetry's order has it`,
    });
  }
  if (application.command.rule !== 'setting') {
    emit({
      type: 'note',
      message: `runs ${application.command.cmd.join(' ')} · ${application.command.reason}`,
    });
  }
  const own: ImageLayer[] = prepared.layers.map((note) =>
    imageLayer(context, note, !made.has(note.record.key), reuse),
  );
  if (application.layer !== undefined)
    own.push(imageLayer(context, application.layer, application.cached, reuse));
  emit({
    type: 'layers',
    names: namesOf(base, prepared.layers, application.layer !== undefined),
  });
  const composed = base.config === undefined;
  const annotations = await describeImage(project, inputs.directory, base);
  const image = assembleImage({
    platform,
    ...(base.config === undefined ? {} : { base: { config: base.config, layers: base.layers } }),
    layers: composed ? [...base.layers, ...own] : own,
    settings: imageSettings(settings, {
      annotations,
      user: prepared.user,
      command: application.command,
      defaults: base.defaults,
    }),
    epoch,
    unpacked: base.facts.unpacked + prepared.unpacked + application.unpacked,
    annotations: {
      ...annotations,
      ...(prepared.shared.length === 0 ? {} : { [SHARED_ANNOTATION]: canonicalJson(prepared.shared) }),
    },
    members:
      base.knowledge === undefined
        ? {}
        : { [KNOWLEDGE]: await encodeKnowledge(base.knowledge, context.cache) },
  });
  return {
    image,
    base,
    python: python.version,
    plan: options.plan,
    ...(base.followed === undefined ? {} : { followed: base.followed }),
  };
}

/** What the image says of itself in labels and annotations. */
async function describeImage(
  project: Project,
  directory: string,
  { image }: ResolvedBase,
): Promise<Readonly<Record<string, string>>> {
  const [{ imageAnnotations, licenseOf }, { readGit }] = await Promise.all([
    import('../attest/annotations.ts'),
    import('../attest/git.ts'),
  ]);
  return imageAnnotations({
    project,
    git: readGit(directory),
    ...(await licenseOf(project)),
    ...(image === undefined ? {} : { base: image }),
  });
}

/** A stale lock or a package without a wheel is said before a base is fetched for it, where the base's Python is known. */
async function refuseEarly(
  reference: string,
  platform: string,
  { inputs, decode, plan, sources }: Workbench,
  { cache }: Context,
): Promise<void> {
  const own = Object.hasOwn(KNOWN_BASES, reference) ? KNOWN_BASES[reference] : undefined;
  const key = keyOf({ identity: inputs.identity, reference, platform });
  if (own === undefined || cache.readRecord<boolean>('accepted', key) === true) return;
  const { settings, lock } = await decode();
  const { python, libc } = own;
  choosePython(reference, [{ version: python, executable: '', ...majorMinor(python) }], settings.python);
  const { refuseProblems } = await import('./plan.ts');
  const planned = await plan({ python, platform, libc });
  refuseProblems(planned);
  // What is wrong with the project's own files is said before anything is fetched for it, too.
  await sources((await lock()).poetry ?? planned.poetry);
  cache.writeRecord('accepted', key, true);
}

function majorMinor(version: string): { readonly major: number; readonly minor: number } {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return { major, minor };
}

function requireLibc(base: ResolvedBase): NonNullable<ResolvedBase['facts']['libc']> {
  const { libc } = base.facts;
  if (libc !== undefined) return libc;
  throw new BivyError('BASE_UNSUPPORTED', `the base \`${base.name}\` has no C library that bivy knows`, {
    hint: 'wheels are made for glibc or musl; take a base that has one, for example `debian:12`',
  });
}

/** Names of layers for people: alone by name, buckets counted together. */
function namesOf(
  base: ResolvedBase,
  layers: readonly { readonly kind: string; readonly name: string; readonly packages: readonly string[] }[],
  application: boolean,
): string[] {
  const buckets = layers.filter(({ kind, name, packages }) => kind === 'wheels' && !isAlone(name, packages));
  const shared = buckets.reduce((sum, { packages }) => sum + packages.length, 0);
  const alone = layers
    .filter(({ kind, name, packages }) => kind === 'wheels' && isAlone(name, packages))
    .map(({ name }) => name);
  return [
    ...(base.layers.length === 0 ? [] : [base.layers.length === 1 ? 'base' : `base (${base.layers.length})`]),
    ...alone,
    ...(shared === 0
      ? []
      : [
          `${shared} ${alone.length === 0 ? '' : 'more '}wheel${shared === 1 ? '' : 's'} in ${buckets.length} layer${buckets.length === 1 ? '' : 's'}`,
        ]),
    'venv',
    ...(application ? ['app'] : []),
  ];
}

function isAlone(name: string, packages: readonly string[]): boolean {
  return packages.length === 1 && packages[0]?.startsWith(`${name}==`) === true;
}
