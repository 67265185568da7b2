// The Dockerfile that an expert would write for this project, and each rung of the climb to it. Text only; pure.
// The techniques are those of "Blazing fast Python Docker builds with Poetry"; docs/dockerfile.md has the reasons.

import { MARKER, type ProjectFacts, type Rung } from './facts.ts';
import { installArguments, poetryRequirements } from './poetry.ts';

const CACHE = '/tmp/poetry_cache';
const POETRY = '/opt/poetry/bin/poetry';

/** @returns the whole text, with a newline at its end */
export function generateDockerfile(facts: ProjectFacts, rung: Rung): string {
  const body = rung === 'best' ? best(facts) : RUNGS[rung](facts);
  return `${[MARKER, ...body].join('\n')}\n`;
}

const RUNGS: Readonly<Record<Exclude<Rung, 'best'>, (facts: ProjectFacts) => string[]>> = {
  0: (facts) => [
    '# Rung 0: naive. It works, and ships Poetry, the dev dependencies, every cache and the whole context.',
    `FROM python:${facts.python}-bookworm`,
    'RUN pip install poetry',
    '',
    'WORKDIR /app',
    'COPY . .',
    '',
    'RUN poetry install',
    '',
    ...runInPoetry(facts),
  ],
  1: (facts) => [
    '# Rung 1: Poetry pinned to the version that wrote the lock, minimal copies, no dev dependencies.',
    ...single(facts),
    ...copyManifests(),
    ...copySources(facts),
    ...stubReadme(facts),
    '',
    `RUN poetry install${installArguments(facts, { root: true, withoutDevelopment: true })}`,
    '',
    ...runInPoetry(facts),
  ],
  2: (facts) => [
    "# Rung 2: Poetry's cache cleaned in the same layer, and Poetry told to behave.",
    ...single(facts, settings()),
    ...copyManifests(),
    ...copySources(facts),
    ...stubReadme(facts),
    '',
    `RUN poetry install${installArguments(facts, { root: true, withoutDevelopment: true })} && rm -rf $POETRY_CACHE_DIR`,
    '',
    ...runInPoetry(facts),
  ],
  3: (facts) => [
    '# Rung 3: dependencies before code, so that a code edit rebuilds the last layers only.',
    ...single(facts, settings()),
    ...copyManifests(),
    `RUN poetry install${installArguments(facts, { root: false, withoutDevelopment: true })} && rm -rf $POETRY_CACHE_DIR`,
    '',
    ...copySources(facts),
    ...stubReadme(facts),
    ...(facts.packageMode
      ? [
          `RUN poetry install${installArguments(facts, { root: true, withoutDevelopment: true })} && rm -rf $POETRY_CACHE_DIR`,
        ]
      : []),
    '',
    ...runInPoetry(facts),
  ],
  4: (facts) =>
    twoStages(
      facts,
      '# Rung 4: multi-stage. The fat builder stays behind, only the virtual environment crosses.',
      (args) => `RUN poetry install${args} && rm -rf $POETRY_CACHE_DIR`,
    ),
  5: (facts) =>
    twoStages(
      facts,
      '# Rung 5: cache mounts, so that a dependency edit is fast too.',
      (args) => `RUN --mount=type=cache,target=${CACHE} poetry install${args}`,
    ),
};

function single(facts: ProjectFacts, environment: readonly string[] = []): string[] {
  return [
    `FROM python:${facts.python}-bookworm`,
    installPoetry(facts),
    '',
    ...environment,
    'WORKDIR /app',
    '',
  ];
}

function twoStages(facts: ProjectFacts, title: string, install: (args: string) => string): string[] {
  const withoutRoot = install(installArguments(facts, { root: false, withoutDevelopment: true }));
  return [
    title,
    `FROM python:${facts.python}-bookworm AS builder`,
    installPoetry(facts),
    '',
    ...settings(),
    'WORKDIR /app',
    '',
    ...copyManifests(),
    withoutRoot,
    '',
    ...(facts.packageMode
      ? [
          ...copySources(facts),
          ...stubReadme(facts),
          install(installArguments(facts, { root: true, withoutDevelopment: true })),
          '',
        ]
      : []),
    `FROM python:${facts.python}-slim-bookworm AS runtime`,
    '',
    'WORKDIR /app',
    'ENV VIRTUAL_ENV=/app/.venv \\',
    '    PATH="/app/.venv/bin:$PATH"',
    '',
    'COPY --from=builder /app/.venv /app/.venv',
    ...copySources(facts),
    '',
    ...exec('CMD', facts.command),
  ];
}

