// `bivy build`

import { buildImage } from '../app/build.ts';
import { withContext } from '../app/context.ts';
import { BivyError } from '../kernel/errors.ts';
import type { Io } from './io.ts';
import type { Parsed } from './options.ts';
import { isSet, listOf, selectionFlags, settingFlags, textOf } from './selection.ts';

export async function runBuild(parsed: Parsed, io: Io): Promise<number> {
  const platforms = textOf(parsed, 'platform')
    ?.split(',')
    .map((part) => part.trim());
  const python = textOf(parsed, 'python');
  const flags = {
    ...settingFlags(parsed),
    ...(platforms === undefined ? {} : { platforms }),
    ...(python === undefined ? {} : { python }),
  };
  const workers = workersOf(textOf(parsed, 'workers'));
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
        flags,
        selection: selectionFlags(parsed),
        environment: io.environment,
        tags: listOf(parsed, 'tag') ?? [],
        destinations: listOf(parsed, 'output') ?? [],
        refresh: isSet(parsed, 'refresh'),
        ...(workers === undefined ? {} : { workers }),
      },
      context,
    ),
  );
  io.print(io.json ? JSON.stringify(made) : made.digest);
  return 0;
}

function workersOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 64) return count;
  throw new BivyError('USAGE', `\`--workers ${text}\` is no number of threads`, {
    hint: 'give a whole number from 1 to 64',
  });
}
