// `podman build` and `buildah build`: no BuildKit, but the same Dockerfiles, where a machine has no engine that runs all the
// time. Both have the same commands for what is needed here.

import { join } from 'node:path';
import type { Builder, BuilderContext, BuilderName, BuilderRequest, LocalBase } from './builder.ts';
import { temporaryName } from './engine-store.ts';
import { expectProgram, lastLines, runProgram } from './process.ts';
import { stageProgress } from './stage-progress.ts';
import { refuseUnreachable } from './unreachable.ts';
import { listContainers, removeContainers } from './working-containers.ts';

type Program = Extract<BuilderName, 'podman' | 'buildah'>;

export const podman: Builder = openBuilder('podman');
export const buildah: Builder = openBuilder('buildah');

function openBuilder(program: Program): Builder {
  const none = `\`${program}\` cannot do that: it needs BuildKit`;
  return {
    name: program,
    title: program,
    lacks: { builder: none, sbom: none, provenance: none, compression: none },
    async available(_builder, context) {
      const asked = await runProgram(program, ['info'], context, { limit: 60_000 });
      if (asked === undefined) return { usable: false, reason: `there is no program \`${program}\`` };
      if (asked.status !== 0) {
        return { usable: false, reason: lastLines(asked.stderr, 1)[0] ?? 'it does not answer' };
      }
      const version = await runProgram(program, ['--version'], context, { limit: 20_000 });
      const number = / version (\S+)/.exec(version?.stdout ?? '')?.[1] ?? '';
      return { usable: true, detail: number, keepsImages: true };
    },
    async build(request, context) {
      const name = temporaryName();
      await loadBases(program, request.bases, context);
      const progress = stageProgress(context, () => performance.now() / 1000);
      const before = await listContainers(program, context);
      const ran = await runProgram(program, podmanArguments(request, name), context, {
        line: progress.line,
      }).catch(async (error: unknown) => {
        await removeContainers(program, before, context);
        throw error;
      });
      const isList = request.platforms.length > 1;
      const release = (): Promise<void> => removeName(program, name, isList, context);
      if (ran?.status !== 0) {
        // A list has what the platforms before the one that failed brought.
        if (isList) await release();
        const failure = progress.failure();
        if (failure.step === undefined) refuseUnreachable(program, failure.reason);
        return { failure };
      }
      try {
        const path = join(request.work, 'image.tar');
        const push = isList ? ['manifest', 'push', '--all'] : ['push'];
        const parameters = [...push, '--quiet', name, `oci-archive:${path}`];
        await expectProgram('save the image', program, parameters, context);
        return { image: { kind: 'oci-archive', path }, release };
      } catch (error) {
        await release();
        throw error;
      }
    },
  };
}

/** Loads the bases that are not there. They stay, as those do that were pulled. */
async function loadBases(
  program: Program,
  bases: readonly LocalBase[],
  context: BuilderContext,
): Promise<void> {
  for (const { name, archive } of bases) {
    const there = await runProgram(program, ['images', '--quiet', name], context);
    if (there?.status === 0 && there.stdout.trim() !== '') continue;
    const parameters = ['pull', '--quiet', `docker-archive:${await archive()}`];
    await expectProgram('load the base', program, parameters, context);
  }
}

async function removeName(
  program: Program,
  name: string,
  isList: boolean,
  context: BuilderContext,
): Promise<void> {
  const options = { despiteSignal: true, limit: 60_000 };
  await runProgram(program, [...(isList ? ['manifest', 'rm'] : ['rmi']), name], context, options);
}

export function podmanArguments(request: BuilderRequest, name: string): string[] {
  const { platforms, target, network, ignoreFile } = request;
  return [
    'build',
    '--format=oci',
    '--layers',
    `--file=${request.dockerfile}`,
    platforms.length > 1 ? `--manifest=${name}` : `--tag=${name}`,
    ...(ignoreFile === undefined ? [] : [`--ignorefile=${ignoreFile}`]),
    ...(platforms.length === 0 ? [] : [`--platform=${platforms.join(',')}`]),
    ...(target === undefined ? [] : [`--target=${target}`]),
    ...(network === undefined || network === 'default' ? [] : [`--network=${network}`]),
    ...(request.noCache ? ['--no-cache'] : []),
    ...(request.pull ? ['--pull=always'] : []),
    ...request.arguments.map((text) => `--build-arg=${text}`),
    ...request.secrets.map((secret) => `--secret=${secret}`),
    ...request.ssh.map((agent) => `--ssh=${agent}`),
    ...request.cacheFrom.map((cache) => `--cache-from=${cache.replace(/^type=registry,ref=([^,]+)$/, '$1')}`),
    ...request.cacheTo.map((cache) => `--cache-to=${cache.replace(/^type=registry,ref=([^,]+)$/, '$1')}`),
    '--',
    request.context,
  ];
}
