// The Poetry projects below a directory: what has `pyproject.toml` and `poetry.lock`.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Never projects of the user: environments, what was fetched, what was built. */
const PASSED_BY = new Set(['node_modules', '__pycache__', 'site-packages', 'dist', 'build', 'venv']);
const DEPTH = 6;

/** Relative to the directory, `''` for itself, sorted by code unit. Links and hidden directories are not followed. */
export function findProjects(directory: string): readonly string[] {
  const found: string[] = [];
  look('', 0);
  return found.sort();

  function look(place: string, depth: number): void {
    const here = join(directory, place);
    if (existsSync(join(here, 'pyproject.toml')) && existsSync(join(here, 'poetry.lock'))) found.push(place);
    if (depth === DEPTH) return;
    for (const entry of entriesOf(here)) {
      if (!entry.isDirectory() || entry.name.startsWith('.') || PASSED_BY.has(entry.name)) continue;
      if (existsSync(join(here, entry.name, 'pyvenv.cfg'))) continue;
      look(place === '' ? entry.name : `${place}/${entry.name}`, depth + 1);
    }
  }
}

function entriesOf(directory: string): readonly import('node:fs').Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    // What may not be read, or is gone meanwhile, holds no project that could be built.
    if (['EACCES', 'ENOENT', 'ENOTDIR'].includes(String((error as NodeJS.ErrnoException).code))) return [];
    throw error;
  }
}
