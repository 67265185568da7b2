// Everest as peers are given it: a folder with the article's final Dockerfile, or with uv's and a lock of uv's own that
// holds the same versions.

import { execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PlanDocument } from '../src/report/plan.ts';
import { BIVY, runNode } from './process.ts';

const FIXTURES = fileURLToPath(new URL('./fixtures/', import.meta.url));

export function writeArticleContext(everest: string, directory: string): void {
  copyProject(everest, directory);
  copyFileSync(join(everest, 'poetry.lock'), join(directory, 'poetry.lock'));
  copyFileSync(join(FIXTURES, 'article.Dockerfile'), join(directory, 'Dockerfile'));
}

/** @throws Error where uv cannot lock the project */
export function writeUvContext(everest: string, directory: string, uv: string): void {
  copyProject(everest, directory);
  copyFileSync(join(FIXTURES, 'uv.Dockerfile'), join(directory, 'Dockerfile'));
  const { stdout } = runNode({ args: [BIVY, 'plan', everest, '--base', 'debian:12', '--json'] });
  const { packages } = JSON.parse(stdout) as PlanDocument;
  const versions = packages.map(({ name, version }) => `  "${name}==${version}",`);
  const path = join(directory, 'pyproject.toml');
  const [head = ''] = readFileSync(path, 'utf8').split('[build-system]');
  const build = '[build-system]\nrequires = ["uv_build>=0.9,<1"]\nbuild-backend = "uv_build"\n';
  const settings = '[tool.uv.build-backend]\nmodule-root = ""\n[tool.uv]\nconstraint-dependencies = [';
  writeFileSync(path, `${head}${build}${settings}\n${versions.join('\n')}\n]\n`);
  execFileSync(uv, ['lock', '-q'], { cwd: directory, stdio: 'pipe' });
}

function copyProject(everest: string, directory: string): void {
  mkdirSync(directory, { recursive: true });
  for (const name of ['everest', 'pyproject.toml', 'README.md']) {
    cpSync(join(everest, name), join(directory, name), { recursive: true });
  }
}

/** One line of code, another one each time. */
export function editContext(directory: string): void {
  appendFileSync(join(directory, 'everest', 'main.py'), `# edit ${performance.now()}\n`);
}
