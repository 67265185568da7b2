// `bivy build`

import { buildImage } from '../app/build.ts';
import { withContext } from '../app/context.ts';
import { ENGINE_OPTIONS } from './engine-options.ts';
import { imageFlags } from './image-flags.ts';
import type { Io } from './io.ts';
import type { Parsed } from './options.ts';
import { isSet, listOf, selectionFlags, textOf } from './selection.ts';

export async function runBuild(parsed: Parsed, io: Io): Promise<number> {
  if (namesWay(parsed)) {
    const { runEngineBuild, wayOf } = await import('./engine-build.ts');
    const way = wayOf(parsed);
    if (way.kind === 'buildkit') return runEngineBuild(parsed, way.name, io);
  }
  const attestations = textOf(parsed, 'attestations');
  const threads = textOf(parsed, 'workers');
  const workers =
    threads === undefined
      ? undefined
      : (await import('../app/layer-pool.ts')).parseWorkers(threads, '--workers');
  const options = {
    environment: io.environment,
    emit: io.emit,
    signal: io.signal,
    offline: isSet(parsed, 'offline'),
  };
  const made = await withContext(options, (context) =>
    buildImage(
      {
        directory: parsed.positionals[0] ?? '.',
        flags: imageFlags(parsed),
        selection: selectionFlags(parsed),
        environment: io.environment,
        tags: listOf(parsed, 'tag') ?? [],
        destinations: listOf(parsed, 'output') ?? [],
        refresh: isSet(parsed, 'refresh'),
        push: isSet(parsed, 'push'),
        cacheFrom: listOf(parsed, 'cache-from') ?? [],
        reuse: !isSet(parsed, 'no-reuse'),
        sbom: isSet(parsed, 'sbom'),
        provenance: isSet(parsed, 'provenance'),
        ...(attestations === undefined ? {} : { attestations }),
        insecureRegistries: listOf(parsed, 'insecure-registry') ?? [],
        ...(workers === undefined ? {} : { workers }),
      },
      context,
    ),
  );
  io.print(io.json ? JSON.stringify(made) : made.digest);
  return 0;
}

/** Whether anything is asked for that only builds of Dockerfiles have. */
function namesWay({ values }: Parsed): boolean {
  return Object.keys(ENGINE_OPTIONS).some((name) => values[name] !== undefined);
}
