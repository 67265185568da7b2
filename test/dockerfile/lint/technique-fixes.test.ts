import { describe, expect, it } from 'vitest';
import { applyEdits } from '../../../src/dockerfile/lint/edit.ts';
import { fixAll } from '../../../src/dockerfile/lint/fix.ts';
import { openInput } from '../../../src/dockerfile/lint/input.ts';
import { lint } from '../../../src/dockerfile/lint/lint.ts';
import type { LintProject } from '../../../src/dockerfile/lint/project.ts';

const PROJECT: LintProject = {
  file: 'pyproject.toml',
  path: '',
  name: 'annapurna',
  packageMode: true,
  python: '^3.11',
  requiresPoetry: undefined,
  requiredPlugins: [],
  buildBackend: 'poetry.core.masonry.api',
  buildScript: undefined,
  lock: { poetry: '2.2.1', version: '2.1', packages: 6 },
  groups: [{ name: 'main', optional: false, dependencies: [] }],
  extras: [],
  readmes: [],
  packages: ['annapurna'],
  paths: [],
  sources: [],
  scripts: [],
  command: undefined,
  poetryToml: new Map(),
  ignore: undefined,
  contextFiles: [],
  files: [],
};

/** The text with the fix of one rule; undefined where it has none. */
function fixed(rule: string, text: string, project?: LintProject): string | undefined {
  const { findings } = lint(openInput(text, 'Dockerfile', project));
  const fix = findings.find((finding) => finding.rule === rule)?.fix;
  return fix == null ? undefined : applyEdits(text, fix.edits);
}

const HEAD = 'FROM python:3.12.4-slim\nWORKDIR /app\n';

describe('BV101, BV111, BV112: a version', () => {
  const lock = (poetry: string): LintProject => ({
    ...PROJECT,
    lock: { poetry, version: '2.1', packages: 1 },
  });
  it.each([
    ['BV101', '2.2.1', 'RUN pip install poetry', 'RUN pip install poetry==2.2.1'],
    ['BV101', '2.2.1', 'RUN pip install -U "poetry[x]" pip', 'RUN pip install -U "poetry[x]==2.2.1" pip'],
    ['BV101', '2.2.1', 'RUN ["pip", "install", "poetry"]', 'RUN ["pip", "install", "poetry==2.2.1"]'],
    ['BV101', '1.8.3', 'RUN pip install poetry', 'RUN pip install poetry==1.8.3 "virtualenv<20.31"'],
    [
      'BV101',
      '2.2.1',
      'RUN curl -sSL https://install.python-poetry.org | python3 -',
      'RUN curl -sSL https://install.python-poetry.org | python3 - --version 2.2.1',
    ],
    [
      'BV101',
      '2.2.1',
      'RUN curl -sSL https://install.python-poetry.org | POETRY_HOME=/p python',
      'RUN curl -sSL https://install.python-poetry.org | POETRY_HOME=/p python - --version 2.2.1',
    ],
    ['BV112', '2.2.1', 'RUN pip install poetry>=2.0.0', 'RUN pip install poetry==2.2.1'],
    ['BV112', '2.2.1', "RUN pip install 'poetry~=2.0'", "RUN pip install 'poetry==2.2.1'"],
    [
      'BV111',
      '2.2.1',
      'ENV POETRY_VERSION=2.3.4\nRUN pip install "poetry"',
      `ENV POETRY_VERSION=2.3.4\nRUN pip install "poetry==\${POETRY_VERSION}"`,
    ],
    [
      'BV111',
      '1.7.1',
      'ENV POETRY_VERSION=1.8.3\nRUN pip install poetry',
      `ENV POETRY_VERSION=1.8.3\nRUN pip install poetry==\${POETRY_VERSION} "virtualenv<20.31"`,
    ],
  ])('%s, of %s: %s', (rule, version, before, after) => {
    const rest = '\nCOPY pyproject.toml ./\nRUN poetry install --only main\n';
    expect(fixed(rule, `${HEAD}${before}${rest}`, lock(version))).toBe(`${HEAD}${after}${rest}`);
  });

  it('is not made up', () => {
    expect(fixed('BV101', `${HEAD}RUN pip install poetry\n`)).toBeUndefined();
    expect(fixed('BV101', `${HEAD}ARG P=poetry\nRUN pip install $P\n`, PROJECT)).toBeUndefined();
  });

  it.each([
    ['does not run on that Python', 'BV101', '2.3.4', 'FROM python:3.9-slim\nRUN pip install poetry'],
    ['does not run on the newest Python', 'BV101', '1.8.3', 'FROM python:3\nRUN pip install poetry'],
    [
      'cannot be told what it needs',
      'BV101',
      '1.8.3',
      'FROM python:3.11\nRUN curl -sSL https://install.python-poetry.org | python3 -',
    ],
    [
      'is older than the lock',
      'BV111',
      '2.2.1',
      'FROM python:3.11\nENV POETRY_VERSION=1.8.3\nRUN pip install poetry',
    ],
  ])('is not one that %s', (_, rule, version, lines) => {
    const text = `${lines}\nCOPY pyproject.toml poetry.lock ./\nRUN poetry install --only main\n`;
    const { findings } = lint(openInput(text, 'Dockerfile', lock(version)));
    expect(findings.map((finding) => finding.rule)).toContain(rule);
    expect(fixed(rule, text, lock(version))).toBeUndefined();
  });
});

