// The parts that stages are made of: system packages, Poetry and its settings, copies, installs. Lines with reasons.

import type { Copied, PrivateSource, ProjectFacts } from '../facts.ts';
import { installArguments, knowsNoDirectory, needsPip, poetryRequirements } from '../poetry.ts';
import { EMPTY, type Line, line, run } from './line.ts';
import { copyLine, execForm, shellWord } from './words.ts';

export const CACHE = '/tmp/poetry_cache';

/** Where the build context lies in the image, and the project in it. */
const CONTEXT = '/app';

export function projectDirectory({ path }: ProjectFacts): string {
  return path === '' ? CONTEXT : `${CONTEXT}/${path}`;
}

export function environmentDirectory(facts: ProjectFacts): string {
  return `${projectDirectory(facts)}/.venv`;
}

/** From the build context to a path of the project, which may climb out of the project. */
export function inContext({ path: project }: Pick<ProjectFacts, 'path'>, path: string): string {
  const parts: string[] = [];
  for (const part of [...project.split('/'), ...path.split('/')]) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

export function systemPackages(
  { bases }: ProjectFacts,
  packages: readonly string[],
  reason: string,
): readonly Line[] {
  if (packages.length === 0) return [];
  const names = packages.map(shellWord).join(' ');
  const text =
    bases.family === 'alpine'
      ? `RUN apk add --no-cache ${names}`
      : run(
          [],
          [
            'apt-get update',
            `apt-get install -y --no-install-recommends ${names}`,
            'rm -rf /var/lib/apt/lists/*',
          ],
        );
  return [line(text, reason), EMPTY];
}

/** `pip install`, with what holds this Poetry together today. */
export function requirementsOf({ poetry }: ProjectFacts): string {
  return poetryRequirements(poetry.version, poetry.plugins).map(shellWord).join(' ');
}

export function poetryReason({ poetry }: ProjectFacts): string {
  const held = poetryRequirements(poetry.version).slice(1);
  const pins = held.length === 0 ? '' : `; ${held.join(' and ')} because later ones break it`;
  return `the version is pinned, so that the next build has the same Poetry: ${poetry.version} ${poetry.why}${pins}`;
}

export function copyManifests(facts: ProjectFacts): Line {
  const sources = facts.manifests.map((path) => inContext(facts, path));
  return line(
    copyLine(sources, './'),
    'the manifests alone: what follows is built again when one of them changes, and not when the code does',
    'T5',
  );
}

/** One COPY for the files of a directory, one for each directory. `base` is where paths are relative to in the image. */
export function copies(facts: ProjectFacts, copied: readonly Copied[]): readonly string[] {
  const lines: string[] = [];
  const files = new Map<string, string[]>();
  for (const { path, directory } of copied) {
    const source = inContext(facts, path);
    if (directory) {
      lines.push(copyLine([source], targetOf(facts, path)));
      continue;
    }
    const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
    files.set(parent, [...(files.get(parent) ?? []), source]);
  }
  for (const [parent, sources] of files) {
    lines.push(copyLine(sources, parent === '' ? './' : `${targetOf(facts, parent)}/`));
  }
  return lines;
}

function targetOf(facts: ProjectFacts, path: string): string {
  return path.startsWith('../') ? placeOf(facts, path) : `./${path}`;
}

/** Where a path of the project lies in the image. */
export function placeOf(facts: ProjectFacts, path: string): string {
  return `${CONTEXT}/${inContext(facts, path)}`;
}

/** Poetry refuses to build the project without its readme; an empty one does not invalidate the cache. */
export function stubReadme({ readmes, packageMode }: ProjectFacts): readonly Line[] {
  if (readmes.length === 0 || !packageMode) return [];
  const directories = [
    ...new Set(readmes.flatMap((path) => (path.includes('/') ? [path.slice(0, path.lastIndexOf('/'))] : []))),
  ];
  const make = directories.length === 0 ? '' : `mkdir -p ${directories.map(shellWord).join(' ')} && `;
  return [
    line(
      `RUN ${make}touch ${readmes.map(shellWord).join(' ')}`,
      'Poetry wants the readme to exist; an empty one keeps an edit of the real one from costing a build',
      'T2',
    ),
  ];
}

/** Mounts and the command that make the logins of private sources known to the commands after it, in this RUN alone. */
export interface Logins {
  readonly mounts: readonly string[];
  readonly commands: readonly string[];
  /** A command of Poetry with what only its own environment can hold. */
  readonly give: (command: string) => string;
  readonly reason: string;
}

export function loginsOf({ privateSources, ssh }: ProjectFacts): Logins {
  const names = privateSources.flatMap(namesOf);
  const secrets =
    names.length === 0
      ? ''
      : `; the logins of ${privateSources.map(({ name }) => name).join(', ')} are secrets that no layer keeps, named after the variables that Poetry reads: pass them with \`--secret id=${names[0]}\` and so on`;
  const agent = ssh ? '; Git asks the ssh agent of whoever builds: pass it with `--ssh default`' : '';
  const exported = privateSources.filter(({ dotted }) => dotted === undefined).flatMap(namesOf);
  const given = privateSources.flatMap(({ variable, dotted }) =>
    dotted === undefined
      ? []
      : PARTS.map((part) => `"${dotted}_${part}=$(cat /run/secrets/${variable}_${part} 2>/dev/null)"`),
  );
  return {
    give: (command) => (given.length === 0 ? command : `env ${given.join(' ')} ${command}`),
    mounts: [...names.map((name) => `--mount=type=secret,id=${name}`), ...(ssh ? ['--mount=type=ssh'] : [])],
    commands:
      exported.length === 0
        ? []
        : [
            `for name in ${exported.join(' ')}; do \\\n        if [ -s "/run/secrets/$name" ]; then export "$name=$(cat "/run/secrets/$name")"; fi; \\\n    done`,
          ],
    reason: secrets + agent,
  };
}

const PARTS = ['USERNAME', 'PASSWORD'] as const;

function namesOf({ variable }: PrivateSource): readonly string[] {
  return PARTS.map((part) => `${variable}_${part}`);
}

/** Git asks nothing on a terminal that nobody sees. */
export function sshSettings({ ssh }: ProjectFacts): readonly Line[] {
  return ssh
    ? [
        line(
          'ENV GIT_SSH_COMMAND="ssh -o StrictHostKeyChecking=accept-new"',
          'a host is trusted when it is met first; put its key into /etc/ssh/ssh_known_hosts to trust that one alone',
        ),
      ]
    : [];
}

export interface Install {
  /** `poetry`, `/opt/poetry/bin/poetry`. */
  readonly poetry: string;
  readonly flags: readonly string[];
  readonly mounts: readonly string[];
  /** Before the first `poetry install`, after the last. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Of each RUN. */
  readonly clean: readonly string[];
  readonly withoutDevelopment: boolean;
}

/** Dependencies, then those that are directories of this disk, in as many steps as this Poetry can. */
export function installDependencies(
  facts: ProjectFacts,
  how: Install,
  reason: string,
  technique: Line['technique'],
): readonly Line[] {
  const logins = loginsOf(facts);
  const directories = facts.paths.filter(({ directory }) => directory);
  const later = directories.length > 0 && knowsNoDirectory(facts.poetry.version);
  const early = later ? facts.paths.filter(({ directory }) => !directory) : facts.paths;
  const install = (words: readonly string[]): string =>
    logins.give([how.poetry, 'install', ...how.flags, ...words.map(shellWord)].join(' '));
  const step = (directory: 'now' | 'later', before: readonly string[], after: readonly string[]): string =>
    run(
      [...how.mounts, ...logins.mounts],
      [
        ...logins.commands,
        ...before,
        install(
          installArguments(facts, {
            root: false,
            directories: directory,
            withoutDevelopment: how.withoutDevelopment,
          }),
        ),
        ...after,
        ...how.clean,
      ],
    );
  return [
    copyManifests(facts),
    ...copies(facts, early).map((text) =>
      line(text, 'a dependency that lies beside the project: Poetry reads it before it installs anything'),
    ),
    line(
      step(later ? 'later' : 'now', how.before, later ? [] : how.after),
      reason + logins.reason,
      technique,
    ),
    ...(later
      ? [
          ...copies(facts, directories).map((text) =>
            line(
              text,
              'dependencies that lie beside the project come after all others: an edit of one installs those alone',
            ),
          ),
          line(step('now', [], how.after), 'the directories that were left out above'),
        ]
      : []),
  ];
}

/** The environment, made before Poetry would make it. */
export function makeEnvironment(facts: ProjectFacts): string {
  return `python -m venv ${needsPip(facts.poetry.version) ? '' : '--without-pip '}.venv`;
}

export function exec(instruction: string, words: readonly string[]): string {
  return `${instruction} ${execForm(words)}`;
}
