import { describe, expect, it } from 'vitest';
import { TECHNIQUES, type Technique } from '../../../src/dockerfile/lint/finding.ts';
import { openInput } from '../../../src/dockerfile/lint/input.ts';
import { lint } from '../../../src/dockerfile/lint/lint.ts';

// One trait a case. `y`, `n`, `-` as people label: met, missed, does not apply.

type Label = 'y' | 'n' | '-';
const VERDICTS = { met: 'y', missed: 'n', 'n/a': '-' } as const;

function label(dockerfile: string, technique: Technique): Label {
  const { techniques, findings } = lint(openInput(dockerfile, 'Dockerfile', undefined));
  for (const one of TECHNIQUES) {
    if (techniques[one] === 'missed') expect(findings.map((finding) => finding.technique)).toContain(one);
  }
  return VERDICTS[techniques[technique]];
}

/** The rule that tells the technique. */
function told(dockerfile: string, technique: Technique): readonly string[] {
  const { findings } = lint(openInput(dockerfile, 'Dockerfile', undefined));
  return findings.filter((finding) => finding.technique === technique).map(({ rule }) => rule);
}

const HEAD = 'FROM python:3.12.4-slim\nWORKDIR /app\n';
const MANIFESTS = 'COPY pyproject.toml poetry.lock ./\n';
const INSTALL = `${MANIFESTS}RUN poetry install --only main --no-root\n`;

describe('T1: Poetry is pinned', () => {
  it.each<readonly [Label, string, string]>([
    ['y', 'by pip', 'RUN pip install poetry==1.8.3'],
    ['y', 'to two numbers', 'RUN pip install "poetry==1.8"'],
    ['y', 'among others', 'RUN pip3 install -U pip yq wheel poetry==1.8.3'],
    ['y', 'with extras, by the Python of a venv', 'RUN /opt/p/bin/python -m pip install "poetry[x]==1.8.3"'],
    ['y', 'by a variable', 'ENV V=1.8.3\nRUN pip install "poetry==$V"'],
    ['y', 'by an argument without a default', `ARG V\nRUN pip install poetry==\${V}`],
    ['y', 'by the installer', 'RUN curl -sSL https://install.python-poetry.org | python3 - --version 1.8.3'],
    [
      'y',
      'by the variable that the installer reads',
      'ENV POETRY_VERSION=1.8.3\nRUN curl -sSL https://install.python-poetry.org | POETRY_HOME=/p python3 -',
    ],
    [
      'y',
      'by that variable in front',
      'RUN curl -sSL https://install.python-poetry.org | POETRY_VERSION=1.8.3 python3',
    ],
    [
      'y',
      'by a script that was copied',
      'COPY install-poetry.py ./\nRUN python3 ./install-poetry.py --version 1.8.3',
    ],
    [
      'y',
      'by a script that was added',
      `ADD https://install.python-poetry.org /tmp/install-poetry.py\nARG V=2.1.4\nRUN python /tmp/install-poetry.py --version \${V}`,
    ],
    ['y', 'by pipx', 'RUN pipx install poetry==1.8.3'],
    ['y', 'by asdf', 'RUN asdf plugin add poetry && asdf install poetry 1.8.3 && asdf global poetry 1.8.3'],
    ['y', 'by what mise reads', 'COPY .tool-versions ./\nRUN mise install poetry'],
    ['n', 'by mise, to no version', 'RUN mise use -g poetry@latest'],
    ['y', 'by uv', 'RUN uv tool install poetry@1.8.3'],
    [
      'y',
      'by what uv runs with a plugin',
      `ARG V=2.1.4\nRUN uvx --with poetry-plugin-export==1.9.0 poetry@\${V} export -o r.txt`,
    ],
    ['y', 'once of twice', 'RUN pip install poetry poetry==2.0.1'],
    ['y', 'by a constraint', 'RUN pip install poetry -c constraints.txt'],
    [
      'y',
      'in a requirements file',
      'COPY requirements.txt ./\nRUN pip install --require-hashes -r requirements.txt',
    ],
    ['n', 'not', 'RUN pip install --upgrade pip poetry'],
    ['n', 'not by a variable that pip does not read', 'ENV POETRY_VERSION=1.8.3\nRUN pip install poetry'],
    ['n', 'not by a redirect', 'RUN pip install poetry>=2.0.0'],
    ['n', 'not by a range', "RUN pip install 'poetry~=1.8.0'"],
    ['n', 'not by a wildcard', 'RUN pip install poetry==1.*'],
    ['n', 'not where a plugin is', 'RUN pip install poetry poetry-plugin-export==1.8.0'],
    ['n', 'not where a plugin of what uv runs is', 'RUN uvx --with poetry-plugin-export==1.9.0 poetry check'],
    ['n', 'not by the installer alone', 'RUN curl -sSL https://install.python-poetry.org | python3 -'],
    ['n', 'not where nothing brings it', ''],
  ])('%s: %s', (expected, _, lines) => {
    expect(label(`${HEAD}${lines}\n${INSTALL}`, 'T1')).toBe(expected);
  });

  it('rests on the base that brings it', () => {
    const use = '\nCOPY pyproject.toml ./\nRUN poetry install --only main\n';
    expect(label(`FROM acme/python-poetry:2.2.0-python3.12${use}`, 'T1')).toBe('y');
    expect(label(`FROM acme/python-poetry:3.12-slim${use}`, 'T1')).toBe('n');
    expect(label(`FROM poetry:latest${use}`, 'T1')).toBe('n');
    expect(label(`FROM acme/conda:24.9.2${use}`, 'T1')).toBe('n');
    expect(label(`FROM acme/conda:24.9.2@sha256:${'a'.repeat(64)}${use}`, 'T1')).toBe('y');
  });

  it('asks uv and pdm where they install', () => {
    const uv = 'RUN uv sync --no-dev\n';
    expect(label(`${HEAD}COPY --from=ghcr.io/astral-sh/uv:0.9.26 /uv /bin/\n${uv}`, 'T1')).toBe('y');
    expect(label(`${HEAD}COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/\n${uv}`, 'T1')).toBe('n');
    expect(label(`${HEAD}RUN pip install pdm==2.8.0 && pdm sync --prod\n`, 'T1')).toBe('y');
    expect(label(`${HEAD}RUN pip install -r requirements.txt\n`, 'T1')).toBe('-');
  });

  it('tells what is wrong', () => {
    expect(told(`${HEAD}ENV POETRY_VERSION=1.8.3\nRUN pip install poetry\n${INSTALL}`, 'T1')).toEqual([
      'BV111',
    ]);
    expect(told(`${HEAD}RUN pip install poetry>=2\n${INSTALL}`, 'T1')).toEqual(['BV112']);
  });
});

