// Which files `bivy lint` looks at: those named, those found in directories, else the `Dockerfile` here.

import { readdirSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { BivyError } from '../kernel/errors.ts';

export interface NamedDockerfile {
  /** Absolute; `undefined`: standard input. */
  readonly path: string | undefined;
  /** As it was written, or found below what was written. */
  readonly name: string;
  /** Found in a directory: settings may leave it out. */
  readonly found: boolean;
}

const NAMES = /^(?:dockerfile|containerfile)(?:\..+)?$|\.(?:dockerfile|containerfile)$/i;
/** What no project keeps its Dockerfiles in. */
const SKIPPED: ReadonlySet<string> = new Set([
  '.git',
  '.hg',
  '.svn',
  '.cache',
  '.mypy_cache',
  '.nox',
  '.ruff_cache',
  '.tox',
  '.venv',
  '__pycache__',
  'node_modules',
  'venv',
]);

/**
 * Each file once, in the order asked; those of a directory by code unit, links to directories not followed.
 * @param directory where bivy was called; absolute
 * @throws BivyError `DOCKERFILE_MISSING`
 */
export function nameDockerfiles(directory: string, asked: readonly string[]): readonly NamedDockerfile[] {
  const all = asked.length === 0 ? [defaultFile(directory)] : asked.flatMap((name) => named(directory, name));
  const seen = new Set<string | undefined>();
  return all.filter(({ path }) => {
    const known = seen.has(path);
    seen.add(path);
    return !known;
  });
}

function defaultFile(directory: string): NamedDockerfile {
  const path = join(directory, 'Dockerfile');
  if (statSync(path, { throwIfNoEntry: false }) !== undefined)
    return { path, name: 'Dockerfile', found: false };
  throw missing(
    'there is no `Dockerfile` in `.`',
    'Dockerfile',
    'name the Dockerfile, or a directory to search: `bivy lint docker/api.Dockerfile`',
  );
}

function named(directory: string, name: string): readonly NamedDockerfile[] {
  if (name === '-') return [{ path: undefined, name, found: false }];
  const path = resolve(directory, name);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) {
    throw missing(`there is no file or directory \`${name}\``, name, 'check the path');
  }
  if (!stats.isDirectory()) return [{ path, name, found: false }];
  const found = [...search(path)].map((each) => ({
    path: each,
    name: join(name, relative(path, each)).split(sep).join('/'),
    found: true,
  }));
  if (found.length > 0) return found;
  throw missing(
    `there is no Dockerfile in \`${name}\``,
    name,
    'looked for `Dockerfile`, `Dockerfile.*`, `*.Dockerfile` and `Containerfile`, however deep; name the file itself',
  );
}

function* search(directory: string): Generator<string> {
  const entries = readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      if (!SKIPPED.has(entry.name)) yield* search(path);
    } else if (NAMES.test(entry.name) && !/\.dockerignore$/i.test(entry.name) && isFile(path)) yield path;
  }
}

/** Or a link that leads to one. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function missing(message: string, file: string, hint: string): BivyError {
  return new BivyError('DOCKERFILE_MISSING', message, { location: { file }, hint });
}
