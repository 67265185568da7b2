import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder } from './support/program.ts';
import { ROOT, sharedCache } from './support/shared-folders.ts';

const folder = scratchFolder();
const environment = { ...process.env, BIVY_CACHE_DIR: sharedCache() };
const place = join(folder, 'empty');
let packed: readonly string[] = [];

function run(command: string, ...parameters: string[]): string {
  return execFileSync(command, parameters, {
    cwd: place,
    encoding: 'utf8',
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

beforeAll(() => {
  mkdirSync(place);
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const [made] = JSON.parse(
    execFileSync('npm', pack, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  packed = made.files.map(({ path }: { path: string }) => path);
  writeFileSync(join(place, 'package.json'), '{"private":true,"type":"module"}');
  run('npm', 'install', '--no-audit', '--no-fund', '--omit=dev', join(folder, made.filename));
});

describe('the package', () => {
  it('holds the compiled program, its types, licence and words, and nothing else', () => {
    const tops = new Set(packed.map((path) => path.split('/')[0]));
    expect([...tops].sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist',
      'docs',
      'package.json',
    ]);
    expect(packed).toEqual(
      expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'dist/program/main.cjs']),
    );
    expect(packed.filter((path) => path.startsWith('dist/') && !/\.(c?js|d\.ts)$/.test(path))).toEqual([]);
  });

  it('brings no dependency of development', () => {
    const installed = readdirSync(join(place, 'node_modules'));
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    for (const name of Object.keys(devDependencies)) expect(installed).not.toContain(name);
  });

  it('builds, as `npx bivy build`', () => {
    cpSync(join(ROOT, 'examples', 'annapurna'), join(place, 'annapurna'), { recursive: true });
    const stdout = run(
      'npx',
      '--no-install',
      'bivy',
      'build',
      'annapurna',
      '--base',
      'debian:12',
      '-o',
      'oci:out',
    );
    const index = JSON.parse(readFileSync(join(place, 'out', 'index.json'), 'utf8'));
    expect(stdout).toBe(`${index.manifests[0].digest}\n`);
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(run('npx', '--no-install', 'bivy', '--version')).toBe(`${version}\n`);
  });

  it('is a library: the documented example runs', () => {
    mkdirSync(join(place, 'examples'));
    for (const name of ['annapurna', 'library.mjs'])
      cpSync(join(ROOT, 'examples', name), join(place, 'examples', name), { recursive: true });
    const stdout = run('node', 'examples/library.mjs', '--build');
    expect(stdout).toMatch(/^fastapi 0\.95\.\d+, for annapurna > fastapi$/m);
    expect(stdout).toMatch(/^sha256:[0-9a-f]{64}$/m);
  });

  it('has types that a strict project compiles against', () => {
    const text = [
      "import { BivyError, build, plan, type BuildDocument, type Event } from 'bivy';",
      'export async function make(): Promise<BuildDocument> {',
      '  const heard: Event[] = [];',
      "  const planned = await plan({ directory: '.', python: '3.11.2', libc: 'glibc:2.36' });",
      "  if (planned.problems.length > 0) throw new BivyError('NO_WHEEL', planned.problems[0]?.message ?? '');",
      "  return build({ destinations: ['oci:out'], emit: (event) => heard.push(event) });",
      '}',
    ];
    writeFileSync(join(place, 'use.ts'), text.join('\n'));
    const types = join(ROOT, 'node_modules', '@types');
    const options = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--skipLibCheck',
      'false',
      '--types',
      'node',
      '--typeRoots',
      types,
    ];
    run(join(ROOT, 'node_modules', '.bin', 'tsc'), ...options, 'use.ts');
  });
});