describe('T2 and T5: what comes before the install', () => {
  it.each<readonly [Label, Label, string, string]>([
    ['y', 'y', 'manifests', 'COPY pyproject.toml poetry.lock* README.md ./'],
    ['y', 'y', 'manifests by globs', 'COPY *.toml *.lock ./'],
    [
      'y',
      'y',
      'scripts and configuration',
      'COPY ./scripts/wait.sh entrypoint.sh logging.yaml ./\nCOPY pyproject.toml ./',
    ],
    [
      'y',
      'y',
      'what a variable without a value names',
      `ARG CONF\nCOPY \${CONF} /app/\nCOPY pyproject.toml ./`,
    ],
    [
      'y',
      'y',
      'a path dependency beside the project',
      'COPY api/pyproject.toml api/\nCOPY shared shared\nWORKDIR /app/api',
    ],
    ['y', 'y', 'what others wrote', 'COPY pyproject.toml poetry.lock ./\nCOPY third_party /app/third_party'],
    ['n', 'n', 'everything', 'COPY . .'],
    ['n', 'n', 'everything, after the manifests', 'COPY pyproject.toml poetry.lock ./\nADD ./ /app'],
    ['n', 'n', 'everything as a list', 'COPY --chown=app ["./", "/app/"]'],
    ['n', 'n', 'everything through a parent of the context', 'COPY ../ /app/'],
    ['n', 'n', 'a clone', 'RUN git clone https://example.org/x.git .'],
    ['y', 'n', 'the directory that has the manifests', 'COPY backend /app'],
    ['y', 'n', 'code', 'COPY pyproject.toml ./\nCOPY src /app/src'],
    ['y', 'n', 'a wheel of it', 'COPY pyproject.toml poetry.lock ./\nCOPY dist/*.whl dist/'],
    ['y', 'n', 'a module', 'COPY main.py poetry.lock pyproject.toml /app/'],
  ])('%s %s: %s', (context, order, _, lines) => {
    const dockerfile = `${HEAD}RUN pip install poetry==2.1.4\n${lines}\nRUN poetry install --only main\nCOPY . .\n`;
    expect(label(dockerfile, 'T2')).toBe(context);
    expect(label(dockerfile, 'T5')).toBe(order);
  });

  it('looks at wheels that are found by another program', () => {
    const build = `${HEAD}RUN pip install poetry==2.1.4\nCOPY shop shop\nCOPY pyproject.toml poetry.lock ./\nRUN poetry build\n`;
    for (const install of [
      'ls dist | grep .whl | xargs pip install',
      "find -name '*.whl' | xargs pip install -U",
    ]) {
      const dockerfile = `${build}RUN ${install}\n`;
      expect(TECHNIQUES.map((technique) => label(dockerfile, technique)).join('')).toBe('yyynnnnn-y');
    }
    expect(label(`${build}RUN echo x | xargs pip install\n`, 'T5')).toBe('-');
  });

  it('looks at the install of wheels that were built before', () => {
    const build = `FROM python:3.12.4 AS build\nRUN pip install poetry==1.8.3\n${MANIFESTS}RUN poetry export -o r.txt\nRUN pip wheel -w /wheels -r r.txt\n`;
    const install = 'RUN pip install --no-index --find-links=/wheels -r /wheels/r.txt\n';
    const [early, late] = [`COPY . .\n${install}`, `${install}COPY . .\n`].map(
      (lines) => `${build}${HEAD}COPY --from=build /wheels /wheels\n${lines}`,
    ) as [string, string];
    expect([label(early, 'T2'), label(early, 'T5')]).toEqual(['n', 'n']);
    expect([label(late, 'T2'), label(late, 'T5')]).toEqual(['y', 'y']);
  });

  it('looks at the first install: the second only adds the project', () => {
    const dockerfile = `${HEAD}RUN pip install poetry==2.1.4\n${INSTALL}COPY . .\nRUN poetry install --only main\n`;
    expect([label(dockerfile, 'T2'), label(dockerfile, 'T5')]).toEqual(['y', 'y']);
  });

  it('looks at parents, and not at a frontend', () => {
    const parent = `FROM python:3.12.4-slim AS base\nCOPY . .\nFROM base\nRUN pip install poetry==2.1.4 && poetry install\n`;
    expect(label(parent, 'T2')).toBe('n');
    const frontend = `FROM node:20.1.0-slim AS web\nCOPY . .\nRUN npm ci\n${HEAD}RUN pip install poetry==2.1.4\n${INSTALL}COPY --from=web /dist dist\n`;
    expect(label(frontend, 'T2')).toBe('y');
  });

  it('counts bind mounts of the RUN that installs', () => {
    const some = '--mount=type=bind,source=pyproject.toml,target=pyproject.toml';
    expect(label(`${HEAD}RUN ${some} poetry install --only main\nCOPY . .\n`, 'T2')).toBe('y');
    expect(label(`${HEAD}RUN --mount=type=bind,target=. poetry install --only main\n`, 'T2')).toBe('n');
  });

  it('judges a wheel by what it was built from', () => {
    const dockerfile = `FROM python:3.12.4 AS build\nRUN pip install poetry==2.1.4\nADD . /src\nRUN poetry build\n${HEAD}COPY --from=build /src/dist/*.whl .\nRUN pip install *.whl\n`;
    expect([label(dockerfile, 'T2'), label(dockerfile, 'T5'), label(dockerfile, 'T3')]).toEqual([
      'n',
      'n',
      'y',
    ]);
  });

  it('says nothing where nothing is installed or copied', () => {
    expect(label(`${HEAD}RUN pip install poetry==2.1.4\nCOPY . .\n`, 'T2')).toBe('-');
    expect(label(`${HEAD}RUN poetry install\n`, 'T5')).toBe('-');
  });
});

