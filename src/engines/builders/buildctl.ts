// `buildctl`: straight to a buildkitd, on this machine, a remote one, or one in a cluster (`BUILDKIT_HOST`).

import { basename, dirname, join } from 'node:path';
import type { Builder, BuilderRequest } from './builder.ts';
import { archiveOutput, cacheOf } from './exporter.ts';
import { lastLines, runProgram } from './process.ts';
import { solveProgress } from './solve-progress.ts';
import { refuseUnreachable } from './unreachable.ts';

export const buildctl: Builder = {
  name: 'buildctl',
  title: 'buildctl',
  lacks: {},
  async available(builder, context) {
    const parameters = [...globalArguments(builder, context.environment), 'debug', 'workers'];
    const asked = await runProgram('buildctl', parameters, context, { limit: 20_000 });
    if (asked === undefined) return { usable: false, reason: 'there is no program `buildctl`' };
    const address = builder ?? context.environment['BUILDKIT_HOST'] ?? 'the default address';
    if (asked.status === 0) return { usable: true, detail: `buildkitd at ${address}`, keepsImages: false };
    const [said = 'it does not answer'] = lastLines(asked.stderr, 1);
    return { usable: false, reason: `buildkitd at ${address}: ${said}` };
  },
  async build(request, context) {
    const { environment } = context;
    const image = { kind: 'oci-archive', path: join(request.work, 'image.tar') } as const;
    for (const base of request.bases) await base.openLayout();
    const progress = solveProgress(context);
    const parameters = [
      ...globalArguments(request.builder, environment),
      ...buildctlArguments(request, image.path, environment),
    ];
    const ran = await runProgram('buildctl', parameters, context, { line: progress.line });
    if (ran?.status === 0) return { image, release: () => Promise.resolve() };
    const failure = progress.failure();
    if (failure.step === undefined) refuseUnreachable('buildctl', failure.reason);
    return { failure };
  },
};

/** What goes before the command: where buildkitd is, and the folder of its certificates. */
export function globalArguments(builder: string | undefined, environment: NodeJS.ProcessEnv): string[] {
  const certificates = environment['BIVY_BUILDKIT_TLS_DIR'] ?? '';
  return [
    ...(builder === undefined ? [] : ['--addr', builder]),
    ...(certificates === '' ? [] : ['--tlsdir', certificates]),
  ];
}

/** @param environment has the values of the arguments that are named without one */
export function buildctlArguments(
  request: BuilderRequest,
  archive: string,
  environment: NodeJS.ProcessEnv,
): string[] {
  const { context, dockerfile, platforms, target, network, compression } = request;
  const options = {
    filename: basename(dockerfile),
    ...(platforms.length === 0 ? {} : { platform: platforms.join(',') }),
    ...(target === undefined ? {} : { target }),
    ...(request.pull ? { 'image-resolve-mode': 'pull' } : {}),
    ...(network === undefined || network === 'default' ? {} : { 'force-network-mode': network }),
    ...(request.sbom ? { 'attest:sbom': '' } : {}),
    ...(request.provenance ? { 'attest:provenance': 'mode=max' } : {}),
    ...Object.fromEntries(
      request.bases.map(({ name, digest }, at) => [`context:${name}`, `oci-layout://base${at}@${digest}`]),
    ),
    ...Object.fromEntries(request.arguments.flatMap((text) => argumentOf(text, environment))),
  };
  return [
    'build',
    '--progress=rawjson',
    '--frontend=dockerfile.v0',
    `--local=context=${context}`,
    `--local=dockerfile=${dirname(dockerfile)}`,
    ...Object.entries(options).map(([name, value]) => `--opt=${name}=${value}`),
    ...request.bases.map(({ layout }, at) => `--oci-layout=base${at}=${layout}`),
    ...(request.noCache ? ['--no-cache'] : []),
    ...(network === 'host' ? ['--allow=network.host'] : []),
    ...request.secrets.map((secret) => `--secret=${secret}`),
    ...request.ssh.map((agent) => `--ssh=${agent}`),
    ...request.cacheFrom.map((cache) => `--import-cache=${cacheOf(cache)}`),
    ...request.cacheTo.map((cache) => `--export-cache=${cacheOf(cache)}`),
    `--output=${archiveOutput(archive, compression)}`,
  ];
}

/** What is named without a value has that of the environment, or none at all. */
function argumentOf(text: string, environment: NodeJS.ProcessEnv): (readonly [string, string])[] {
  const at = text.indexOf('=');
  if (at >= 0) return [[`build-arg:${text.slice(0, at)}`, text.slice(at + 1)]];
  const value = environment[text];
  return value === undefined ? [] : [[`build-arg:${text}`, value]];
}
