import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { isThere } from '../support/images.ts';
import { CLIENT, docker, haveEngine } from './support/engine.ts';
import { copyProgram, digestOfBuild, PROGRAM, scratchFolder, start, succeed } from './support/program.ts';
import { ROOT, sharedCache } from './support/shared-folders.ts';

const folder = scratchFolder();
const engine = haveEngine();
const root = process.getuid?.() === 0;

/** The error document of a build that must fail. */
async function failure(
  args: readonly string[],
  options: Parameters<typeof start>[1] = {},
): Promise<{
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly location: { readonly file: string } | null;
}> {
  const { status, stdout, stderr } = await start(['build', '--json', ...args], options).ended;
  expect(status, stdout + stderr).toBe(2);
  return JSON.parse(stdout).error;
}

describe.runIf(engine)('any image on this disk as base', () => {
  const saved = join(folder, 'python.tar');

  beforeAll(() => {
    // Where no registry can be reached, an image of debootstrap's stands in for the official one.
    const bases = fileURLToPath(new URL('./support/bases.sh', import.meta.url));
    execFileSync('bash', [bases], {
      env: { ...process.env, DOCKER: CLIENT },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    execFileSync(CLIENT, ['save', 'python:3.11-slim-bookworm', '-o', saved]);
  });

  it('`docker-archive:FILE`: runs, under the base’s own variables, and shares its layers', async () => {
    const tag = 'bivy-e2e/on-a-base:1';
    const { stdout } = await succeed([
      'build',
      'examples/annapurna',
      '--json',
      '--base',
      `docker-archive:${saved}`,
      '-t',
      tag,
      '-o',
      'docker',
      '-o',
      `oci:${join(folder, 'on-archive')}`,
    ]);
    const layers = JSON.parse(stdout).images[0].layers as {
      readonly kind: string;
      readonly diffId: string;
    }[];
    const held = JSON.parse((await docker('image', 'inspect', 'python:3.11-slim-bookworm')).stdout)[0].RootFS
      .Layers;
    expect(layers.filter(({ kind }) => kind === 'base').map(({ diffId }) => diffId)).toEqual(held);
    const ran = await docker('run', '--rm', '--network', 'none', '--read-only', '--tmpfs', '/tmp', tag);
    expect(JSON.parse(ran.stdout)).toMatchObject({ mountain: 'annapurna' });
    const who = await docker(
      'run',
      '--rm',
      '--network',
      'none',
      tag,
      'python',
      '-c',
      'import os, pwd, sys; print(pwd.getpwuid(os.getuid()).pw_name, sys.prefix, os.environ["LANG"])',
    );
    expect(who.stdout.trim()).toBe('nonroot /app/.venv C.UTF-8');
    await docker('rmi', '--force', tag);
  });

  it('`oci:DIR`, and a second build reads nothing of it', async () => {
    if (!isThere('skopeo', '--version')) return;
    const layout = join(folder, 'python');
    execFileSync('skopeo', [
      '--insecure-policy',
      'copy',
      '--quiet',
      `docker-archive:${saved}`,
      `oci:${layout}:slim`,
    ]);
    const args = [
      'examples/annapurna',
      '--base',
      `oci:${layout}:slim`,
      '-o',
      `oci:${join(folder, 'on-layout')}`,
    ];
    const digest = await digestOfBuild(args);
    const again = await succeed(['build', ...args, '--verbose']);
    expect(again.stdout.trim()).toBe(digest);
    expect(again.stderr).not.toContain('read sha256:');
  });
});

describe('an image of bivy’s as base', () => {
  it('is refused: it has an environment already', async () => {
    await digestOfBuild([
      'examples/annapurna',
      '--base',
      'debian:12',
      '-o',
      `oci-archive:${join(folder, 'own.tar')}`,
    ]);
    const error = await failure([
      'examples/annapurna',
      '--base',
      `oci-archive:${join(folder, 'own.tar')}`,
      '-o',
      `oci:${join(folder, 'twice')}`,
    ]);
    expect(error).toMatchObject({ code: 'BASE_OCCUPIED', message: expect.stringContaining('/app/.venv') });
    expect(existsSync(join(folder, 'twice'))).toBe(false);
  });
});

describe.runIf(root && isThere('unshare', '--net', 'true'))('without any network', () => {
  it('what is in the cache is built, with `--offline` and without', async () => {
    const args = ['examples/annapurna', '--base', 'debian:12', '-o', `oci:${join(folder, 'offline')}`];
    const digest = await digestOfBuild(args);
    rmSync(join(folder, 'offline'), { recursive: true });
    const command = ['unshare', '--net', process.execPath, PROGRAM];
    expect(await digestOfBuild(args, { command })).toBe(digest);
    expect(await digestOfBuild([...args, '--offline'], { command })).toBe(digest);
  });

  it('what is not is told, by name', async () => {
    const environment = { BIVY_CACHE_DIR: join(folder, 'nothing-here') };
    const args = [
      'examples/annapurna',
      '--base',
      'debian:12',
      '--offline',
      '-o',
      `oci:${join(folder, 'never')}`,
    ];
    expect(await failure(args, { environment })).toMatchObject({
      code: 'OFFLINE',
      hint: expect.stringContaining('without `--offline`'),
    });
  });
});

describe.runIf(root && isThere('setpriv', '--version'))('for a user who may not', () => {
  const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath];
  const theirs = join(folder, 'theirs');
  let program = '';

  beforeAll(() => {
    // Where the checkout is out of that user's sight, a copy of the program is not.
    chmodSync(folder, 0o755);
    program = copyProgram(join(folder, 'program'));
    cpSync(join(ROOT, 'examples', 'annapurna'), join(folder, 'project'), { recursive: true });
    execFileSync('cp', ['-r', sharedCache(), join(folder, 'their-cache')]);
    execFileSync('chown', ['-R', '65534:65534', join(folder, 'their-cache')]);
    mkdirSync(theirs);
    execFileSync('chown', ['65534:65534', theirs]);
    mkdirSync(join(folder, 'closed'));
  });

  const environment = (cache: string): Record<string, string> => ({ HOME: theirs, BIVY_CACHE_DIR: cache });

  it.each(['oci', 'oci-archive', 'docker-archive', 'dir'])('write the destination `%s:`', async (kind) => {
    const error = await failure(
      [join(folder, 'project'), '--base', 'debian:12', '-o', `${kind}:${join(folder, 'closed', 'out')}`],
      {
        command: [...nobody, program],
        cwd: theirs,
        environment: environment(join(folder, 'their-cache')),
      },
    );
    expect(error).toMatchObject({
      code: 'PERMISSION',
      message: `cannot write \`${kind}:${join(folder, 'closed', 'out')}\``,
    });
    expect(error.location?.file).toContain('closed');
    expect(readdirSync(join(folder, 'closed'))).toEqual([]);
    expect(readdirSync(join(folder, 'their-cache', 'tmp'))).toEqual([]);
  });

  it('write the cache', async () => {
    const error = await failure(
      [join(folder, 'project'), '--base', 'debian:12', '-o', `oci:${join(theirs, 'out')}`],
      {
        command: [...nobody, program],
        cwd: theirs,
        environment: environment(join(folder, 'closed', 'cache')),
      },
    );
    expect(error.code).toBe('PERMISSION');
    expect(`${error.message} ${error.location?.file}`).toContain(join(folder, 'closed'));
    expect(readdirSync(theirs)).toEqual([]);
  });

  it('read the project', async () => {
    const secret = join(folder, 'project', 'annapurna', 'secret.py');
    writeFileSync(secret, '');
    chmodSync(secret, 0o600);
    const error = await failure(
      [join(folder, 'project'), '--base', 'debian:12', '-o', `oci:${join(theirs, 'out')}`],
      {
        command: [...nobody, program],
        cwd: theirs,
        environment: environment(join(folder, 'their-cache')),
      },
    );
    expect(error).toMatchObject({
      code: 'PERMISSION',
      location: { file: expect.stringContaining('secret.py') },
    });
    expect(readdirSync(theirs)).toEqual([]);
  });
});
