// Finding what belongs to a Dockerfile: the project beside it, and `[tool.bivy.lint]`. Each directory is looked at once.

import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { LintProject } from '../dockerfile/lint/project.ts';
import { isTable, type Table } from '../kernel/decode.ts';
import { BivyError } from '../kernel/errors.ts';
import {
  decodeLintSettings,
  type KnownRules,
  type LintSettings,
  NO_LINT_SETTINGS,
} from '../project/lint-settings.ts';
import { readBounded } from './bounded-file.ts';
import { besideDockerfile, gatherProject, type ProjectBeside } from './lint-project.ts';

export interface SurroundingsOptions {
  /** Where bivy was called: names of files are relative to it. Absolute. */
  readonly directory: string;
  /** The project's directory, where the user says it; `null`: there is to be none. */
  readonly project?: string | null;
  readonly rules: KnownRules;
}

export interface Surroundings {
  readonly project: LintProject | undefined;
  readonly settings: LintSettings;
  /** Absolute: what `settings.exclude` is relative to. */
  readonly home: string;
}

interface Pyproject {
  readonly directory: string;
  readonly project: ProjectBeside | undefined;
  readonly settings: LintSettings | undefined;
}

const LIMIT = 16 << 20;

export interface SurroundingsFinder {
  /** @param dockerfile an absolute path; nothing need be there. @throws BivyError for a broken `pyproject.toml` */
  find(dockerfile: string): Promise<Surroundings>;
  /** The path as messages name it: relative to where bivy was called, with `/`. */
  named(path: string): string;
}

export function openSurroundings(options: SurroundingsOptions): SurroundingsFinder {
  const { directory, project: asked, rules } = options;
  const named = (path: string): string => relative(directory, path).split(sep).join('/') || '.';
  const read = new Map<string, Promise<Pyproject | undefined>>();
  const open = (place: string): Promise<Pyproject | undefined> => {
    const known = read.get(place) ?? readPyproject(place, named, rules);
    read.set(place, known);
    return known;
  };
  const find = async (dockerfile: string): Promise<Surroundings> => {
    const home = dirname(dockerfile);
    if (asked === null) return { project: undefined, settings: NO_LINT_SETTINGS, home };
    const places = asked === undefined ? ancestors(home, directory) : [resolve(directory, asked)];
    let project: Pyproject | undefined;
    let configured: Pyproject | undefined;
    for (const place of places) {
      const found = await open(place);
      if (configured === undefined && found?.settings !== undefined) configured = found;
      if (project === undefined && found?.project !== undefined) project = found;
      if (project !== undefined && configured !== undefined) break;
    }
    if (asked !== undefined && project === undefined) throw noProject(asked);
    return {
      project:
        project?.project === undefined
          ? undefined
          : besideDockerfile(project.project, project.directory, dockerfile, named),
      settings: configured?.settings ?? NO_LINT_SETTINGS,
      home: configured?.directory ?? home,
    };
  };
  return { find, named };
}

/** From the directory up to the repository's root; outside a repository up to where bivy was called, if that is above. */
function ancestors(start: string, called: string): readonly string[] {
  const all = [start];
  for (let at = start; dirname(at) !== at; all.push(at)) at = dirname(at);
  const repository = all.findIndex((place) => existsSync(join(place, '.git')));
  const last = repository >= 0 ? repository : Math.max(0, all.indexOf(called));
  return all.slice(0, last + 1);
}

async function readPyproject(
  directory: string,
  named: (path: string) => string,
  rules: KnownRules,
): Promise<Pyproject | undefined> {
  const path = join(directory, 'pyproject.toml');
  const file = named(path);
  const found = readBounded(path, LIMIT);
  if (found.kind === 'missing' || found.kind === 'directory') return undefined;
  if (found.kind !== 'file') {
    throw new BivyError(
      'PROJECT_INVALID',
      `reading \`${file}\`: it is no file of at most ${LIMIT >> 20} MiB`,
      {
        location: { file },
        hint: 'name the project with `--project DIR`, or lint with `--no-project`',
      },
    );
  }
  const text = found.bytes.toString('utf8');
  const locked = existsSync(join(directory, 'poetry.lock'));
  // Most of what is no Poetry project need not be parsed to know it.
  if (!locked && !/poetry|bivy/.test(text)) return undefined;
  const { lineOfKey, parseToml } = await import('../kernel/toml.ts');
  const document = parseToml(text, file);
  const tool = tableAt(document, 'tool');
  const backend = tableAt(document, 'build-system')['build-backend'];
  const lint = tableAt(tool, 'bivy')['lint'];
  const isPoetry =
    locked || isTable(tool['poetry']) || (typeof backend === 'string' && backend.startsWith('poetry'));
  return {
    directory,
    project: isPoetry ? await gatherProject(directory, file, text) : undefined,
    settings:
      lint === undefined
        ? undefined
        : decodeLintSettings(lint, rules, { file, lineOf: (place) => lineOfKey(text, place) }),
  };
}

function tableAt(value: unknown, key: string): Table {
  const inner = isTable(value) ? value[key] : undefined;
  return isTable(inner) ? inner : {};
}

function noProject(asked: string): BivyError {
  return new BivyError(
    'PROJECT_MISSING',
    `there is no \`pyproject.toml\` of a Poetry project in \`${asked}\``,
    {
      location: { file: join(asked, 'pyproject.toml') },
      hint: 'name the directory of a Poetry project, or lint with `--no-project`',
    },
  );
}
