// Dockerfiles of examples/annapurna as people write them who have something else to do, a kind each, with what is different
// in the project. What `--fix` makes of them must build, and hold the same.

export interface NaiveDockerfile {
  readonly name: string;
  readonly dockerfile: string;
  /** Applied to the example's files; a file that is not there is empty before. */
  readonly changes?: Readonly<Record<string, (text: string) => string>>;
  /** What the container is asked with: the interpreter that has the application. */
  readonly python: readonly string[];
  /** More than the BuildKit inside of Debian's Docker knows: a current one builds it, where there is one. */
  readonly current?: boolean;
  /** Rules that must be repaired by `--unsafe-fixes`, so that no kind passes because nothing is done. */
  readonly repaired: readonly string[];
}

function lines(...text: readonly string[]): string {
  return `${text.join('\n')}\n`;
}

const write = (text: string) => (): string => text;
const addTo =
  (text: string) =>
  (before: string): string =>
    before + text;
const SYSTEM = ['python3'];
const POETRY = ['poetry', 'run', 'python'];

export const NAIVE: readonly NaiveDockerfile[] = [
  {
    name: 'everything in one stage, as the article begins',
    dockerfile: lines(
      'FROM python:3.11-bookworm',
      '',
      'RUN pip install poetry',
      '',
      'COPY . .',
      '',
      'RUN poetry install',
      '',
      'ENTRYPOINT ["poetry", "run", "python", "-m", "annapurna.main"]',
    ),
    python: POETRY,
    repaired: ['BV101', 'BV102', 'BV103', 'BV104', 'BV109'],
  },
  {
    name: 'no environment of its own, a console script',
    changes: {
      'pyproject.toml': addTo('\n[tool.poetry.scripts]\nannapurna = "annapurna.main:main"\n'),
    },
    dockerfile: lines(
      'FROM python:3.11-slim-bookworm',
      'WORKDIR /app',
      'COPY . /app',
      'RUN pip install poetry',
      'RUN poetry config virtualenvs.create false \\',
      ' && poetry install',
      '# what it listens to',
      'EXPOSE 8000',
      '# how it starts',
      'CMD ["annapurna"]',
    ),
    python: SYSTEM,
    repaired: ['BV101', 'BV102', 'BV103', 'BV104', 'BV108'],
  },
  {
    name: 'manifests first, a version that nobody reads, the wrong cache removed',
    dockerfile: lines(
      'FROM python:3.11.14-slim-bookworm',
      'ENV PIP_NO_CACHE_DIR=1 \\',
      '    POETRY_VERSION=1.8.5 \\',
      '    POETRY_NO_INTERACTION=1 \\',
      '    POETRY_VIRTUALENVS_CREATE=false',
      'WORKDIR /app',
      'RUN pip install poetry',
      'COPY pyproject.toml poetry.lock ./',
      'RUN poetry install --no-root && rm -rf /root/.cache/pip',
      'COPY annapurna annapurna',
      'CMD ["python", "-m", "annapurna.main"]',
    ),
    python: SYSTEM,
    repaired: ['BV103', 'BV108', 'BV111', 'BV115', 'BV119'],
  },
  {
    name: 'requirements by an export',
    dockerfile: lines(
      'FROM python:3.11-slim-bookworm',
      'WORKDIR /app',
      'RUN pip install poetry poetry-plugin-export',
      'COPY pyproject.toml poetry.lock ./',
      'RUN poetry export -f requirements.txt -o requirements.txt --without-hashes',
      'RUN pip install -r requirements.txt',
      'COPY annapurna ./annapurna',
      'CMD python -m annapurna.main',
    ),
    python: SYSTEM,
    repaired: ['BV101', 'BV104', 'BV108'],
  },
  {
    name: 'installed packages copied out of a builder, keywords in lower case',
    dockerfile: lines(
      'from python:3.11-bookworm as builder',
      'workdir /src',
      'run pip install "poetry>=1.4"',
      'run poetry config virtualenvs.create false',
      'copy . .',
      'run ["poetry", "install", "--no-root"]',
      '',
      'from python:3.11-slim-bookworm',
      'workdir /app',
      'copy --from=builder /usr/local /usr/local',
      'copy --from=builder /src/annapurna annapurna',
      'cmd ["python", "-m", "annapurna.main"]',
    ),
    python: SYSTEM,
    repaired: ['BV103', 'BV104', 'BV108', 'BV112'],
  },
  {
    name: 'an environment in the project copied into the same image again, sources in src',
    changes: {
      'pyproject.toml': (text) =>
        text.replace(
          'readme = "README.md"',
          'readme = "README.md"\npackages = [{ include = "annapurna", from = "src" }]',
        ),
    },
    dockerfile: lines(
      'FROM python:3.11-bookworm AS build',
      'ENV POETRY_VIRTUALENVS_IN_PROJECT=true',
      'RUN pip install poetry',
      'WORKDIR /app',
      'ADD . .',
      'RUN poetry install --with dev',
      'FROM python:3.11-slim-bookworm',
      'WORKDIR /app',
      'COPY --from=build /app /app',
      'ENV PATH="/app/.venv/bin:$PATH"',
      'ENTRYPOINT ["python", "-m", "annapurna.main"]',
    ),
    python: ['python'],
    repaired: ['BV101', 'BV102', 'BV103', 'BV104', 'BV108'],
  },
  {
    name: 'heredocs',
    current: true,
    dockerfile: lines(
      'FROM python:3.11-slim-bookworm',
      'WORKDIR /app',
      'COPY <<pip.conf /etc/pip.conf',
      '[global]',
      'disable-pip-version-check = true',
      'pip.conf',
      'RUN <<EOF',
      'set -e',
      'pip install poetry',
      'poetry config virtualenvs.create false',
      'EOF',
      'COPY . .',
      "RUN <<'EOF' bash -e",
      '# all of it',
      'poetry install',
      'EOF',
      'CMD ["python", "-m", "annapurna.main"]',
    ),
    python: SYSTEM,
    repaired: ['BV101', 'BV103', 'BV104', 'BV108'],
  },
  {
    name: 'old forms, continuations with comments and empty lines, Windows line ends',
    dockerfile: lines(
      '# escape=\\',
      '',
      'FROM python:3.11-slim-bookworm',
      'MAINTAINER somebody',
      'ENV POETRY_VIRTUALENVS_CREATE false',
      'ENV NOTE a \\',
      '  # no part of it',
      '',
      '  b',
      'WORKDIR /app',
      'COPY pyproject.toml poetry.lock /app/',
      'RUN pip install \\',
      '    # the installer',
      '    poetry \\  ',
      '',
      ' && poetry install \\',
      '    # the project comes later',
      '    --no-root',
      'COPY annapurna /app/annapurna',
      'CMD ["python", "-m", "annapurna.main"]',
    ).replaceAll('\n', '\r\n'),
    python: SYSTEM,
    repaired: ['BV101', 'BV103', 'BV104', 'BV108'],
  },
  {
    name: 'versions by ARG, installed by what it triggers',
    dockerfile: lines(
      'ARG PYTHON=3.11',
      `FROM python:\${PYTHON}-slim-bookworm AS base`,
      'ARG POETRY_VERSION=1.8.5',
      `RUN pip install "poetry==$POETRY_VERSION"`,
      'ENV POETRY_VIRTUALENVS_CREATE=0',
      'WORKDIR /app',
      'ONBUILD COPY . .',
      'ONBUILD RUN poetry install --no-root',
      '',
      'FROM base AS final',
      'ENTRYPOINT ["python"]',
      'CMD ["-m", "annapurna.main"]',
    ),
    python: SYSTEM,
    repaired: [],
  },
  {
    name: 'a user, tabs, a dependency beside the code',
    changes: {
      'pyproject.toml': (text) =>
        text.replace(
          'fastapi = "^0.95.1"',
          'fastapi = "^0.95.1"\nhut = { path = "libs/hut", develop = true }',
        ),
      'libs/hut/pyproject.toml': write(
        '[tool.poetry]\nname = "hut"\nversion = "1.0"\ndescription = ""\nauthors = []\n[tool.poetry.dependencies]\npython = "^3.11"\n[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n',
      ),
      'libs/hut/hut/__init__.py': write('BEDS = 8\n'),
      'poetry.lock': (text) =>
        text.replace(
          '[metadata]',
          '[[package]]\nname = "hut"\nversion = "1.0"\ndescription = ""\ncategory = "main"\noptional = false\npython-versions = "^3.11"\nfiles = []\ndevelop = true\n\n[package.source]\ntype = "directory"\nurl = "libs/hut"\n\n[metadata]',
        ),
    },
    dockerfile: lines(
      'FROM python:3.11-slim-bookworm',
      'RUN useradd --create-home climber',
      'USER climber',
      'ENV PATH=/home/climber/.local/bin:$PATH',
      'RUN pip install --user poetry',
      'WORKDIR /home/climber/app',
      'COPY --chown=climber:climber . .',
      'RUN poetry config virtualenvs.in-project true && \\',
      '\tpoetry install && \\',
      '\ttrue',
      'CMD ["poetry", "run", "python", "-m", "annapurna.main"]',
    ),
    python: POETRY,
    repaired: ['BV103', 'BV104'],
  },
  {
    name: 'dependencies alone, groups that serve the application, an environment by hand',
    changes: {
      'pyproject.toml': (text) =>
        text
          .replace('readme = "README.md"', 'package-mode = false')
          .replace(
            '[tool.poetry.group.dev',
            '[tool.poetry.group.web.dependencies]\nanyio = "*"\n\n[tool.poetry.group.dev',
          ),
      'poetry.lock': (text) => text.replace('by Poetry 1.4.2', 'by Poetry 1.8.5'),
    },
    dockerfile: lines(
      'FROM python:3.11-slim-bookworm',
      'RUN pip install poetry',
      'WORKDIR /app',
      'COPY . .',
      'RUN python -m venv /venv && . /venv/bin/activate && poetry install',
      'ENV VIRTUAL_ENV=/venv PATH=/venv/bin:$PATH',
      'CMD ["python", "-m", "annapurna.main"]',
    ),
    python: ['/venv/bin/python'],
    repaired: ['BV101', 'BV102', 'BV103', 'BV104', 'BV109'],
  },
  {
    name: 'a stage for tests below, and what ships in the middle',
    dockerfile: lines(
      'FROM python:3.11-slim-bookworm AS base',
      'RUN pip install poetry',
      'RUN poetry config virtualenvs.create false',
      'WORKDIR /app',
      'COPY pyproject.toml poetry.lock README.md ./',
      'COPY annapurna/ ./annapurna/',
      'RUN poetry install --no-interaction',
      '',
      'FROM base AS test',
      'RUN python -m mypy --version',
      '',
      'FROM base AS prod',
      'CMD ["python", "-m", "annapurna.main"]',
    ),
    python: SYSTEM,
    repaired: ['BV101', 'BV104', 'BV105', 'BV108'],
  },
];
