// `docker buildx build`: BuildKit in the engine, in a container, in a cluster or elsewhere, whichever builder is chosen.

import { join } from 'node:path';
import type { Archive, Builder, BuilderContext, BuilderRequest } from './builder.ts';
import { loadBases, removeName, saveImage, temporaryName } from './engine-store.ts';
import { archiveOutput, csv } from './exporter.ts';
import { lastLines, runProgram } from './process.ts';
import { solveProgress } from './solve-progress.ts';
import { refuseUnreachable } from './unreachable.ts';

/** The first that prints its progress as JSON. */
const OLDEST_MINOR = 13;

export const buildx: Builder = {
  name: 'buildx',
  title: 'docker buildx',
  lacks: {},
  async available(builder, context) {
    const options = { limit: 60_000 };
    const version = await runProgram('docker', ['buildx', 'version'], context, options);
    if (version === undefined) return { usable: false, reason: 'there is no program `docker`' };
    if (version.status !== 0)
      return { usable: false, reason: 'the plugin buildx of docker is not installed' };
    const [, minor = OLDEST_MINOR] = / v0\.([1-9]\d*)\./.exec(version.stdout) ?? [];
    if (Number(minor) < OLDEST_MINOR) {
      return { usable: false, reason: `buildx 0.${minor} is too old: 0.${OLDEST_MINOR} or newer is needed` };
    }
    const parameters = ['buildx', 'inspect', ...(builder === undefined ? [] : [builder])];
    const asked = await runProgram('docker', parameters, context, options);
    if (asked?.status !== 0) {
      const [said = 'it does not answer'] = lastLines(asked?.stderr ?? '', 1);
      return { usable: false, reason: said.replace(/^ERROR: /, '') };
    }
    const { name, driver, error } = readInspection(asked.stdout);
    if (error !== undefined) return { usable: false, reason: `its builder \`${name}\`: ${error}` };
    return {
      usable: true,
      detail: `builder ${name}, driver ${driver}`,
      keepsImages: driver === 'docker' && !(await hasContainerdStore(context)),
    };
  },
  async build(request, context) {
    const { keepsImages } = request;
    const name = keepsImages ? temporaryName() : undefined;
    const archive: Archive = { kind: 'oci-archive', path: join(request.work, 'image.tar') };
    if (keepsImages) await loadBases(request.bases, context);
    else for (const base of request.bases) await base.openLayout();
    const output =
      name === undefined ? archiveOutput(archive.path, request.compression) : csv({ type: 'docker', name });
    const progress = solveProgress(context);
    const ran = await runProgram('docker', buildxArguments(request, output), context, {
      line: progress.line,
      // Their names in the engine are enough to find them there.
      variables: { BUILDX_NO_DEFAULT_ATTESTATIONS: '1' },
    });
    if (ran?.status !== 0) {
      const failure = progress.failure();
      if (failure.step === undefined) refuseUnreachable('docker buildx', failure.reason);
      return { failure };
    }
    if (name === undefined) return { image: archive, release: () => Promise.resolve() };
    const release = (): Promise<void> => removeName(name, context);
    try {
      return { image: await saveImage(name, request.work, context), release };
    } catch (error) {
      await release();
      throw error;
    }
  },
};

/** What `docker buildx inspect` says of the builder and of its first node. */
export function readInspection(text: string): {
  readonly name: string;
  readonly driver: string;
  readonly error?: string;
} {
  const field = (label: string): string | undefined =>
    new RegExp(`^${label}:[ \\t]+(.+)$`, 'm').exec(text)?.[1]?.trim();
  const error = field('Error');
  return {
    name: field('Name') ?? 'default',
    driver: field('Driver') ?? 'docker',
    ...(error === undefined ? {} : { error }),
  };
}

/** Whether the engine keeps images as containerd does: then its BuildKit exports them as well. */
async function hasContainerdStore(context: BuilderContext): Promise<boolean> {
  const parameters = ['info', '--format', '{{json .DriverStatus}}'];
  const asked = await runProgram('docker', parameters, context, { limit: 20_000 });
  return asked?.stdout.includes('io.containerd.snapshotter') === true;
}

/** @param output the value of `--output` */
export function buildxArguments(request: BuilderRequest, output: string): string[] {
  const { platforms, target, network, builder, keepsImages } = request;
  return [
    'buildx',
    'build',
    '--progress=rawjson',
    ...(builder === undefined ? [] : [`--builder=${builder}`]),
    `--file=${request.dockerfile}`,
    ...(platforms.length === 0 ? [] : [`--platform=${platforms.join(',')}`]),
    ...(target === undefined ? [] : [`--target=${target}`]),
    ...(network === undefined ? [] : [`--network=${network}`]),
    ...(request.noCache ? ['--no-cache'] : []),
    ...(request.pull ? ['--pull'] : []),
    ...request.arguments.map((text) => `--build-arg=${text}`),
    ...request.secrets.map((secret) => `--secret=${secret}`),
    ...request.ssh.map((agent) => `--ssh=${agent}`),
    ...request.cacheFrom.map((cache) => `--cache-from=${cache}`),
    ...request.cacheTo.map((cache) => `--cache-to=${cache}`),
    ...(keepsImages
      ? []
      : request.bases.map(
          ({ name, layout, digest }) => `--build-context=${name}=oci-layout://${layout}@${digest}`,
        )),
    `--sbom=${request.sbom}`,
    `--provenance=${request.provenance ? 'mode=max' : 'false'}`,
    `--output=${output}`,
    '--',
    request.context,
  ];
}