describe('T3: dev groups', () => {
  it.each<readonly [Label, string, string]>([
    ['y', 'only main', 'RUN poetry install --only=main,web'],
    ['y', 'without, among others', 'RUN poetry install --without docs,dev'],
    ['y', 'the old flag', 'RUN poetry install --no-dev'],
    ['y', 'options before the command', 'RUN poetry -n --no-ansi install --only main'],
    ['y', 'in a variable', `ARG FLAGS="--only main"\nRUN poetry install \${FLAGS} --no-root`],
    [
      'y',
      'by the default of an argument',
      'ARG INSTALL_DEV=false\nRUN bash -c "if [ $INSTALL_DEV == \'true\' ] ; then poetry install ; else poetry install --no-dev ; fi"',
    ],
    [
      'y',
      'unless an argument is set',
      'ARG DEV\nRUN poetry install --without=dev\nRUN if [ $DEV ]; then poetry install --with=dev; fi',
    ],
    [
      'y',
      'by what a command prints',
      'ARG ENV=production\nRUN poetry install $(test "$ENV" = production && echo "--no-dev")',
    ],
    [
      'n',
      'by what a command prints where it is told to',
      'ARG ENV\nRUN poetry install $(test "$ENV" = production && echo "--no-dev")',
    ],
    [
      'y',
      'by a variable that a branch sets',
      'ARG DEV=false\nRUN if [ "$DEV" = "true" ]; then A="--with dev"; else A="--only main"; fi && poetry install $A',
    ],
    [
      'n',
      'by a variable that the other branch sets',
      'ARG DEV=true\nRUN if [ "$DEV" = "true" ]; then A="--with dev"; else A="--only main"; fi && poetry install $A',
    ],
    [
      'n',
      'by what a command prints in no build',
      'RUN poetry install $(test "$ENV" = production && echo "--no-dev")',
    ],
    [
      'n',
      'by what a command does not print',
      'ARG ENV=dev\nRUN poetry --version && poetry install $(test "$ENV" = production && echo "--no-dev") -n',
    ],
    ['y', 'by a task that is told', "RUN make install opts='--without dev'"],
    ['n', 'by a task', 'RUN make install'],
    ['y', 'synced away', 'RUN poetry install\nRUN poetry install --sync --only main'],
    ['y', 'exported', 'RUN poetry export -o requirements.txt && pip install -r requirements.txt'],
    [
      'y',
      'exported to another file',
      'RUN poetry export -o r.txt && poetry export --with dev -o dev.txt\nRUN pip install -r r.txt',
    ],
    ['y', 'the project by pip', 'RUN pip install .'],
    ['n', 'all that is not optional', 'RUN poetry install --no-root'],
    ['n', 'as a list', 'RUN ["poetry", "install"]'],
    ['n', 'by an absolute path', 'ENV POETRY_HOME=/opt/poetry\nRUN $POETRY_HOME/bin/poetry install'],
    ['n', 'with another group', 'RUN poetry install --with plugins'],
    ['n', 'without another group', 'RUN poetry install --without admin'],
    ['n', 'asked for', 'RUN poetry install --only main,dev'],
    ['n', 'first, and then not', 'RUN poetry install\nRUN poetry install --no-dev'],
    ['n', 'bundled', 'RUN poetry bundle venv /venv'],
    ['n', 'exported with', 'RUN poetry export --with dev -o r.txt && pip install -r r.txt'],
    ['n', 'by a script', 'RUN poetry --version && ./scripts/install-deps.sh'],
    ['-', 'not installed', 'RUN poetry --version'],
  ])('%s: %s', (expected, _, lines) => {
    expect(
      label(
        `${HEAD}RUN pip install poetry==1.8.3\nCOPY pyproject.toml poetry.lock scripts ./\n${lines}\n`,
        'T3',
      ),
    ).toBe(expected);
  });

  it('asks what is copied', () => {
    const build = `FROM python:3.12.4 AS build\nWORKDIR /src\nRUN pip install poetry==2.1.4\n${MANIFESTS}RUN poetry install\nCOPY app app\nRUN poetry build\n`;
    const wheel = `${build}${HEAD}COPY --from=build /src/dist/*.whl ./\nRUN pip install --no-cache-dir `;
    for (const words of ['./*.whl', '$(ls ./*.whl)', '--find-links=. $(cat name)']) {
      expect(TECHNIQUES.map((one) => label(`${wheel}${words}\n`, one)).join('')).toBe('yyyynynn-y');
    }
    const hidden = `${build.replace('poetry build', 'make sdist')}${HEAD}COPY --from=build /src/dist /dist\nRUN pip install /dist/*.tar.gz\n`;
    expect([label(hidden, 'T2'), label(hidden, 'T5')]).toEqual(['y', 'n']);
    expect(label(hidden.replace('COPY app app', 'COPY . .'), 'T2')).toBe('n');
    expect(label(`${build}${HEAD}COPY --from=build /src /src\nRUN pip install /src/dist/*.whl\n`, 'T3')).toBe(
      'n',
    );
    const main = `FROM python:3.12.4 AS main\nRUN pip install poetry==2.1.4\n${MANIFESTS}RUN poetry install --only main\n`;
    const both = `${main}FROM main AS full\nRUN poetry install\n${HEAD}COPY --from=main /venv /venv\n`;
    expect(label(`${both}COPY --from=full /app/settings.py ./\n`, 'T3')).toBe('y');
    expect(label(`${both}COPY --from=full /app/more ./\n`, 'T3')).toBe('n');
  });

  it('asks the stage meant for production', () => {
    const base = `FROM python:3.12.4-slim AS prod\nRUN pip install poetry==2.1.4\nCOPY pyproject.toml ./\nRUN poetry install --only main\n`;
    expect(label(`${base}FROM prod AS dev\nRUN poetry install\n`, 'T3')).toBe('y');
    expect(label(`${base}FROM prod\nRUN poetry install\n`, 'T3')).toBe('n');
    expect(label(`${base}FROM prod AS tests\nRUN poetry install\nFROM prod\n`, 'T3')).toBe('y');
  });

  it('knows uv and pdm', () => {
    expect(label(`${HEAD}ENV UV_NO_DEV=1\nRUN uv sync --locked\n`, 'T3')).toBe('y');
    expect(label(`${HEAD}RUN uv sync --locked\n`, 'T3')).toBe('n');
    expect(label(`${HEAD}RUN pdm install --prod\n`, 'T3')).toBe('y');
    expect(label(`${HEAD}RUN pdm sync\n`, 'T3')).toBe('n');
  });
});

