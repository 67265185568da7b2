// `docker build` with the BuildKit of the engine: what there is where buildx is not installed. Debian's client 20.10 has its
// own client of BuildKit; from 23 on the command is buildx, or nothing.

import type { Builder, BuilderContext, BuilderRequest } from './builder.ts';
import { loadBases, removeName, saveImage, temporaryName } from './engine-store.ts';
import { plainProgress } from './plain-progress.ts';
import { lastLines, runProgram } from './process.ts';
import { refuseUnreachable } from './unreachable.ts';

/** The first client whose `docker build` is buildx. */
const BUILDX_SINCE = 23;
const ONLY_BUILDX = '`docker build` cannot do that: install buildx, or use `buildctl`';

export const dockerBuild: Builder = {
  name: 'docker',
  title: 'docker build',
  lacks: {
    builder: 'it has no builders but the engine: name one with buildx',
    platforms: 'it builds for one platform at a time',
    'cache-to': `it writes no cache but the one inline: \`--build-arg BUILDKIT_INLINE_CACHE=1\``,
    sbom: ONLY_BUILDX,
    provenance: ONLY_BUILDX,
    compression: ONLY_BUILDX,
  },
  async available(_builder, context) {
    const format = '{{.Client.Version}} {{.Server.Version}}';
    const asked = await runProgram('docker', ['version', '--format', format], context, { limit: 20_000 });
    if (asked === undefined) return { usable: false, reason: 'there is no program `docker`' };
    if (asked.status !== 0) {
      return { usable: false, reason: lastLines(asked.stderr, 1)[0] ?? 'the engine does not answer' };
    }
    const [client = '', server = ''] = asked.stdout.trim().split(' ');
    if (Number.parseInt(client, 10) >= BUILDX_SINCE && !(await hasBuildx(context))) {
      return {
        usable: false,
        reason: `docker ${client} builds with BuildKit by its plugin buildx alone, which is not installed`,
      };
    }
    return { usable: true, detail: `engine ${server}`, keepsImages: true };
  },
  async build(request, context) {
    const name = temporaryName();
    await loadBases(request.bases, context);
    const progress = plainProgress(context);
    const ran = await runProgram('docker', dockerArguments(request, name), context, {
      line: progress.line,
      variables: { DOCKER_BUILDKIT: '1', BUILDX_NO_DEFAULT_ATTESTATIONS: '1' },
    });
    if (ran?.status !== 0) {
      const failure = progress.failure();
      if (failure.step === undefined) refuseUnreachable('docker build', failure.reason);
      return { failure };
    }
    const release = (): Promise<void> => removeName(name, context);
    try {
      return { image: await saveImage(name, request.work, context), release };
    } catch (error) {
      await release();
      throw error;
    }
  },
};

async function hasBuildx(context: BuilderContext): Promise<boolean> {
  return (await runProgram('docker', ['buildx', 'version'], context, { limit: 20_000 }))?.status === 0;
}

export function dockerArguments(request: BuilderRequest, name: string): string[] {
  const { platforms, target, network } = request;
  return [
    'build',
    '--progress=plain',
    `--file=${request.dockerfile}`,
    `--tag=${name}`,
    ...platforms.map((platform) => `--platform=${platform}`),
    ...(target === undefined ? [] : [`--target=${target}`]),
    ...(network === undefined ? [] : [`--network=${network}`]),
    ...(request.noCache ? ['--no-cache'] : []),
    ...(request.pull ? ['--pull'] : []),
    ...request.arguments.map((text) => `--build-arg=${text}`),
    ...request.secrets.map((secret) => `--secret=${secret}`),
    ...request.ssh.map((agent) => `--ssh=${agent}`),
    ...request.cacheFrom.map((cache) => `--cache-from=${cache.replace(/^type=registry,ref=([^,]+)$/, '$1')}`),
    '--',
    request.context,
  ];
}
