import { applyEdits } from '../../../../src/dockerfile/lint/edit.ts';
import { openInput } from '../../../../src/dockerfile/lint/input.ts';
import type { LintProject } from '../../../../src/dockerfile/lint/project.ts';
import type { Observation } from '../../../../src/dockerfile/lint/rule.ts';
import { RULES } from '../../../../src/dockerfile/lint/rules/index.ts';

const PROJECT: LintProject = {
  file: 'pyproject.toml',
  path: '',
  name: 'hut',
  packageMode: true,
  python: '>=3.10,<4.0',
  requiresPoetry: undefined,
  requiredPlugins: [],
  buildBackend: 'poetry.core.masonry.api',
  buildScript: undefined,
  lock: { poetry: '2.1.4', version: '2.1', packages: 12 },
  groups: [
    { name: 'main', optional: false, dependencies: ['fastapi'] },
    { name: 'dev', optional: false, dependencies: ['pytest'] },
  ],
  extras: ['web'],
  readmes: [],
  packages: ['hut'],
  paths: [],
  sources: [],
  scripts: ['hut'],
  command: ['hut'],
  poetryToml: new Map(),
  ignore: { file: '.dockerignore', lines: ['.git', '.venv', '.env'] },
  contextFiles: ['Dockerfile', 'README.md', 'hut/', 'poetry.lock', 'pyproject.toml'],
  files: ['Dockerfile', 'README.md', 'hut/', 'poetry.lock', 'pyproject.toml'],
};

/** `null`: none beside it. */
export type Beside = Partial<LintProject> | null;

function check(id: string, text: string, beside: Beside): readonly Observation[] {
  const rule = RULES.find((one) => one.id === id);
  if (rule === undefined) throw new Error(`there is no ${id}`);
  const project = beside === null ? undefined : { ...PROJECT, ...beside };
  return [...rule.check(openInput(text, 'Dockerfile', project))];
}

/** What the carets stand under, of what one rule finds. */
export function seen(id: string, text: string, beside: Beside = null): readonly string[] {
  return check(id, text, beside).map(({ span }) => text.slice(span.start, span.end));
}

/** What one rule says. */
export function told(id: string, text: string): readonly string[] {
  return check(id, text, null).map(({ message }) => message);
}

/** The file with the first fix of one rule; the file itself where it offers none. */
export function repaired(id: string, text: string, beside: Beside = null): string {
  const fix = check(id, text, beside).find((one) => one.fix !== undefined)?.fix;
  return fix === undefined ? text : applyEdits(text, fix.edits);
}

/** A stage that installs with a pinned Poetry; lines of its own before and behind. */
export function stage(
  install: string,
  {
    poetry = '2.1.4',
    base = 'python:3.13.1-slim',
    before = '',
    copy = 'COPY pyproject.toml poetry.lock ./',
    after = '',
  }: {
    readonly poetry?: string;
    readonly base?: string;
    readonly before?: string;
    readonly copy?: string;
    readonly after?: string;
  } = {},
): string {
  const pip = `RUN pip install ${poetry === '' ? 'poetry' : `poetry==${poetry}`}`;
  const lines = [`FROM ${base}`, 'WORKDIR /app', before, pip, copy, `RUN ${install}`, after];
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}

/** A builder with an environment at `/app/.venv`, and what ships. */
export function stages(
  ships: string,
  {
    builder = 'python:3.13.1-slim',
    runtime = 'python:3.13.1-slim',
  }: { readonly builder?: string; readonly runtime?: string } = {},
): string {
  return `FROM ${builder} AS builder
WORKDIR /app
ENV POETRY_VIRTUALENVS_IN_PROJECT=true
RUN pip install poetry==2.1.4
COPY pyproject.toml poetry.lock ./
RUN poetry install --only main --no-root

FROM ${runtime}
WORKDIR /app
${ships}
`;
}
