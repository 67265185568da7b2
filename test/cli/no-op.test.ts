import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { moduleWheel } from '../support/poetry-project.ts';
import { openWorkshop, type Workshop } from '../support/workshop.ts';

// What a build loads decides how long it takes when nothing changed. `npm test` compiles the program first.

const ROOT = new URL('../../', import.meta.url);
const PROGRAM = fileURLToPath(new URL('dist/cli/main.js', ROOT));
const LISTER = new URL('test/support/module-list.mjs', ROOT).href;

/** Modules that a build loads: of bivy by their path below `dist`, of packages by name, of Node as `node:name`. */
async function modulesOf(shop: Workshop): Promise<readonly string[]> {
  const list = shop.path('modules.txt');
  rmSync(list, { force: true });
  const args = [
    '--import',
    LISTER,
    PROGRAM,
    'build',
    shop.project,
    '--platform',
    'linux/amd64',
    '-o',
    `oci:${shop.path('out')}`,
  ];
  const environment = { BIVY_CACHE_DIR: shop.cache, BIVY_INDEX_URL: shop.index.url, BIVY_BASE: shop.base };
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...environment, MODULE_LIST: list },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  expect(status, stderr).toBe(0);
  const dist = new URL('dist/', ROOT).href;
  const names = readFileSync(list, 'utf8')
    .trim()
    .split('\n')
    .map((url) => {
      if (url.startsWith(dist)) return url.slice(dist.length);
      return /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? url;
    });
  return [...new Set(names)].sort();
}

describe.runIf(existsSync(PROGRAM))('what a build loads', () => {
  it('when nothing changed: what the list beside this test says, and no more', async () => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha', '1.0', 300_000), moduleWheel('beta')]);
    await modulesOf(shop);
    const modules = await modulesOf(shop);
    await expect(`${modules.join('\n')}\n`).toMatchFileSnapshot('fixtures/no-op-modules.txt');
    expect(modules.filter((name) => !name.includes('/') && !name.startsWith('node:'))).toEqual(['smol-toml']);
    for (const room of [
      'wheels/index-client.js',
      'wheels/zip.js',
      'debian/',
      'engines/',
      'kernel/http-transport.js',
      'layers/deflate',
      'layers/writer.js',
    ]) {
      expect(
        modules.filter((name) => name.startsWith(room)),
        room,
      ).toEqual([]);
    }
    for (const name of ['node:http', 'node:https', 'node:tls', 'node:worker_threads'])
      expect(modules).not.toContain(name);
  });

  it('when a line of code was edited: no HTTP client, no lock, no zip, no thread', async () => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha', '1.0', 300_000), moduleWheel('beta')]);
    await modulesOf(shop);
    writeFileSync(shop.path('project', 'hut', '__main__.py'), 'print("good morning")\n');
    const modules = await modulesOf(shop);
    expect(modules).toContain('layers/writer.js');
    const forbidden = [
      'undici',
      'openpgp',
      'xz-decompress',
      'lock/',
      'debian/',
      'engines/',
      'kernel/http-transport.js',
      'wheels/zip.js',
      'node:worker_threads',
      'node:tls',
    ];
    expect(modules.filter((name) => forbidden.some((start) => name.startsWith(start)))).toEqual([]);
  });
});

if (!existsSync(PROGRAM)) console.warn('SKIPPED: what a build loads; run `npm run build` first');
