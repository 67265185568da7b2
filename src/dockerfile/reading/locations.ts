// Where the packages of an install go: the interpreter's own directories, or a virtual environment and its path.

import type { Install } from './installs.ts';
import { readPoetryCall } from './installs.ts';
import { holds, resolvePath } from './paths.ts';
import { lineageOfStage, type Reading } from './reading.ts';
import type { StageReading } from './stage-reading.ts';
import { expand } from './steps.ts';

/**
 * `system`: no environment of its own. `venv`: at `path`, where that is known. `cache`: where Poetry puts it unless told
 * otherwise, under a name that holds a hash. `unknown`: a file or an image says it.
 */
export interface Location {
  readonly kind: 'system' | 'venv' | 'cache' | 'unknown';
  readonly path: string | undefined;
}

export type Settings = ReadonlyMap<string, string | boolean | number>;

const UNKNOWN_PLACE: Location = { kind: 'unknown', path: undefined };
const FALSE = /^(?:0|false|no|off)$/i;

/**
 * @param poetryToml of the project; undefined where there is no project to look at
 */
export function locationOf(reading: Reading, install: Install, poetryToml: Settings | undefined): Location {
  const { call, tool, kind, args } = install;
  const { variables, step } = call;
  const home = reading.stages[step.stage.index];
  const active = activated(reading, install) ?? variables.get('VIRTUAL_ENV');
  if (tool === 'poetry' && kind === 'bundle') {
    const target = args.rest[1]?.pattern;
    return {
      kind: 'venv',
      path: target === undefined ? undefined : resolvePath(target, step.workdir, step.home),
    };
  }
  if (active !== undefined) return venv(resolvePath(active, step.workdir, step.home));
  if (variables.has('VIRTUAL_ENV') || variables.has('CONDA_PREFIX')) return UNKNOWN_PLACE;
  if (tool === 'pip') {
    const through = /^(\/.*)\/bin\/[^/]+$/.exec(call.programWord.pattern)?.[1];
    return through === undefined || holds('/usr', through)
      ? { kind: 'system', path: undefined }
      : venv(through);
  }
  if (tool !== 'poetry' || home === undefined) return UNKNOWN_PLACE;
  const create = settingAt(reading, install, 'virtualenvs.create', poetryToml);
  const inProject = settingAt(reading, install, 'virtualenvs.in-project', poetryToml);
  const elsewhere = settingAt(reading, install, 'virtualenvs.path', poetryToml);
  if (create === null || inProject === null) return UNKNOWN_PLACE;
  if (create !== undefined && FALSE.test(create)) return { kind: 'system', path: undefined };
  const own = hasPoetryToml(reading, home) && poetryToml === undefined;
  if (inProject !== undefined && !FALSE.test(inProject)) {
    const directory =
      args.options.findLast(({ name }) => name === '-C' || name === '--directory')?.value ?? '.';
    return venv(resolvePath(`${directory}/.venv`, step.workdir, step.home));
  }
  if (own || (create === undefined && !hasArrival(reading))) return UNKNOWN_PLACE;
  return elsewhere === undefined ? { kind: 'cache', path: undefined } : venv(undefined);
}

function venv(path: string | undefined): Location {
  return { kind: 'venv', path };
}

/** Poetry out of a base image comes with settings that nobody sees. */
function hasArrival({ contributors }: Reading): boolean {
  return contributors.some(({ arrivals }) => arrivals.some(({ tool }) => tool === 'poetry'));
}

function hasPoetryToml(reading: Reading, home: StageReading): boolean {
  return lineageOfStage(reading, home).some(({ copies }) =>
    copies.some(({ sources }) =>
      sources.some(
        ({ kind, path }) =>
          kind === 'whole' ||
          path === undefined ||
          /(?:^|\/)(?:poetry\.toml|poetry\.\*|poetry\*|\*\.toml|\*)$/.test(path),
      ),
    ),
  );
}

/** `. /venv/bin/activate` before it in its RUN. */
function activated(reading: Reading, { call }: Install): string | undefined {
  const before = reading.stages[call.step.stage.index]?.calls.filter(
    (other) => other.step === call.step && other.index < call.index,
  );
  const script = before?.findLast(
    ({ program, args }) =>
      (program === '.' || program === 'source') && /\/bin\/activate$/.test(args[0]?.pattern ?? ''),
  );
  return script?.args[0]?.pattern.replace(/\/bin\/activate$/, '');
}

/**
 * What a setting of Poetry is when an install runs: its variable, else `poetry config`, else `poetry.toml`; `null` where it
 * is set to something unknown.
 */
export function settingAt(
  reading: Reading,
  { call }: Pick<Install, 'call'>,
  name: string,
  poetryToml: Settings | undefined,
): string | null | undefined {
  const variable = `POETRY_${name.toUpperCase().replace(/[.-]/g, '_')}`;
  if (call.variables.has(variable)) return call.variables.get(variable) ?? null;
  const home = reading.stages[call.step.stage.index];
  const calls = home === undefined ? [] : lineageOfStage(reading, home).flatMap((stage) => stage.calls);
  const said = poetryToml?.get(name);
  let configured: string | null | undefined;
  for (const other of calls) {
    if (other === call) break;
    const poetry = other.chance === 'never' ? undefined : readPoetryCall(other);
    if (poetry?.verb.pattern !== 'config' || poetry.args.rest[0]?.pattern !== name) continue;
    if (poetry.args.options.some((option) => option.name === '--unset')) configured = undefined;
    else configured = poetry.args.rest[1]?.value ?? null;
  }
  return said === undefined ? configured : String(said);
}

/** Entries that ENV puts into PATH, in the stages that one builds on, variables put in. */
export function pathEntries(lineage: readonly StageReading[], token: '\\' | '`'): readonly string[] {
  return lineage.flatMap(({ steps }) =>
    steps.flatMap(({ instruction, variables }) =>
      instruction.keyword !== 'ENV'
        ? []
        : instruction.pairs.flatMap(({ name, value }) =>
            name === 'PATH' && value !== undefined ? expand(value.raw, variables, token).split(':') : [],
          ),
    ),
  );
}
