import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

// What `bivy lint` loads decides how long one file takes. `npm test` compiles the program first.

const ROOT = new URL('../../', import.meta.url);
const PROGRAM = fileURLToPath(new URL('dist/cli/main.js', ROOT));
const BUILT = existsSync(new URL('dist/cli/lint.js', ROOT));

/** Rooms and packages that a linter has no business with. */
const FORBIDDEN = [
  'app/build.js',
  'app/context.js',
  'attest/',
  'debian/',
  'engines/',
  'kernel/http',
  'layers/',
  'lock/',
  'oci/',
  'registry/',
  'wheels/',
  'undici',
  'openpgp',
  'node:http',
  'node:https',
  'node:tls',
  'node:worker_threads',
];

function modulesOf(folder: string, ...flags: readonly string[]): readonly string[] {
  const list = join(folder, 'modules.txt');
  rmSync(list, { force: true });
  const lister = new URL('test/support/module-list.mjs', ROOT).href;
  const args = [
    '--import',
    lister,
    PROGRAM,
    'lint',
    join(folder, 'Dockerfile'),
    '--fail-on',
    'never',
    ...flags,
  ];
  const ran = spawnSync(process.execPath, args, {
    env: { ...process.env, MODULE_LIST: list },
    encoding: 'utf8',
  });
  expect(ran.status, ran.stderr).toBe(0);
  const dist = new URL('dist/', ROOT).href;
  return readFileSync(list, 'utf8')
    .trim()
    .split('\n')
    .map((url) => (url.startsWith(dist) ? url.slice(dist.length) : url))
    .map((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? url);
}

describe.runIf(BUILT)('what `bivy lint` loads', () => {
  it('is the linter, and with a project what reads that', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bivy-lint-modules-'));
    try {
      const example = fileURLToPath(new URL('examples/annapurna/', ROOT));
      for (const name of ['pyproject.toml', 'poetry.lock'])
        copyFileSync(join(example, name), join(folder, name));
      writeFileSync(join(folder, 'Dockerfile'), 'FROM python:3.13.1-slim\n');
      const beside = modulesOf(folder);
      const alone = modulesOf(folder, '--no-project');
      for (const modules of [beside, alone]) {
        expect(modules.filter((name) => FORBIDDEN.some((start) => name.startsWith(start)))).toEqual([]);
      }
      expect(beside).toContain('project/pyproject.js');
      expect(alone.filter((name) => name === 'smol-toml' || name.startsWith('python/'))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

if (!BUILT) console.warn('SKIPPED: what `bivy lint` loads; run `npm run build` first');
