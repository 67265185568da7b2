// Where the answers of real Poetrys are: `BIVY_SHARED`, or `../shared` beside the checkout.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Lock } from '../../src/lock/lock.ts';
import { decodeLock } from '../../src/lock/poetry-lock.ts';
import type { Project } from '../../src/project/project.ts';
import { decodePyproject } from '../../src/project/pyproject.ts';

const beside = fileURLToPath(new URL('../../../shared', import.meta.url));
const shared = process.env['BIVY_SHARED'] ?? beside;

export const oracles: string = join(shared, 'oracles');
export const selections: string = join(oracles, 'selection');
export const locks: string = join(shared, 'data', 'locks');

/** False, loudly, where the oracles are not there. */
export const haveOracles: boolean = existsSync(selections) && existsSync(locks);
if (!haveOracles) console.warn(`SKIPPED: no oracles in ${shared}; set BIVY_SHARED to where they are`);

export function lockNames(): readonly string[] {
  return haveOracles
    ? readdirSync(locks, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
        .sort()
    : [];
}

const loaded = new Map<string, { readonly project: Project; readonly lock: Lock }>();

export function loadProject(name: string): { readonly project: Project; readonly lock: Lock } {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const read = (file: string): string => readFileSync(join(locks, name, file), 'utf8');
  const result = {
    project: decodePyproject(read('pyproject.toml'), 'pyproject.toml'),
    lock: decodeLock(read('poetry.lock'), 'poetry.lock'),
  };
  loaded.set(name, result);
  return result;
}
