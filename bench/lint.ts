// What `bivy lint` costs: one Dockerfile with the project beside it against `node -e 0`, and a thousand in one run.

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LintDocument } from '../src/report/lint-json.ts';
import { BIVY, median, runNode } from './process.ts';
import type { BenchRow } from './row.ts';

const ANNAPURNA = fileURLToPath(new URL('../examples/annapurna/', import.meta.url));
const RUNS = 11;
const FILES = 1000;
/** Seconds that a run may take besides twice the start of Node. */
const ALLOWANCE = 0.06;

export async function run(): Promise<BenchRow[]> {
  const work = mkdtempSync(join(tmpdir(), 'bivy-bench-lint-'));
  try {
    return [one(work), many(work)];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function one(work: string): BenchRow {
  const project = join(work, 'one');
  mkdirSync(project);
  for (const name of ['pyproject.toml', 'poetry.lock'])
    copyFileSync(join(ANNAPURNA, name), join(project, name));
  writeFileSync(join(project, 'Dockerfile'), dockerfile(0));
  const args = [BIVY, 'lint', join(project, 'Dockerfile'), '--json', '--fail-on', 'never'];
  const pairs = Array.from({ length: RUNS }, () => ({
    node: runNode({ args: ['-e', '0'] }).seconds,
    lint: runNode({ args }).seconds,
  }));
  const figure = median(pairs.map(({ node, lint }) => (lint - ALLOWANCE) / node));
  const milliseconds = (seconds: readonly number[]): string => `${(median(seconds) * 1000).toFixed(0)} ms`;
  return {
    name: 'lint of one Dockerfile and its project, less 60 ms',
    figure,
    limit: 2,
    unit: 'x node -e 0',
    better: 'lower',
    detail: `median of ${RUNS} pairs; ${milliseconds(pairs.map(({ lint }) => lint))} against ${milliseconds(pairs.map(({ node }) => node))}`,
  };
}

function many(work: string): BenchRow {
  const folder = join(work, 'many');
  mkdirSync(folder);
  for (let index = 0; index < FILES; index++) {
    const name = join(folder, `${index}`);
    mkdirSync(name);
    writeFileSync(join(name, 'Dockerfile'), dockerfile(index));
    if (index % 2 === 0) copyFileSync(join(ANNAPURNA, 'pyproject.toml'), join(name, 'pyproject.toml'));
  }
  const args = [BIVY, 'lint', folder, '--json', '--fail-on', 'never'];
  const runs = Array.from({ length: 3 }, () => runNode({ args }));
  const document = JSON.parse(runs[0]?.stdout ?? '') as LintDocument;
  if (document.files.length !== FILES) throw new Error(`${document.files.length} files were linted`);
  const findings = document.files.reduce((sum, file) => sum + file.findings.length, 0);
  return {
    name: `lint of ${FILES} Dockerfiles, every other with a project`,
    figure: median(runs.map(({ seconds }) => seconds)),
    limit: 3,
    unit: 's',
    better: 'lower',
    detail: `median of 3 runs; ${findings} findings`,
  };
}

/** Of the kinds that people write, no two alike. */
function dockerfile(index: number): string {
  const poetry = ['poetry', 'poetry==1.8.3', '"poetry>=1.2,<2"'][index % 3];
  const install = ['poetry install', 'poetry install --no-dev', 'poetry install --only main --no-root'][
    index % 3
  ];
  const single = [
    `FROM python:3.${9 + (index % 5)}${index % 2 === 0 ? '-slim' : ''}`,
    'ENV PYTHONUNBUFFERED=1 \\',
    '    # what pip leaves',
    '    PIP_NO_CACHE_DIR=1',
    `WORKDIR /srv/${index}`,
    'RUN apt-get update && apt-get install -y --no-install-recommends \\',
    '      build-essential libpq-dev \\',
    '    && rm -rf /var/lib/apt/lists/*',
    `RUN pip install ${poetry}`,
    ...(index % 4 === 0 ? ['COPY . .'] : ['COPY pyproject.toml poetry.lock ./']),
    `RUN poetry config virtualenvs.create false && ${install}`,
    'COPY . .',
    'EXPOSE 8000',
    'CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0"]',
  ];
  const staged = [
    '# syntax=docker/dockerfile:1',
    `ARG PYTHON=3.11.${index % 10}`,
    `FROM python:\${PYTHON}-slim-bookworm AS builder`,
    `ENV POETRY_VERSION=1.8.3 POETRY_VIRTUALENVS_IN_PROJECT=1 N=${index}`,
    'RUN curl -sSL https://install.python-poetry.org | python3 - --version "$POETRY_VERSION"',
    'WORKDIR /app',
    'COPY pyproject.toml poetry.lock ./',
    'RUN --mount=type=cache,target=/root/.cache/pypoetry <<EOF',
    `${install}`,
    'EOF',
    `FROM python:\${PYTHON}-slim-bookworm`,
    'COPY --from=builder /app/.venv /app/.venv',
    'COPY app /app/app',
    'USER 65532:65532',
    'ENTRYPOINT ["/app/.venv/bin/python", "-m", "app"]',
  ];
  return `${(index % 2 === 0 ? single : staged).join('\n')}\n`;
}
