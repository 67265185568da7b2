// The climb: each rung is the article's Dockerfile for this project, one technique after the other.

import type { ProjectFacts, Rung } from '../facts.ts';
import { installArguments } from '../poetry.ts';
import {
  CACHE,
  copies,
  copyManifests,
  environmentDirectory,
  exec,
  installDependencies,
  loginsOf,
  poetryReason,
  projectDirectory,
  requirementsOf,
  sshSettings,
  stubReadme,
  systemPackages,
} from './blocks.ts';
import { EMPTY, joined, type Line, line, run } from './line.ts';
import { runPackages } from './runtime.ts';
import { copyLine, shellWord } from './words.ts';

const CLEAN = 'rm -rf $POETRY_CACHE_DIR';

export const RUNGS: Readonly<Record<Exclude<Rung, 'best'>, (facts: ProjectFacts) => readonly Line[]>> = {
  0: naive,
  1: (facts) =>
    allAtOnce(
      facts,
      '# Rung 1: Poetry pinned to the version that wrote the lock, minimal copies, no dev dependencies.',
      [],
      [],
    ),
  2: (facts) =>
    allAtOnce(
      facts,
      "# Rung 2: Poetry's cache cleaned in the same layer, and Poetry told to behave.",
      settings(),
      [CLEAN],
    ),
  3: (facts) => [
    line('# Rung 3: dependencies before code, so that a code edit rebuilds the last layers only.'),
    ...single(facts, settings()),
    ...dependenciesThenCode(facts, [], [CLEAN]),
    ...runInPoetry(facts),
  ],
  4: (facts) =>
    twoStages(
      facts,
      '# Rung 4: multi-stage. The fat builder stays behind, only the virtual environment crosses.',
      [],
      [CLEAN],
    ),
  5: (facts) =>
    twoStages(
      facts,
      '# Rung 5: cache mounts, so that a dependency edit is fast too.',
      [`--mount=type=cache,target=${CACHE}`],
      [],
    ),
};

function naive(facts: ProjectFacts): readonly Line[] {
  const { poetry, selection, extras, allExtras, saysNoRoot, path, bases } = facts;
  const logins = loginsOf(facts);
  const words = [
    ...(selection.with.length > 0 ? ['--with', selection.with.join(',')] : []),
    ...(allExtras ? ['--all-extras'] : extras.flatMap((extra) => ['--extras', extra])),
    ...(saysNoRoot ? ['--no-root'] : []),
  ];
  return [
    line(
      '# Rung 0: naive. It works, and ships Poetry, the dev dependencies, every cache and the whole context.',
    ),
    line(`FROM ${bases.fat}`),
    ...fatPackages(facts),
    poetry.newestFails === undefined && poetry.plugins.length === 0
      ? line('RUN pip install poetry', 'whatever Poetry is the newest on the day of the build')
      : line(
          `RUN pip install ${poetry.newestFails === undefined ? ['poetry', ...poetry.plugins].map(shellWord).join(' ') : requirementsOf(facts)}`,
          poetry.newestFails ?? 'whatever Poetry is the newest on the day of the build',
        ),
    EMPTY,
    ...runPackages(facts),
    ...dynamicVersion(facts),
    ...sshSettings(facts),
    line('WORKDIR /app'),
    line('COPY . .', 'everything: any edit of any file builds all that follows again'),
    ...(path === '' ? [] : [line(`WORKDIR ${projectDirectory(facts)}`)]),
    EMPTY,
    line(
      run(logins.mounts, [
        ...logins.commands,
        logins.give(['poetry install', ...words.map(shellWord)].join(' ')),
      ]),
      `development groups too, and their cache in the layer${logins.reason}`,
    ),
    EMPTY,
    ...runInPoetry(facts),
  ];
}

/** Manifests and code, then one installation. */
function allAtOnce(
  facts: ProjectFacts,
  title: string,
  environment: readonly Line[],
  clean: readonly string[],
): readonly Line[] {
  const logins = loginsOf(facts);
  const words = installArguments(facts, { root: true, withoutDevelopment: true });
  return [
    line(title),
    ...single(facts, environment),
    copyManifests(facts),
    ...copies(facts, facts.paths).map((text) => line(text)),
    ...code(facts),
    ...stubReadme(facts),
    EMPTY,
    line(
      run(logins.mounts, [
        ...logins.commands,
        logins.give(['poetry install', ...words.map(shellWord)].join(' ')),
        ...clean,
      ]),
      `no development groups${clean.length === 0 ? '' : ', and the cache removed in the same layer'}${logins.reason}`,
      clean.length === 0 ? 'T3' : 'T4',
    ),
    EMPTY,
    ...runInPoetry(facts),
  ];
}