describe('T4 and T7: the cache', () => {
  it.each<readonly [Label, Label, string, string]>([
    ['y', 'y', 'mounted', 'RUN --mount=type=cache,target=/root/.cache/pypoetry poetry install'],
    ['y', 'y', 'mounted above', 'RUN --mount=type=cache,dst=/root/.cache,sharing=locked poetry install'],
    [
      'y',
      'y',
      'mounted by a variable',
      'ENV POETRY_CACHE_DIR=/tmp/c\nRUN --mount=type=cache,target=$POETRY_CACHE_DIR poetry install',
    ],
    [
      'y',
      'y',
      'mounted where it was configured',
      'RUN poetry config cache-dir /opt/c\nRUN --mount=type=cache,target=/opt/c poetry install',
    ],
    [
      'y',
      'y',
      'mounted in its parts',
      'RUN --mount=type=cache,target=/root/.cache/pypoetry/artifacts poetry install',
    ],
    [
      'y',
      'y',
      'mounted in the home of the user',
      'USER app\nRUN --mount=type=cache,target=/home/app/.cache/pypoetry poetry install',
    ],
    [
      'y',
      'y',
      'mounted in a home that cannot be known',
      'USER 1000\nRUN --mount=type=cache,target=/home/x/.cache poetry install',
    ],
    [
      'y',
      'n',
      'removed by a variable without a value',
      'ARG POETRY_CACHE_DIR\nRUN poetry install && rm -rf $POETRY_CACHE_DIR',
    ],
    ['y', 'n', 'removed', 'ENV POETRY_CACHE_DIR=/tmp/c\nRUN poetry install && rm -rf $POETRY_CACHE_DIR'],
    [
      'y',
      'n',
      'removed in its parts',
      'SHELL ["/bin/bash", "-c"]\nRUN poetry install && rm -rf ~/.cache/pypoetry/{cache,artifacts}',
    ],
    ['n', 'n', 'kept by braces', 'RUN poetry install && rm -rf ~/.cache/pypoetry/{cache,artifacts}'],
    ['y', 'n', 'removed by its content', 'RUN poetry install ; rm -r /root/.cache/*'],
    ['y', 'n', 'removed where Poetry says it is', 'RUN poetry install && rm -rf $(poetry config cache-dir)'],
    ['y', 'n', 'disabled', 'RUN poetry install --no-cache'],
    ['n', 'n', 'left', 'RUN poetry install'],
    ['n', 'n', 'of pip disabled', 'ENV PIP_NO_CACHE_DIR=1\nRUN poetry install'],
    ['n', 'n', 'of pip removed', 'RUN poetry install && rm -rf /root/.cache/pip'],
    ['n', 'n', 'removed before', 'RUN rm -rf /root/.cache && poetry install'],
    ['n', 'n', 'removed too late', 'RUN poetry install\nRUN rm -rf /root/.cache'],
    ['n', 'n', 'cleared in part', 'RUN poetry install && poetry cache clear --all .'],
    [
      'n',
      'y',
      'mounted in the part that has no wheels',
      'RUN --mount=type=cache,target=/root/.cache/pypoetry/cache poetry install',
    ],
    ['n', 'n', 'mounted elsewhere', 'RUN --mount=type=cache,target=/root/.cache/poetry poetry install'],
    ['n', 'n', 'mounted at a tilde', 'RUN --mount=type=cache,target=~/.cache/pypoetry poetry install'],
    [
      'n',
      'n',
      'mounted in the home of another user',
      'USER app\nRUN --mount=type=cache,target=/root/.cache poetry install',
    ],
    ['n', 'n', 'filled anew', 'RUN poetry install && rm -rf /root/.cache\nRUN poetry install --extras web'],
    [
      'y',
      'n',
      'not filled by a second install of the same',
      'RUN poetry install --no-root && rm -rf /root/.cache\nRUN poetry install',
    ],
  ])('%s %s: %s', (cache, mount, _, lines) => {
    const dockerfile = `${HEAD}RUN pip install poetry==2.1.4\n${MANIFESTS}${lines}\n`;
    expect(label(dockerfile, 'T4')).toBe(cache);
    expect(label(dockerfile, 'T7')).toBe(mount);
  });

  it("is pip's where pip installs", () => {
    const head = `${HEAD}RUN pip install poetry==2.1.4\n${MANIFESTS}RUN poetry export > r.txt\n`;
    expect(label(`${head}RUN pip install --no-cache-dir -r r.txt\n`, 'T4')).toBe('y');
    expect(label(`${head}ENV PIP_NO_CACHE_DIR=off\nRUN pip install -r r.txt\n`, 'T4')).toBe('y');
    expect(label(`${head}RUN pip install -r r.txt\n`, 'T4')).toBe('n');
    expect(label(`${head}RUN --mount=type=cache,target=/root/.cache/pip pip install -r r.txt\n`, 'T7')).toBe(
      'y',
    );
  });

  it('is not filled where it is disabled', () => {
    const mount = '--mount=type=cache,target=/root/.cache';
    const uv = `${HEAD}COPY uv.lock pyproject.toml ./\nRUN ${mount} uv sync --locked\n`;
    expect([label(uv, 'T4'), label(uv, 'T7')]).toEqual(['y', 'y']);
    const disabled = uv.replace('COPY', 'ENV UV_NO_CACHE=1\nCOPY');
    expect([label(disabled, 'T4'), label(disabled, 'T7')]).toEqual(['y', 'n']);
  });

  it.each([
    ['BV116', 'RUN poetry install && poetry cache clear --all .'],
    ['BV115', 'RUN poetry install && rm -rf /root/.cache/pip'],
    ['BV115', 'RUN poetry install\nRUN rm -rf /root/.cache'],
    ['BV117', 'ENV PIP_NO_CACHE_DIR=1\nRUN poetry install'],
    ['BV104', 'RUN poetry install'],
  ])('tells by %s', (rule, lines) => {
    expect(told(`${HEAD}${MANIFESTS}${lines}\n`, 'T4')).toEqual([rule]);
  });
});

