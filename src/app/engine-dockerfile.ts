// The Dockerfile that an engine builds: the generated one, or the one that is given, in a folder of this build's own wherever
// it is not the user's file as it stands. Nothing is written into the project.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { LocalBase } from '../engines/builders/builder.ts';
import type { Context } from '../kernel/context.ts';
import { BivyError } from '../kernel/errors.ts';
import { openEngineBase } from './engine-bases.ts';
import type { InputRequest, Inputs } from './inputs.ts';

export interface DockerfileChoice extends InputRequest {
  /** The user's own; the generated one where left out. Starts from the working directory. */
  readonly file?: string;
  /** Of the image that ships, and of what builds it. */
  readonly base?: string;
  readonly builderBase?: string;
  readonly target?: string;
}

export interface EngineDockerfile {
  /** Absolute path. */
  readonly path: string;
  readonly text: string;
  /** For messages: as the user wrote it, or what it is. */
  readonly shownAs: string;
  readonly ignoreFile?: string;
  /** Absolute path: the project, or what holds all that it is made of. */
  readonly context: string;
  /** Secrets and agents that the Dockerfile takes and this environment has, as builders are told of them. */
  readonly secrets: readonly string[];
  readonly ssh: readonly string[];
  readonly bases: readonly LocalBase[];
}

/** Larger ones are no Dockerfiles. */
const MAX_SIZE = 10 << 20;

/**
 * @param work an empty folder of this build's own
 * @throws BivyError `USAGE`, `DOCKERFILE_MISSING`, `BASE_MISSING`; what generating throws
 */
export async function prepareDockerfile(
  choice: DockerfileChoice,
  { directory }: Pick<Inputs, 'directory'>,
  { work, platforms }: { readonly work: string; readonly platforms: readonly string[] },
  context: Context,
): Promise<EngineDockerfile> {
  const open = (reference: string | undefined): ReturnType<typeof openEngineBase> | undefined =>
    reference === undefined ? undefined : openEngineBase(reference, { directory, work, platforms }, context);
  const environment = choice.environment ?? {};
  const base = await open(choice.base);
  const builder = choice.builderBase === choice.base ? base : await open(choice.builderBase);
  const names = {
    ...(base === undefined ? {} : { base: base.name }),
    ...(builder === undefined ? {} : { builderBase: builder.name }),
  };
  const local = [base?.local, builder?.local].filter((one) => one !== undefined);
  const bases = [...new Map(local.map((one) => [one.name, one])).values()];
  const folder = join(work, 'dockerfile');
  mkdirSync(folder);
  if (choice.file === undefined) {
    const { makeDockerfile } = await import('./dockerfile.ts');
    const { dockerfile, dockerignore, build, notes } = await makeDockerfile({ ...choice, ...names });
    for (const message of notes) context.emit({ type: 'note', message });
    return {
      ...writeBoth(folder, 'Dockerfile', dockerfile, dockerignore),
      shownAs: 'the generated Dockerfile',
      context: resolve(directory, build.context),
      secrets: build.secrets.filter((name) => has(environment, name)).map((name) => `id=${name},env=${name}`),
      ssh: build.ssh && has(environment, 'SSH_AUTH_SOCK') ? ['default'] : [],
      bases,
    };
  }
  const path = resolve(choice.file);
  const text = readDockerfile(path, choice.file);
  const own = { shownAs: choice.file, context: directory, secrets: [], ssh: [], bases };
  const beside = `${path}.dockerignore`;
  const ignore = existsSync(beside) ? readFileSync(beside, 'utf8') : undefined;
  if (base === undefined && builder === undefined) {
    return { ...own, path, text, ...(ignore === undefined ? {} : { ignoreFile: beside }) };
  }
  const { overrideBases } = await import('../dockerfile/bases.ts');
  const { target } = choice;
  const changed = overrideBases(text, { ...names, ...(target === undefined ? {} : { target }) });
  refuseIdle(changed, choice, choice.file);
  return { ...own, ...writeBoth(folder, basename(path), changed.text, ignore) };
}

function has(environment: Readonly<Record<string, string | undefined>>, name: string): boolean {
  return (environment[name] ?? '') !== '';
}

function writeBoth(
  folder: string,
  name: string,
  text: string,
  ignore: string | undefined,
): Pick<EngineDockerfile, 'path' | 'text' | 'ignoreFile'> {
  const path = join(folder, name);
  writeFileSync(path, text);
  if (ignore === undefined) return { path, text };
  // BuildKit looks for it beside the Dockerfile, under this name.
  const ignoreFile = `${path}.dockerignore`;
  writeFileSync(ignoreFile, ignore);
  return { path, text, ignoreFile };
}

function readDockerfile(path: string, shown: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EISDIR') throw error;
    const what = code === 'EISDIR' ? 'a directory, no Dockerfile' : 'not there';
    throw new BivyError('DOCKERFILE_MISSING', `\`${shown}\` is ${what}`, {
      hint: `name a Dockerfile in \`${dirname(shown)}\`, or leave \`--file\` out: bivy writes the best one for the project`,
    });
  }
  if (bytes.length <= MAX_SIZE) return bytes.toString('utf8');
  throw new BivyError('USAGE', `\`${shown}\` has ${bytes.length} bytes: that is no Dockerfile`);
}

/** A base that nothing starts from would be left out in silence. */
function refuseIdle(
  { shipped, building }: { readonly shipped: number; readonly building: number },
  { base, builderBase }: DockerfileChoice,
  file: string,
): void {
  const idle =
    base !== undefined && shipped === 0
      ? '--base'
      : builderBase !== undefined && building === 0
        ? '--builder-base'
        : undefined;
  if (idle === undefined) return;
  const what = idle === '--base' ? 'the stage that ships' : 'no stage but the one that ships';
  throw new BivyError(
    'USAGE',
    `\`${idle}\` has nothing to replace: ${what} starts from ${idle === '--base' ? '`scratch`' : 'an image'}`,
    {
      location: { file },
      hint: `leave \`${idle}\` out`,
    },
  );
}