function dependenciesThenCode(
  facts: ProjectFacts,
  mounts: readonly string[],
  clean: readonly string[],
): readonly Line[] {
  const dependencies = installDependencies(
    facts,
    {
      poetry: 'poetry',
      flags: [],
      mounts,
      before: [],
      after: [],
      clean,
      withoutDevelopment: true,
    },
    'dependencies alone: this layer stays until a manifest changes',
    mounts.length > 0 ? 'T7' : 'T5',
  );
  const words = installArguments(facts, { root: true, withoutDevelopment: true });
  const logins = loginsOf(facts);
  const root = facts.packageMode
    ? [
        ...code(facts),
        ...stubReadme(facts),
        line(
          run(
            [...mounts, ...logins.mounts],
            [
              ...logins.commands,
              logins.give(['poetry install', ...words.map(shellWord)].join(' ')),
              ...clean,
            ],
          ),
          'the project itself, as a link to its code',
        ),
        EMPTY,
      ]
    : [];
  return [...dependencies, EMPTY, ...root];
}

function twoStages(
  facts: ProjectFacts,
  title: string,
  mounts: readonly string[],
  clean: readonly string[],
): readonly Line[] {
  const directory = environmentDirectory(facts);
  const linked = facts.paths.filter((path) => path.develop && path.directory);
  const { image } = facts;
  return [
    line(title),
    line(
      `FROM ${facts.bases.fat} AS builder`,
      'everything that a build needs, and nothing of it ships',
      'T6',
    ),
    ...fatPackages(facts),
    installPoetry(facts),
    EMPTY,
    ...dynamicVersion(facts),
    ...sshSettings(facts),
    ...settings(),
    line(`WORKDIR ${projectDirectory(facts)}`),
    EMPTY,
    ...dependenciesThenCode(facts, mounts, clean),
    line(
      `FROM ${facts.bases.runtime} AS runtime`,
      'a slim base: the environment and the code are all that is added',
      'T6',
    ),
    EMPTY,
    ...runPackages(facts),
    line(`WORKDIR ${projectDirectory(facts)}`),
    line(joined('ENV', [`VIRTUAL_ENV=${directory}`, `PATH="${directory}/bin:$PATH"`])),
    EMPTY,
    line(
      copyLine([directory], directory, 'builder'),
      'the same path as in the builder: the scripts name it',
      'T6',
    ),
    ...copies(facts, linked).map((text) => line(text, 'the environment links to it')),
    ...code(facts, false),
    EMPTY,
    ...(image.entrypoint.length === 0 ? [] : [line(exec('ENTRYPOINT', image.entrypoint))]),
    line(exec('CMD', image.cmd)),
  ];
}

function single(facts: ProjectFacts, environment: readonly Line[]): readonly Line[] {
  return [
    line(`FROM ${facts.bases.fat}`),
    ...fatPackages(facts),
    installPoetry(facts),
    EMPTY,
    ...runPackages(facts),
    ...dynamicVersion(facts),
    ...sshSettings(facts),
    ...environment,
    line(`WORKDIR ${projectDirectory(facts)}`),
    EMPTY,
  ];
}

/** The fat image has compilers and Git; one that is no larger than the builder has what the builder is given. */
function fatPackages(facts: ProjectFacts): readonly Line[] {
  const { bases } = facts;
  return bases.fat === bases.builder
    ? systemPackages(facts, bases.buildPackages, bases.buildReasons.join('; '))
    : [];
}

function installPoetry(facts: ProjectFacts): Line {
  return line(`RUN pip install ${requirementsOf(facts)}`, poetryReason(facts), 'T1');
}

function dynamicVersion({ poetry }: ProjectFacts): readonly Line[] {
  return poetry.dynamicVersion
    ? [line('ENV POETRY_DYNAMIC_VERSIONING_BYPASS=0.0.0', 'no repository is in a build context')]
    : [];
}

function settings(): readonly Line[] {
  return [
    line(
      joined('ENV', [
        'POETRY_NO_INTERACTION=1',
        'POETRY_VIRTUALENVS_IN_PROJECT=1',
        'POETRY_VIRTUALENVS_CREATE=1',
        `POETRY_CACHE_DIR=${CACHE}`,
      ]),
      'Poetry asks nothing, puts the environment into the project, and its cache where it can be found',
      'T9',
    ),
    EMPTY,
  ];
}

/** What the application is made of, and what it reads. */
function code(facts: ProjectFacts, build = true): readonly Line[] {
  const legal = build && facts.packageMode ? facts.licences : [];
  return copies(facts, [
    ...facts.sources,
    ...facts.included,
    ...legal.map((path) => ({ path, directory: false })),
  ]).map((text) => line(text, 'the code by name, so that nothing else of the context costs a build', 'T2'));
}

function runInPoetry({ image }: ProjectFacts): readonly Line[] {
  return [line(exec('ENTRYPOINT', ['poetry', 'run', ...image.entrypoint, ...image.cmd]))];
}