describe('T6: a slim stage of its own', () => {
  const build = (base: string) => `FROM ${base} AS build\nRUN pip install poetry==2.1.4\n${INSTALL}`;
  it.each<readonly [Label, string, string]>([
    ['y', 'slim', `${build('python:3.12')}FROM python:3.12-slim\nCOPY --from=build /app /app\n`],
    ['y', 'by number', `${build('python:3.12-slim')}FROM python:3.12-slim\nCOPY --from=0 /app /app\n`],
    ['y', 'alpine', `${build('python:3.12')}FROM alpine:3.21\nCOPY --from=build / /\n`],
    [
      'y',
      'requirements from another stage',
      `FROM python:3.12 AS deps\nRUN pip install poetry && poetry export -o r.txt\nFROM python:3.12-alpine\nCOPY --from=deps /r.txt .\nRUN pip install -r r.txt\n`,
    ],
    ['n', 'full', `${build('python:3.12')}FROM python:3.12\nCOPY --from=build /app /app\n`],
    [
      'n',
      'full by a code name',
      `${build('python:3.12')}FROM python:3.12-bookworm\nCOPY --from=build /app /app\n`,
    ],
    [
      'n',
      'an image that nobody knows',
      `${build('python:3.12')}FROM acme/service:1.2.3\nCOPY --from=build /app /app\n`,
    ],
    ['n', 'what a build has to say', `${build('python:3.12')}ARG X\nFROM $X\nCOPY --from=build /app /app\n`],
    [
      'y',
      'small, whatever version',
      `ARG V\n${build('python:3.12')}FROM python:$V-slim\nCOPY --from=build /app /app\n`,
    ],
    [
      'y',
      'a server of files',
      `${build('python:3.12')}FROM nginx:1.27\nCOPY --from=build /app/site /usr/share/nginx/html\n`,
    ],
    ['n', 'one stage', build('python:3.12-slim')],
    [
      'n',
      'a frontend beside',
      `FROM node:20 AS web\nRUN npm ci\n${build('python:3.12-slim')}COPY --from=web /dist dist\n`,
    ],
    ['n', 'the stage of the install', `${build('python:3.12-slim')}FROM build\nCMD ["x"]\n`],
  ])('%s: %s', (expected, _, dockerfile) => {
    expect(label(dockerfile, 'T6')).toBe(expected);
  });

  it('takes a task for the install where a lock is copied', () => {
    const build =
      'FROM python:3.12 AS build\nCOPY poetry.lock pyproject.toml Makefile ./\nRUN make install\n';
    const dockerfile = `${build}${HEAD}COPY --from=build /app/.venv .venv\nCOPY . .\n`;
    expect(TECHNIQUES.map((one) => label(dockerfile, one)).join('')).toBe('nynnyynnnn');
    expect(label(dockerfile.replace('poetry.lock', 'package-lock.json'), 'T6')).toBe('-');
  });
});

