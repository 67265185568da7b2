// One platform's image from the inputs: base, plan, wheels, environment, application, each stage remembered by what it
// depends on.

import type { Context } from '../kernel/context.ts';
import { canonicalJson } from '../kernel/digest.ts';
import type { InstallPlan } from '../lock/plan.ts';
import { assembleImage } from '../oci/assemble.ts';
import type { BuiltImage, ImageLayer } from '../oci/image.ts';
import type { Project } from '../project/project.ts';
import { makeApplication } from './application.ts';
import { encodeKnowledge, KNOWLEDGE } from './base-knowledge.ts';
import { epochOf } from './epoch.ts';
import { layFoundation } from './foundation.ts';
import { imageLayer } from './layers.ts';
import { differing, refuseOverlaps, SHARED_ANNOTATION } from './overlaps.ts';
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
  const { inputs, decode, reuse } = bench;
  const { project, settings } = await decode();
  const { base, python, options, preparation } = await layFoundation(
    request,
    reference,
    platform,
    bench,
    context,
  );
  const { prepared, made, cachedWheels } = preparation;
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
