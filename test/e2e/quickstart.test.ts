import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isThere } from '../support/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { serveTinyBase } from '../support/tiny-base.ts';
import { engineAnswers } from './support/engine.ts';
import { copyProgram, scratchFolder } from './support/program.ts';
import { ROOT, sharedCache } from './support/shared-folders.ts';

function madeIn(directory: string): string {
  return JSON.parse(readFileSync(join(directory, 'dist', 'quickstart', 'index.json'), 'utf8')).manifests[0]
    .digest;
}

describe('npm run quickstart', () => {
  it('builds the example, says what it made and how to run it, and runs it where an engine answers', () => {
    rmSync(join(ROOT, 'dist', 'quickstart'), { recursive: true, force: true });
    const stdout = execFileSync('npm', ['run', '--silent', 'quickstart'], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, BIVY_CACHE_DIR: sharedCache() },
    });
    expect(stdout).toContain('--base debian:12');
    const digest = /^Made (sha256:[0-9a-f]{64})$/m.exec(stdout)?.[1];
    expect(madeIn(ROOT)).toBe(digest);
    if (engineAnswers()) expect(stdout).toContain('{"mountain":"annapurna","metres":8091}');
    else expect(stdout).toContain('docker run');
    expect(existsSync(join(ROOT, 'dist', 'cli', 'main.js'))).toBe(true);
  });
});

/** Hides this machine's apt sources from a program and its children. */
const WITHOUT_APT = ['--mount', 'sh', '-c', 'mount -t tmpfs none /etc/apt && exec "$@"', 'sh'];

function canHide(): boolean {
  if (isThere('unshare', ...WITHOUT_APT, 'true')) return true;
  if (process.env['CI'] === 'true') throw new Error('CI cannot hide its apt sources: run as root');
  console.warn('SKIPPED: apt sources cannot be hidden here (root is needed); the fallback is not tested');
  return false;
}

describe.runIf(canHide())('on a machine that knows no Debian mirror', () => {
  const folder = scratchFolder();
  let registry: TestRegistry;

  beforeAll(async () => {
    registry = await startRegistry();
    serveTinyBase(registry, 'library/python:3.11-slim', {
      python: '3.11.14',
      bin: 'usr/local/bin',
      platforms: ['linux/amd64', 'linux/arm64'],
    });
    copyProgram(folder);
    for (const path of ['scripts', 'examples'])
      cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    const mirrors = `\n[tool.bivy]\nregistry-mirrors = { "docker.io" = ["${registry.domain}"] }\n`;
    appendFileSync(join(folder, 'examples', 'annapurna', 'pyproject.toml'), mirrors);
  });
  afterAll(() => registry.close());

  it('the quickstart pulls a base, and says so', async () => {
    const { BIVY_DEBIAN_MIRROR: _, ...environment } = process.env;
    const script = join(folder, 'scripts', 'quickstart.mjs');
    // The registry is in this process: it must be free to answer. Its base holds nothing that an engine could run.
    const child = spawn('unshare', [...WITHOUT_APT, process.execPath, script], {
      env: { ...environment, BIVY_CACHE_DIR: sharedCache(), DOCKER_HOST: 'unix:///nowhere' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    }
    const status = await new Promise((resolve) => child.once('close', resolve));
    expect(status, said).toBe(0);
    expect(said).toContain('No Debian mirror is known here');
    expect(said).toContain('base      python:3.11-slim · python 3.11.14');
    expect(said).toContain(`Made ${madeIn(folder)}`);
    expect(said).toContain('examples/annapurna --base python:3.11-slim -t');
  });
});