describe('BV103, BV113, BV114: groups', () => {
  it.each([
    ['BV103', '2.1.4', 'RUN poetry install', 'RUN poetry install --only main'],
    ['BV103', '1.1.15', 'RUN poetry install -v', 'RUN poetry install --no-dev -v'],
    [
      'BV103',
      '2.1.4',
      'RUN ["poetry", "install", "-v"]',
      'RUN ["poetry", "install", "--only", "main", "-v"]',
    ],
    ['BV103', '2.1.4', 'RUN sh -c "poetry install && x"', 'RUN sh -c "poetry install --only main && x"'],
    ['BV103', '2.1.4', 'RUN poetry install --with dev,web', 'RUN poetry install --only main,web'],
    ['BV103', '2.1.4', 'RUN poetry install --with=dev -n', 'RUN poetry install --only main -n'],
    ['BV103', '2.1.4', 'RUN poetry install --without web', 'RUN poetry install --only main'],
    ['BV103', '2.1.4', 'RUN poetry install --all-groups', 'RUN poetry install --only main'],
    ['BV114', '2.1.4', 'RUN poetry bundle venv /v', 'RUN poetry bundle venv --only main /v'],
    [
      'BV113',
      '2.1.4',
      'RUN poetry install\nRUN poetry install --only main',
      'RUN poetry install --only main\nRUN poetry install --only main',
    ],
  ])('%s, with %s: %s', (rule, version, before, after) => {
    const head = `${HEAD}RUN pip install poetry==${version}\nCOPY pyproject.toml ./\n`;
    expect(fixed(rule, `${head}${before}\n`)).toBe(`${head}${after}\n`);
  });
});

describe('BV103: groups that are needed', () => {
  const head = `${HEAD}RUN pip install poetry==2.1.4\nCOPY pyproject.toml ./\n`;

  it('stay where they serve no development', () => {
    const groups = [
      { name: 'main', optional: false, dependencies: ['fastapi'] },
      { name: 'server', optional: false, dependencies: ['gunicorn'] },
      { name: 'docs', optional: false, dependencies: ['zensical'] },
      { name: 'extra', optional: true, dependencies: ['six'] },
    ];
    const fix = fixed('BV103', `${head}RUN poetry install\n`, { ...PROJECT, groups });
    expect(fix).toBe(`${head}RUN poetry install --only main,server\n`);
  });

  it('stay where they are named: `--no-dev` takes them not away', () => {
    const text = `${HEAD}COPY uv.lock pyproject.toml ./\nRUN uv sync --locked --no-dev --only-group test\n`;
    const { findings } = lint(openInput(text, 'Dockerfile', undefined));
    expect(findings.map(({ rule }) => rule)).toContain('BV103');
    expect(fixed('BV103', text)).toBeUndefined();
  });

  it.each([
    ['tests are run', 'RUN poetry install\nRUN poetry run pytest'],
    ['something unknown is run', 'RUN poetry install\nRUN make assets'],
    ['a tool of theirs is started', 'RUN poetry install\nCMD ["python", "-m", "debugpy", "app.py"]'],
    ['that is what the stage is for', 'FROM python:3.12 AS dev\nRUN poetry install'],
    ['another stage has them from here', 'RUN poetry install\nFROM 0 AS test\nRUN x\nFROM 0\nCMD ["y"]'],
  ])('stay where %s', (_, lines) => {
    const text = `${head}${lines.replaceAll('FROM 0', 'FROM base')}\n`.replace('-slim', '-slim AS base');
    const { findings } = lint(openInput(text, 'Dockerfile', undefined));
    expect(findings.map(({ rule }) => rule)).toContain('BV103');
    expect(fixed('BV103', text)).toBeUndefined();
  });
});

