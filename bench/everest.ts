// Everest as the benches of registries build it: a copy of the example to edit, with either lock, and a cold or a warm cache.

import { appendFileSync, copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildDocument } from '../src/report/build.ts';
import { BIVY, runAside } from './process.ts';

const EVEREST = fileURLToPath(new URL('../examples/everest', import.meta.url));
const OLD = fileURLToPath(new URL('./fixtures/everest-idna-3.19.lock', import.meta.url));
const NEW = join(EVEREST, 'poetry.lock');

export interface Built {
  readonly document: BuildDocument;
  /** Of the whole process. */
  readonly seconds: number;
}

export interface Everest {
  readonly directory: string;
  /** The lock before the bump of a 70 kB wheel, or after it. */
  lock(which: 'old' | 'new'): void;
  /** One line of code, another one each time. */
  edit(): void;
  build: Build;
}

/** @param cache an empty one, this time only, where left out */
type Build = (
  parameters: readonly string[],
  cache?: string,
  environment?: NodeJS.ProcessEnv,
) => Promise<Built>;

/** @param work a folder for scratch, which is the caller's to remove */
export function copyEverest(work: string): Everest {
  const directory = join(mkdtempSync(join(work, 'project-')), 'everest');
  cpSync(EVEREST, directory, { recursive: true });
  return {
    directory,
    lock: (which) => copyFileSync(which === 'old' ? OLD : NEW, join(directory, 'poetry.lock')),
    edit: () => appendFileSync(join(directory, 'everest', 'main.py'), `# edit ${performance.now()}\n`),
    build: buildsOf(directory, work),
  };
}

/** Builds of one project. @param work where cold caches go */
export function buildsOf(directory: string, work: string): Build {
  return async (parameters, cache, environment = {}) => {
    const BIVY_CACHE_DIR = cache ?? mkdtempSync(join(work, 'cold-'));
    const env = { ...process.env, ...environment, BIVY_CACHE_DIR, NO_COLOR: '1' };
    const args = [BIVY, 'build', directory, '--json', '--quiet', ...parameters];
    const { seconds, stdout } = await runAside({ args, env });
    if (cache === undefined) rmSync(BIVY_CACHE_DIR, { recursive: true, force: true });
    return { document: JSON.parse(stdout) as BuildDocument, seconds };
  };
}
