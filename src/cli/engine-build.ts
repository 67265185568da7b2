// `bivy build --engine buildkit`: its flags, and those that only one of the two ways has.

import type { EngineBuildRequest } from '../app/engine-build.ts';
import { BivyError } from '../kernel/errors.ts';
import { imageFlags } from './image-flags.ts';
import type { Io } from './io.ts';
import type { Parsed } from './options.ts';
import { isSet, listOf, selectionFlags, textOf } from './selection.ts';

/** How an image is built: by bivy itself, or by an engine, which may be named. */
export type Way = { readonly kind: 'native' } | { readonly kind: 'buildkit'; readonly name?: string };

/** Flags of the native way alone, and why. */
const NATIVE: Readonly<Record<string, string>> = {
  workers: 'the engine decides how much it does at once',
  refresh: 'use `--pull` to ask for newer bases',
  'no-reuse': 'use `--no-cache`',
  attestations: 'the engine makes them: see `--sbom` and `--provenance`',
  offline: 'an engine asks the network as it likes',
};

/** What the Dockerfile says itself, where one is given. */
const GENERATED: readonly string[] = [
  'python',
  'only',
  'with',
  'without',
  'default-groups',
  'all-groups',
  'extras',
  'all-extras',
  'no-root',
  'poetry',
  'mode',
];

/** Flags of an engine alone. */
const ENGINE: readonly string[] = [
  'file',
  'builder',
  'builder-base',
  'target',
  'build-arg',
  'secret',
  'ssh',
  'cache-to',
  'no-cache',
  'pull',
  'network',
];

/** @throws BivyError `USAGE` for an engine that there is not, and for flags that the way does not have */
export function wayOf(parsed: Parsed): Way {
  const text = textOf(parsed, 'engine') ?? 'native';
  if (text === 'native') {
    const alien = ENGINE.find((name) => parsed.values[name] !== undefined);
    if (alien === undefined) return { kind: 'native' };
    throw new BivyError('USAGE', `\`--${alien}\` is for a Dockerfile`, {
      hint: `add \`--engine buildkit\`, or leave \`--${alien}\` out`,
    });
  }
  const [kind, ...rest] = text.split(':');
  const name = rest.join(':');
  if (kind !== 'buildkit' || (rest.length > 0 && name === '')) {
    throw new BivyError('USAGE', `\`--engine ${text}\`: there is no such engine`, {
      hint: 'write `--engine native`, `--engine buildkit`, or `--engine buildkit:NAME` with buildx, buildctl, docker, podman or buildah',
    });
  }
  const alien = Object.keys(NATIVE).find((flag) => parsed.values[flag] !== undefined);
  if (alien !== undefined) {
    throw new BivyError('USAGE', `\`--${alien}\` is for the native way: ${NATIVE[alien]}`, {
      hint: `leave \`--${alien}\` or \`--engine buildkit\` out`,
    });
  }
  const idle = GENERATED.find((flag) => parsed.values[flag] !== undefined);
  if (idle !== undefined && parsed.values['file'] !== undefined) {
    throw new BivyError(
      'USAGE',
      `\`--${idle}\` is for the generated Dockerfile, and \`--file\` names another`,
      {
        hint: `say it in \`${textOf(parsed, 'file')}\`, for example by \`--build-arg\`, or leave one of the two out`,
      },
    );
  }
  return rest.length === 0 ? { kind } : { kind, name };
}

export async function runEngineBuild(parsed: Parsed, name: string | undefined, io: Io): Promise<number> {
  const [{ buildWithEngine }, { withContext }] = await Promise.all([
    import('../app/engine-build.ts'),
    import('../app/context.ts'),
  ]);
  const { environment, emit, signal } = io;
  const request = requestOf(parsed, name, environment);
  const made = await withContext({ environment, emit, signal, offline: false }, (context) =>
    buildWithEngine(request, context),
  );
  io.print(io.json ? JSON.stringify(made) : made.digest);
  return 0;
}

function requestOf(
  parsed: Parsed,
  name: string | undefined,
  environment: NodeJS.ProcessEnv,
): EngineBuildRequest {
  const texts = {
    engine: name,
    builder: textOf(parsed, 'builder'),
    file: textOf(parsed, 'file'),
    base: textOf(parsed, 'base'),
    builderBase: textOf(parsed, 'builder-base'),
    target: textOf(parsed, 'target'),
    network: textOf(parsed, 'network'),
  };
  // What the Dockerfile starts from is said to the Dockerfile, not to the settings of the native way.
  const { base: _, ...flags } = imageFlags(parsed);
  return {
    directory: parsed.positionals[0] ?? '.',
    flags,
    selection: selectionFlags(parsed),
    environment,
    tags: listOf(parsed, 'tag') ?? [],
    destinations: listOf(parsed, 'output') ?? [],
    push: isSet(parsed, 'push'),
    insecureRegistries: listOf(parsed, 'insecure-registry') ?? [],
    arguments: listOf(parsed, 'build-arg') ?? [],
    secrets: listOf(parsed, 'secret') ?? [],
    ssh: listOf(parsed, 'ssh') ?? [],
    cacheFrom: listOf(parsed, 'cache-from') ?? [],
    cacheTo: listOf(parsed, 'cache-to') ?? [],
    noCache: isSet(parsed, 'no-cache'),
    pull: isSet(parsed, 'pull'),
    sbom: isSet(parsed, 'sbom'),
    provenance: isSet(parsed, 'provenance'),
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined)),
  };
}