describe('BV104, BV107, BV118: the cache', () => {
  it.each([
    [
      'BV104',
      'ENV VIRTUAL_ENV=/v\nRUN --mount=type=cache,target=/root/.cache/pypoetry/cache poetry install',
      'ENV VIRTUAL_ENV=/v\nRUN --mount=type=cache,target=/root/.cache/pypoetry/artifacts \\\n    --mount=type=cache,target=/root/.cache/pypoetry/cache poetry install',
    ],
    [
      'BV104',
      'ENV POETRY_VIRTUALENVS_CREATE=false\nRUN poetry install',
      'ENV POETRY_VIRTUALENVS_CREATE=false\nRUN --mount=type=cache,target=/root/.cache/pypoetry poetry install',
    ],
    [
      'BV104',
      'RUN poetry install \\\n  && x',
      'RUN --mount=type=cache,target=/root/.cache/pypoetry/artifacts \\\n  --mount=type=cache,target=/root/.cache/pypoetry/cache \\\n  poetry install \\\n  && x',
    ],
    [
      'BV104',
      'USER app\nRUN poetry install --no-root && x',
      'USER app\nRUN poetry install --no-root \\\n    && rm -rf /home/app/.cache/pypoetry/artifacts /home/app/.cache/pypoetry/cache && x',
    ],
    [
      'BV104',
      'ENV VIRTUAL_ENV=/v\nRUN useradd -m -u 1000 app\nUSER 1000\nRUN poetry install',
      'ENV VIRTUAL_ENV=/v\nRUN useradd -m -u 1000 app\nUSER 1000\nRUN --mount=type=cache,target=/home/app/.cache/pypoetry,uid=1000 poetry install',
    ],
    [
      'BV118',
      'ENV VIRTUAL_ENV=/v\nRUN --mount=type=cache,id=x,target=/root/.cache/poetry,sharing=locked poetry install',
      'ENV VIRTUAL_ENV=/v\nRUN --mount=type=cache,id=x,target=/root/.cache/pypoetry,sharing=locked poetry install',
    ],
  ])('%s: %s', (rule, before, after) => {
    const head = `${HEAD}RUN pip install poetry==2.1.4\nCOPY pyproject.toml ./\n`;
    expect(fixed(rule, `${head}${before}\n`)).toBe(`${head}${after}\n`);
  });

  it('is removed whole where the environment is elsewhere, in the style of the RUN', () => {
    const head = `${HEAD}ENV POETRY_VIRTUALENVS_IN_PROJECT=1\nUSER app\nCOPY pyproject.toml ./\n`;
    const fix = fixed('BV104', `${head}RUN x && \\\n\tpoetry install && \\\n\ty\n`);
    expect(fix).toBe(
      `${head}RUN x && \\\n\tpoetry install && \\\n\trm -rf /home/app/.cache/pypoetry && \\\n\ty\n`,
    );
  });

  it('is not mounted whole where the environment is in it', () => {
    const head = `${HEAD}ENV POETRY_CACHE_DIR=/c POETRY_VIRTUALENVS_PATH=/c/envs\nCOPY pyproject.toml ./\n`;
    const fix = fixed('BV104', `${head}RUN poetry install\n`);
    expect(fix).toContain('target=/c/artifacts');
    expect(fix).not.toMatch(/target=\/c\s/);
  });

  it('is not mounted by a frontend that cannot', () => {
    const text = `# syntax=docker/dockerfile:1.0\n${HEAD}COPY pyproject.toml ./\nRUN poetry install\n`;
    expect(fixed('BV107', text)).toBeUndefined();
  });

  it('is not mounted where the same RUN removes it, which would fail', () => {
    const head = `${HEAD}COPY pyproject.toml ./\n`;
    expect(fixed('BV107', `${head}RUN poetry install && rm -rf /root/.cache\n`)).toBeUndefined();
  });
});

describe('BV102, BV105: the order', () => {
  it('puts manifests before the install, and code behind it', () => {
    const before = `${HEAD}COPY --chown=app . .\nRUN pip install poetry==2.1.4\nRUN poetry install --only main\nCMD ["x"]\n`;
    const after = `${HEAD}COPY --chown=app pyproject.toml poetry.lock ./\nRUN pip install poetry==2.1.4\nRUN poetry install --no-root --only main\nCOPY --chown=app . .\nRUN poetry install --only-root\nCMD ["x"]\n`;
    expect(fixed('BV102', before)).toBe(after);
  });

  it('moves code', () => {
    const before = `${HEAD}COPY pyproject.toml ./\nCOPY src src\nRUN poetry install --no-root\n`;
    const after = `${HEAD}COPY pyproject.toml ./\nRUN poetry install --no-root\nCOPY src src\n`;
    expect(fixed('BV105', before)).toBe(after);
  });

  it.each([
    ['something reads the code', 'COPY . .\nRUN ./prepare.sh\nRUN poetry install'],
    ['the same RUN reads the code', 'COPY . .\nRUN poetry install && make docs'],
    ['it is installed again', 'COPY . .\nRUN poetry install\nRUN poetry install --extras x'],
    ['Poetry knows no --only-root', 'RUN pip install poetry==1.1.15\nCOPY . .\nRUN poetry install'],
    ['it is mounted', 'RUN --mount=type=bind,target=. poetry install'],
    ['something of it is removed', 'COPY . .\nRUN rm -rf .venv\nRUN poetry install'],
    ['something of it is sourced', 'COPY . .\nRUN . ./env.sh\nRUN poetry install'],
    ['the project lies deeper', 'COPY . .\nWORKDIR api\nRUN poetry install'],
    ['the RUN goes deeper', 'COPY . .\nRUN cd api && poetry install'],
    ['Poetry is told to go deeper', 'COPY . .\nRUN poetry -C api install'],
    ['Poetry goes away again', 'COPY . .\nRUN poetry install && pip uninstall -y poetry'],
    ['the environment is active in that RUN alone', 'COPY . .\nRUN . /v/bin/activate && poetry install'],
  ])('leaves it where %s', (_, lines) => {
    expect(fixed('BV102', `${HEAD}${lines}\n`)).toBeUndefined();
  });

  it('leaves it where path dependencies are', () => {
    const paths = [{ name: 'shared', path: '../shared', group: 'main', develop: true }];
    expect(fixed('BV102', `${HEAD}COPY . .\nRUN poetry install\n`, { ...PROJECT, paths })).toBeUndefined();
  });
});