describe('T8: not root', () => {
  it.each<readonly [Label, string, string]>([
    ['y', 'a name', 'USER app'],
    ['y', 'numbers', 'USER 1000:1000'],
    ['y', 'a variable', `ARG UID=1000\nUSER \${UID}`],
    ['n', 'none', ''],
    ['n', 'root again', 'USER app\nUSER root'],
    ['n', 'zero with a group', 'USER 0:1000'],
    ['n', 'root by a variable', 'ARG WHO=root\nUSER $WHO'],
    ['n', 'a comment', '# USER app'],
  ])('%s: %s', (expected, _, lines) => {
    expect(label(`${HEAD}RUN pip install poetry\n${lines}\n`, 'T8')).toBe(expected);
  });

  it('is inherited from a stage, and not from a stage that is copied from', () => {
    expect(label(`${HEAD.replace('\n', ' AS a\n')}USER app\nFROM a\n`, 'T8')).toBe('y');
    expect(label(`FROM node:20 AS web\nUSER node\n${HEAD}COPY --from=web /d /d\n`, 'T8')).toBe('n');
  });
});

describe('T9: settings', () => {
  it.each<readonly [Label, string, string]>([
    ['y', 'by environment', 'ENV POETRY_VIRTUALENVS_CREATE=false\nRUN poetry install'],
    ['y', 'in the old form', 'ENV POETRY_NO_INTERACTION 1\nRUN poetry install'],
    ['y', 'exported', 'RUN export POETRY_VIRTUALENVS_CREATE=false && poetry install'],
    ['y', 'by configuration', 'RUN poetry config virtualenvs.create false && poetry install'],
    ['y', 'by a file', 'COPY poetry.toml ./\nRUN poetry install'],
    ['y', 'by a flag', 'RUN poetry install -n'],
    ['n', 'none', 'RUN poetry install'],
    ['n', 'others', 'ENV POETRY_HOME=/p POETRY_VERSION=1 POETRY_CACHE_DIR=/c\nRUN poetry install --no-ansi'],
    ['n', 'those of the venv', 'ENV VIRTUAL_ENV=/venv\nRUN poetry install'],
    [
      '-',
      'where a wheel is built, and nothing more',
      'RUN poetry config virtualenvs.create false && poetry build && pip install dist/*.whl',
    ],
    ['-', 'of an export', 'RUN poetry export -o r.txt && pip install -r r.txt'],
  ])('%s: %s', (expected, _, lines) => {
    expect(label(`${HEAD}${MANIFESTS}${lines}\n`, 'T9')).toBe(expected);
  });

  it('tells that the variable is folklore, without missing the technique', () => {
    const dockerfile = `${HEAD}ENV POETRY_NO_INTERACTION=1\n${INSTALL}`;
    expect([label(dockerfile, 'T9'), told(dockerfile, 'T9')]).toEqual(['y', ['BV119']]);
  });
});

