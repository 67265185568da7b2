// The `.dockerignore` beside a generated Dockerfile: everything is left out but what the Dockerfile copies.

import { MARKER, type ProjectFacts } from './facts.ts';

export function generateDockerignore(facts: ProjectFacts): string {
  const kept = new Set([
    'pyproject.toml',
    'poetry.lock',
    ...facts.sources,
    ...facts.included,
    ...facts.licences,
    ...facts.readmes,
  ]);
  return `${[
    MARKER,
    '*',
    ...[...kept].map((path) => `!${path.replace(/\/$/, '')}`),
    '**/__pycache__',
    '**/*.pyc',
    '**/.venv',
  ].join('\n')}\n`;
}