describe('BV108: the user', () => {
  const install = 'RUN poetry config virtualenvs.create false && poetry install --only main\n';
  it('stands before what starts', () => {
    const before = `${HEAD}${install}EXPOSE 8000\n\n# starts it\nCMD ["app"]\n`;
    expect(fixed('BV108', before)).toBe(
      `${HEAD}${install}EXPOSE 8000\n\nUSER 1000:1000\n# starts it\nCMD ["app"]\n`,
    );
  });

  it('is not set where Poetry starts the application, or its environment is in the home of root', () => {
    expect(fixed('BV108', `${HEAD}${install}CMD ["poetry", "run", "app"]\n`)).toBeUndefined();
    expect(fixed('BV108', `${HEAD}RUN poetry install\nCMD ["app"]\n`)).toBeUndefined();
  });

  it.each([
    ['a port needs root', 'CMD ["uvicorn", "app:app", "--port", "80"]'],
    ['a port is exposed that needs root', 'EXPOSE 8000 443\nCMD ["app"]'],
    ['nobody knows what the script does', 'ENTRYPOINT ["/start", "now"]'],
    ['a shell script starts it', 'CMD bash run.sh'],
    ['something lies in the home of root', 'COPY --from=x /root/.cargo /root/.cargo\nCMD ["app"]'],
    ['the PATH leads to the home of root', 'ENV PATH=/root/.local/bin:$PATH\nCMD ["app"]'],
    ['somebody wants root', 'USER root\nCMD ["app"]'],
    ['another stage builds on it', 'CMD ["app"]\nFROM base AS dev\nRUN apt-get update'],
  ])('is not set where %s', (_, lines) => {
    const text = `${HEAD}${install}${lines}\n`.replace('-slim', '-slim AS base');
    const { findings } = lint(openInput(text, 'Dockerfile', undefined));
    expect(findings.map(({ rule }) => rule)).toContain('BV108');
    expect(fixed('BV108', text)).toBeUndefined();
  });
});

describe('all fixes together', () => {
  const naive = `${HEAD}RUN pip install poetry\nCOPY . .\nRUN poetry config virtualenvs.create false\nRUN poetry install\nCMD ["python", "-m", "annapurna"]\n`;
  const check = (text: string) => {
    const input = openInput(text, 'Dockerfile', PROJECT);
    const { findings } = lint(input);
    return {
      findings,
      problems: input.dockerfile.problems.length,
      regions: input.dockerfile.instructions.map(({ span }) => span),
    };
  };

  it('make of a naive file a good one, with its line ends', () => {
    const good = [
      'FROM python:3.12.4-slim',
      'WORKDIR /app',
      'RUN pip install poetry==2.2.1',
      'COPY pyproject.toml poetry.lock ./',
      'RUN poetry config virtualenvs.create false',
      'RUN --mount=type=cache,target=/root/.cache/pypoetry poetry install --only main --no-root',
      'COPY . .',
      'RUN poetry install --only-root',
      'USER 1000:1000',
      'CMD ["python", "-m", "annapurna"]',
      '',
    ];
    for (const end of ['\n', '\r\n']) {
      const { text, dropped } = fixAll(naive.replaceAll('\n', end), check, { unsafe: true });
      expect(text.split(end)).toEqual(good);
      expect(dropped).toEqual([]);
      const { techniques } = lint(openInput(text, 'Dockerfile', PROJECT));
      expect(Object.values(techniques).filter((verdict) => verdict === 'missed')).toHaveLength(1);
      expect(techniques.T6).toBe('missed');
    }
  });
});
