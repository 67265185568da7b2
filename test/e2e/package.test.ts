// What `npm pack` makes, installed into an empty folder without any dev dependency, works: the command and the library.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT, scratchFolder, sharedCache } from './support/program.ts';

const folder = scratchFolder();
const consumer = join(folder, 'consumer');

function run(directory: string, command: string, ...args: string[]): string {
  const ran = spawnSync(command, args, {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, BIVY_CACHE_DIR: sharedCache(), NODE_ENV: 'production' },
    timeout: 300_000,
  });
  expect(ran.status, `${command} ${args.join(' ')}: ${ran.stdout}${ran.stderr}`).toBe(0);
  return ran.stdout;
}

describe('the packed package', () => {
  beforeAll(() => {
    mkdirSync(consumer);
    // `--ignore-scripts`: what `prepack` would build is built already, and a test must not build under others.
    run(ROOT, 'npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', folder);
    const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    writeFileSync(join(consumer, 'package.json'), '{"name":"consumer","private":true,"type":"module"}\n');
    run(consumer, 'npm', 'install', '--silent', '--no-audit', '--no-fund', join(folder, tarball));
    cpSync(join(ROOT, 'examples', 'annapurna'), join(folder, 'annapurna'), { recursive: true });
  });

  it('brings no dev dependency and no sources', () => {
    const installed = join(consumer, 'node_modules');
    expect(readdirSync(installed)).not.toContain('typescript');
    expect(readdirSync(join(installed, 'bivy')).sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist',
      'package.json',
    ]);
  });

  it('has a working command', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      readonly version: string;
    };
    expect(run(consumer, 'npx', 'bivy', '--version').trim()).toBe(version);
    const out = join(folder, 'out');
    expect(
      run(consumer, 'npx', 'bivy', 'build', join(folder, 'annapurna'), '-o', `oci:${out}`, '--quiet'),
    ).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    expect(readdirSync(out)).toContain('index.json');
  });

  it('has a working library', () => {
    const program =
      "import { plan, BivyError } from 'bivy'; const p = await plan({ directory: process.argv[2], python: '3.11.2' }); console.log(p.packages.length, typeof BivyError);";
    writeFileSync(join(consumer, 'use.mjs'), program);
    expect(run(consumer, process.execPath, 'use.mjs', join(folder, 'annapurna'))).toBe('6 function\n');
  });

  it('runs the example of the README', () => {
    expect(run(ROOT, process.execPath, 'examples/library.mjs')).toContain(
      'fastapi 0.95.2, for annapurna > fastapi',
    );
  });
});
