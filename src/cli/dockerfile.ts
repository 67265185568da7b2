// `bivy dockerfile`

import { makeDockerfile } from '../app/dockerfile.ts';
import { BivyError } from '../kernel/errors.ts';
import type { Io } from './io.ts';
import type { Parsed } from './options.ts';
import { isSet, textOf } from './selection.ts';

export async function runDockerfile(parsed: Parsed, io: Io): Promise<number> {
  const rung = rungOf(textOf(parsed, 'rung'));
  const made = await makeDockerfile({
    directory: parsed.positionals[0] ?? '.',
    environment: io.environment,
    write: isSet(parsed, 'write'),
    ...(rung === undefined ? {} : { rung }),
  });
  for (const name of made.written) io.emit({ type: 'published', where: name, changed: true });
  if (io.json) io.print(JSON.stringify({ version: 1, ...made }));
  else if (made.written.length === 0) io.print(made.dockerfile.trimEnd());
  return 0;
}

function rungOf(text: string | undefined): 0 | 1 | 2 | 3 | 4 | 5 | undefined {
  if (text === undefined) return undefined;
  if (/^[0-5]$/.test(text)) return Number(text) as 0 | 1 | 2 | 3 | 4 | 5;
  throw new BivyError('USAGE', `\`--rung ${text}\`: the climb has rungs 0 to 5`, {
    hint: 'write `--rung 0` to `--rung 5`',
  });
}