function best(facts: ProjectFacts): string[] {
  const slim = `python:${facts.python}-slim-bookworm`;
  const mount = `--mount=type=cache,target=${CACHE},sharing=locked`;
  const sdists = facts.sdists.length > 0;
  return [
    '# The builder has Poetry; nothing of it reaches the image that ships.',
    ...(sdists ? [`# ${facts.sdists.join(', ')}: source only, so the builder has a compiler.`] : []),
    `FROM ${sdists ? `python:${facts.python}-bookworm` : slim} AS builder`,
    '',
    ...settings(),
    '# The version that wrote poetry.lock, in a virtual environment of its own.',
    'RUN --mount=type=cache,target=/root/.cache/pip,sharing=locked \\',
    `    python -m venv /opt/poetry && /opt/poetry/bin/pip install --disable-pip-version-check ${quoted(poetryRequirements(facts.poetry))}`,
    '',
    'WORKDIR /app',
    '# Dependencies before code: this layer changes only when the lock does.',
    ...copyManifests(),
    '# The environment is made without pip and setuptools: the application does not need them to run.',
    `RUN ${mount} \\`,
    `    python -m venv --without-pip .venv && ${POETRY} install --no-ansi${installArguments(facts, { root: false })}`,
    '',
    ...(facts.packageMode ? rootStage(facts, mount) : []),
    '# The image: Python, the virtual environment, the code.',
    `FROM ${slim} AS runtime`,
    '',
    'RUN groupadd --gid 65532 nonroot && useradd --uid 65532 --gid 65532 --create-home --shell /usr/sbin/nologin nonroot',
    '',
    'ENV VIRTUAL_ENV=/app/.venv \\',
    '    PATH="/app/.venv/bin:$PATH" \\',
    '    PYTHONUNBUFFERED=1 \\',
    '    PYTHONDONTWRITEBYTECODE=1',
    'WORKDIR /app',
    '',
    '# Slow-changing things first: a code edit moves the last, small layer alone.',
    'COPY --from=builder /app/.venv /app/.venv',
    ...(facts.packageMode ? ['COPY --from=application /application /app/.venv'] : copySources(facts)),
    ...facts.included.map((path) => `COPY ${path} ./${path}`),
    '',
    'USER 65532:65532',
    ...facts.expose.map((port) => `EXPOSE ${port}`),
    ...exec('CMD', facts.command),
  ];
}

/** The project's own wheel, unpacked apart from the dependencies, so that it becomes a layer of its own. */
function rootStage(facts: ProjectFacts, mount: string): string[] {
  return [
    '# The project itself, installed as a wheel (not editable), apart from its dependencies.',
    'FROM builder AS application',
    ...copySources(facts),
    ...facts.licences.map((path) => `COPY ${path} ./`),
    ...stubReadme(facts),
    `RUN ${mount} \\`,
    `    ${POETRY} build --no-ansi --format wheel && \\`,
    '    /opt/poetry/bin/pip --python .venv/bin/python install --disable-pip-version-check --no-compile --no-deps --no-index \\',
    '        --ignore-installed --prefix /application dist/*.whl',
    '',
  ];
}

function settings(): string[] {
  const all = [
    'POETRY_NO_INTERACTION=1',
    'POETRY_VIRTUALENVS_IN_PROJECT=1',
    'POETRY_VIRTUALENVS_CREATE=1',

    `POETRY_CACHE_DIR=${CACHE}`,
  ];
  return [
    ...all.map(
      (setting, index) =>
        `${index === 0 ? 'ENV ' : '    '}${setting}${index === all.length - 1 ? '' : ' \\'}`,
    ),
    '',
  ];
}

function installPoetry(facts: ProjectFacts): string {
  return `RUN pip install ${quoted(poetryRequirements(facts.poetry))}`;
}

function copyManifests(): string[] {
  return ['COPY pyproject.toml poetry.lock ./'];
}

function copySources({ sources }: ProjectFacts): string[] {
  return sources.map((path) => `COPY ${path} ./${path}`);
}

/** Poetry refuses to install or build the project without its readme; an empty one does not invalidate the cache. */
function stubReadme({ readmes, packageMode }: ProjectFacts): string[] {
  if (readmes.length === 0 || !packageMode) return [];
  const directories = [
    ...new Set(readmes.flatMap((path) => (path.includes('/') ? [path.slice(0, path.lastIndexOf('/'))] : []))),
  ];
  const make = directories.length === 0 ? '' : `mkdir -p ${directories.join(' ')} && `;
  return [`RUN ${make}touch ${readmes.join(' ')}`];
}

function runInPoetry(facts: ProjectFacts): string[] {
  return exec('ENTRYPOINT', ['poetry', 'run', ...facts.command]);
}

function exec(instruction: string, words: readonly string[]): string[] {
  return [`${instruction} ${JSON.stringify(words).replaceAll('","', '", "')}`];
}

function quoted(requirements: readonly string[]): string {
  return requirements.map((text) => (/[<>~!]/.test(text) ? `"${text}"` : text)).join(' ');
}