describe('T10: bases', () => {
  it.each<readonly [Label, string]>([
    ['y', 'FROM python:3.12.4-slim'],
    ['y', 'FROM ghcr.io/osgeo/gdal:ubuntu-small-3.13.3'],
    ['y', `FROM python@sha256:${'a'.repeat(64)}`],
    ['y', `ARG V=3.12.4\nFROM --platform=linux/amd64 docker.io/python:\${V}-slim`],
    ['y', 'FROM scratch'],
    ['n', 'FROM python:3.12-slim'],
    ['n', 'FROM python'],
    ['n', 'FROM localhost:5000/python'],
    ['n', `ARG V\nFROM python:\${V}`],
    ['n', 'FROM node:20 AS web\nFROM python:3.12.4-slim'],
  ])('%s: %s', (expected, from) => {
    expect(label(`${from}\nRUN pip install poetry\n`, 'T10')).toBe(expected);
  });
});

describe('a template', () => {
  const template = `FROM {{ cookiecutter.image }} AS base
{%- if cookiecutter.x %}
RUN pip install poetry=={{ cookiecutter.poetry }}
{%- endif %}
COPY pyproject.toml ./
RUN --mount=type=cache,target=/root/.cache \\
    {%- if cookiecutter.private %}
    --mount=type=secret,id=auth \\
    {%- endif %}
    poetry install --only main --no-interaction
`;

  it('is read around its tags, and not fixed', () => {
    const verdicts = TECHNIQUES.map((technique) => label(template, technique)).join('');
    expect(verdicts).toBe('yyyyynynyn');
    const { findings } = lint(openInput(template, 'Dockerfile', undefined));
    const mine = findings.filter(({ technique }) => technique !== null);
    expect(mine.filter(({ fix }) => fix !== null)).toEqual([]);
  });
});

describe('nothing of Python', () => {
  it('leaves most techniques out', () => {
    const dockerfile = `ARG BASE\nFROM \${BASE}\nRUN echo hello\n`;
    expect(TECHNIQUES.map((technique) => label(dockerfile, technique)).join('')).toBe('----------');
  });

  it('but what a container runs', () => {
    const dockerfile = 'FROM acme/base:latest\nENTRYPOINT ["poetry", "run", "python", "main.py"]\n';
    expect(TECHNIQUES.map((technique) => label(dockerfile, technique)).join('')).toBe('n----nnnnn');
  });

  it('but a script that is called after Poetry', () => {
    const dockerfile = `${HEAD}COPY . .\nRUN ./scripts/poetry.sh\nFROM python:3.12\nCOPY --from=0 /app/dist/*.whl .\nRUN pip install *.whl\n`;
    expect(label(dockerfile, 'T1')).toBe('n');
  });

  it('and so does a base for others', () => {
    const dockerfile = `${HEAD}RUN pip install pdm\nONBUILD COPY pyproject.toml ./\nONBUILD RUN pdm sync\n`;
    expect(TECHNIQUES.map((technique) => label(dockerfile, technique)).join('')).toBe('n-------ny');
  });
});
