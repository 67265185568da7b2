// What a build is asked for and reads first: two files of the project, the flags, the environment. Their digest is the
// key under which later stages are remembered.

import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Digest, digestOf, keyOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { VERSION } from '../kernel/program.ts';
import { FORMAT } from '../layers/layout.ts';

/** Flags of `[tool.bivy]`'s keys; see `resolveSettings`, which checks them. */
export interface SettingFlags {
  readonly base?: string;
  readonly python?: string;
  readonly platforms?: readonly string[];
  readonly only?: readonly string[];
  readonly with?: readonly string[];
  readonly without?: readonly string[];
  readonly extras?: readonly string[];
  readonly allExtras?: boolean;
  readonly compression?: string;
}

/** How packages are selected beyond what settings say. */
export interface SelectionFlags {
  readonly defaultGroups?: boolean;
  readonly allGroups?: boolean;
  /** False: the project itself stays out. */
  readonly root?: boolean;
  /** Follow this Poetry. */
  readonly poetry?: string;
  readonly mode?: 'lock-markers' | 'walk';
}

export interface Inputs {
  /** Absolute path. */
  readonly directory: string;
  readonly pyproject: string;
  readonly lock: string;
  /** The text of `bivy.lock`, where there is one. */
  readonly pins?: string;
  readonly flags: SettingFlags;
  readonly selection: SelectionFlags;
  /** `BIVY_*` variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** Of everything above but the directory. */
  readonly identity: Digest;
}

export interface InputRequest {
  readonly directory: string;
  readonly flags?: SettingFlags;
  readonly selection?: SelectionFlags;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** @throws BivyError `PROJECT_MISSING`, `LOCK_MISSING` */
export function readInputs({
  directory,
  flags = {},
  selection = {},
  environment = {},
}: InputRequest): Inputs {
  const absolute = resolve(directory);
  const pyproject = readText(absolute, 'pyproject.toml', () => {
    const there = statSync(absolute, { throwIfNoEntry: false });
    const message =
      there === undefined
        ? `there is no directory \`${directory}\``
        : there.isDirectory()
          ? `there is no \`pyproject.toml\` in \`${directory}\``
          : `\`${directory}\` is no directory`;
    throw new BivyError('PROJECT_MISSING', message, {
      hint: 'name the directory of a Poetry project, as in `bivy build DIRECTORY`',
      location: { file: join(directory, 'pyproject.toml') },
    });
  });
  const lock = readText(absolute, 'poetry.lock', () => {
    throw new BivyError('LOCK_MISSING', `there is no \`poetry.lock\` in \`${directory}\``, {
      hint: 'run `poetry lock` and commit the result',
      location: { file: join(directory, 'poetry.lock') },
    });
  });
  const pins = readText(absolute, 'bivy.lock', () => undefined);
  const own = Object.fromEntries(
    Object.entries(environment).filter(
      (pair): pair is [string, string] =>
        pair[0].startsWith('BIVY_') && !UNRELATED.has(pair[0]) && pair[1] !== undefined,
    ),
  );
  return {
    directory: absolute,
    pyproject,
    lock,
    ...(pins === undefined ? {} : { pins }),
    flags,
    selection,
    environment: own,
    identity: keyOf({
      version: VERSION,
      format: FORMAT,
      pyproject: digestOf(pyproject),
      lock: digestOf(lock),
      pins: pins === undefined ? undefined : digestOf(pins),
      flags,
      selection,
      environment: own,
    }),
  };
}

/** Files that the rooms know by these names alone. */
const OF_THE_PROJECT: ReadonlySet<string> = new Set([
  'pyproject.toml',
  'poetry.lock',
  'bivy.lock',
  '.dockerignore',
]);

/** Runs `use`; where it fails for a file of the project, the error says where that file lies. */
export async function inProject<T>(directory: string, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (!(error instanceof BivyError) || !OF_THE_PROJECT.has(error.location?.file ?? '')) throw error;
    const { code, message, hint, location, causes, cause } = error;
    const placed = new BivyError(code, message, {
      location: { ...location, file: join(directory, location?.file ?? '') },
      causes,
      cause,
      ...(hint === undefined ? {} : { hint }),
    });
    if (error.stack !== undefined) placed.stack = error.stack;
    throw placed;
  }
}

/** Variables that say where or how to work, not what comes out. */
export const UNRELATED: ReadonlySet<string> = new Set([
  'BIVY_CACHE_DIR',
  'BIVY_WORKERS',
  'BIVY_BUILDKIT',
  'BIVY_BUILDKIT_TLS_DIR',
  'BIVY_REGISTRY_USERNAME',
  'BIVY_REGISTRY_PASSWORD',
]);

function readText<T>(directory: string, name: string, missing: () => T): string | T {
  try {
    return readFileSync(join(directory, name), 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(String((error as NodeJS.ErrnoException).code))) return missing();
    throw error;
  }
}
