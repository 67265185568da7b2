// The `.dockerignore` beside a generated Dockerfile: everything is left out but what the Dockerfile copies.

import { MARKER, type ProjectFacts, type Rung } from '../facts.ts';
import { inContext } from './blocks.ts';
import { ignorePattern } from './words.ts';

/** Wherever they are: what tools leave behind, and what no image should ever hold. */
const NEVER = ['**/__pycache__', '**/*.pyc', '**/.venv', '**/.git', '**/node_modules'];

export function generateDockerignore(facts: ProjectFacts, rung: Rung = 'best'): string {
  const { manifests, sources, included, licences, paths, readmes, packageMode } = facts;
  const kept = new Set([
    ...manifests,
    ...[...sources, ...included].map(({ path }) => path),
    ...licences,
    ...paths.map(({ path }) => path),
    // Every other rung puts an empty one in its place.
    ...(rung === 0 && packageMode ? readmes : []),
  ]);
  return `${[MARKER, '*', ...[...kept].map((path) => `!${ignorePattern(inContext(facts, path))}`), ...NEVER].join('\n')}\n`;
}
