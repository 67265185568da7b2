// `bivy dockerfile`

import { type DockerfileRequest, type DockerfileResult, makeDockerfile } from '../app/dockerfile.ts';
import { BivyError } from '../kernel/errors.ts';
import type { Io } from './io.ts';
import type { Parsed } from './options.ts';
import { isSet, selectionFlags, settingFlags, textOf } from './selection.ts';

/** Exit status 1: with `--check`, what is there is not what would be written. */
export async function runDockerfile(parsed: Parsed, io: Io): Promise<number> {
  const request = requestOf(parsed, io);
  const made = await makeDockerfile(request);
  for (const message of made.notes) io.emit({ type: 'note', message });
  for (const name of made.written) io.emit({ type: 'published', where: name, changed: true });
  if (io.json) io.print(JSON.stringify({ version: 1, ...made }));
  else show(parsed, request, made, io);
  return made.drift.length === 0 ? 0 : 1;
}

function show(parsed: Parsed, request: DockerfileRequest, made: DockerfileResult, io: Io): void {
  if (request.check === true) {
    for (const { path, kind, diff } of made.drift) {
      io.emit({
        type: 'warning',
        message: WORDS[kind](path),
        hint: `run \`bivy dockerfile --write${kind === 'foreign' ? ' --force' : ''}\``,
      });
      io.print(diff.trimEnd());
    }
    return;
  }
  if (request.write === true) return;
  const last = made.files.at(-1)?.text ?? '';
  if (request.bake === true || request.compose === true) {
    const name = request.bake === true ? 'docker-bake.hcl' : 'compose.yaml';
    io.print((made.files.find(({ path }) => path === name)?.text ?? last).trimEnd());
    return;
  }
  io.print((isSet(parsed, 'explain') ? made.explained : made.dockerfile).trimEnd());
}

const WORDS = {
  missing: (path: string) => `there is no \`${path}\``,
  foreign: (path: string) => `\`${path}\` is not bivy's`,
  changed: (path: string) => `\`${path}\` is not what bivy would write`,
} as const;

function requestOf(parsed: Parsed, io: Io): DockerfileRequest {
  const rung = rungOf(textOf(parsed, 'rung'));
  const { base, ...flags } = settingFlags(parsed);
  const builderBase = textOf(parsed, 'builder-base');
  const python = textOf(parsed, 'python');
  const platforms = parsed.values['platform'];
  if (
    isSet(parsed, 'explain') &&
    (isSet(parsed, 'write') || isSet(parsed, 'bake') || isSet(parsed, 'compose'))
  ) {
    throw new BivyError(
      'USAGE',
      '`--explain` prints the Dockerfile, and goes with none of `--write`, `--bake` and `--compose`',
      {
        hint: 'run it alone',
      },
    );
  }
  if (isSet(parsed, 'force') && !isSet(parsed, 'write')) {
    throw new BivyError('USAGE', '`--force` means nothing without `--write`', { hint: 'add `--write`' });
  }
  return {
    directory: parsed.positionals[0] ?? '.',
    environment: io.environment,
    flags: {
      ...flags,
      ...(python === undefined ? {} : { python }),
      ...(typeof platforms === 'string'
        ? { platforms: platforms.split(',').map((text) => text.trim()) }
        : {}),
    },
    selection: selectionFlags(parsed),
    write: isSet(parsed, 'write'),
    force: isSet(parsed, 'force'),
    check: isSet(parsed, 'check'),
    bake: isSet(parsed, 'bake'),
    compose: isSet(parsed, 'compose'),
    byteCode: !isSet(parsed, 'no-byte-code'),
    ...(rung === undefined ? {} : { rung }),
    ...(base === undefined ? {} : { base }),
    ...(builderBase === undefined ? {} : { builderBase }),
  };
}

function rungOf(text: string | undefined): 0 | 1 | 2 | 3 | 4 | 5 | undefined {
  if (text === undefined) return undefined;
  if (/^[0-5]$/.test(text)) return Number(text) as 0 | 1 | 2 | 3 | 4 | 5;
  throw new BivyError('USAGE', `\`--rung ${text}\`: the climb has rungs 0 to 5`, {
    hint: 'write `--rung 0` to `--rung 5`',
  });
}
