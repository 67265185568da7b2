import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { moduleWheel } from '../support/poetry-project.ts';
import { type Built, configOf, layersOf, listing, openWorkshop, type Workshop } from '../support/workshop.ts';

/** Builds into a directory and a layout, and holds the size against what really lies there. */
async function publish(shop: Workshop, request: Parameters<Workshop['build']>[0] = {}): Promise<Built> {
  const built = await shop.build({
    destinations: [`oci:${shop.path('out')}`, `dir:${shop.path('tree')}`],
    ...request,
  });
  const find = ['-type', 'f', '!', '-name', '.bivy.json', '-printf', '%s\n'];
  const sizes = execFileSync('find', [shop.path('tree'), ...find], { encoding: 'utf8' })
    .trim()
    .split('\n');
  expect(built.made.images[0]?.unpacked).toBe(sizes.reduce((sum, size) => sum + Number(size), 0));
  return built;
}

function inside(shop: Workshop, path: string): readonly string[] {
  return listing(shop.path('tree', path));
}

describe('the project itself', () => {
  it('is installed as its wheel would be, with its scripts', async () => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha')], {
      more: '[tool.poetry.scripts]\nclimb = "hut.cli:main"\n',
      files: { 'hut/__init__.py': '', 'hut/cli.py': 'def main(): ...\n', 'tests/test_hut.py': '' },
    });
    const built = await publish(shop);
    const site = 'app/.venv/lib/python3.11/site-packages';
    expect(inside(shop, `${site}/hut`)).toEqual(['__init__.py', 'cli.py']);
    expect(inside(shop, `${site}/hut-1.0.0.dist-info`)).toEqual([
      'INSTALLER',
      'METADATA',
      'RECORD',
      'WHEEL',
      'entry_points.txt',
    ]);
    expect(readFileSync(shop.path('tree', site, 'hut-1.0.0.dist-info', 'INSTALLER'), 'utf8').trim()).toBe(
      'bivy',
    );
    const script = shop.path('tree', 'app/.venv/bin/climb');
    expect(readFileSync(script, 'utf8')).toMatch(/^#!\/app\/\.venv\/bin\/python\n/);
    expect(lstatSync(script).mode & 0o7777).toBe(0o755);
    expect(configOf(built, shop.path('out')).config).toMatchObject({ Cmd: ['climb'] });
    expect(existsSync(shop.path('tree', 'app/tests'))).toBe(false);
  });

  it('`--no-root`: stays out, and needs a command that is named', async () => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha')], { bivy: 'cmd = ["python", "-m", "alpha"]' });
    const built = await publish(shop, { selection: { root: false } });
    expect(layersOf(built).map(({ kind }) => kind)).toEqual(['base', 'wheels', 'venv']);
    expect(
      inside(shop, 'app/.venv/lib/python3.11/site-packages').some((path) => path.startsWith('hut')),
    ).toBe(false);
  });

  it('without `package-mode` its sources lie under the work directory, but what `.dockerignore` names', async () => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha')], {
      packageMode: false,
      bivy: 'cmd = ["python", "serve.py"]\ninclude = ["static/built.css"]\nworkdir = "/srv/hut"',
      files: {
        'serve.py': 'print(1)\n',
        'lib/util.py': '',
        'notes/draft.md': '',
        'static/built.css': '',
        'static/source.scss': '',
        '.dockerignore': 'notes\nstatic\n',
        '.venv/pyvenv.cfg': '',
      },
    });
    const built = await publish(shop);
    expect(inside(shop, 'srv/hut')).toEqual([
      'lib/util.py',
      'pyproject.toml',
      'serve.py',
      'static/built.css',
    ]);
    expect(configOf(built, shop.path('out')).config).toMatchObject({
      WorkingDir: '/srv/hut',
      Cmd: ['python', 'serve.py'],
    });
  });

  it('keeps links that stay inside it, and refuses others by name', async () => {
    const shop = await openWorkshop();
    const files = { 'hut/__init__.py': '', 'hut/__main__.py': '', 'data/real.txt': 'real' };
    shop.lay([moduleWheel('alpha')], { bivy: 'include = ["data/"]', files });
    symlinkSync('real.txt', shop.path('project', 'data', 'alias.txt'));
    await publish(shop);
    expect(readlinkSync(shop.path('tree', 'app/data/alias.txt'))).toBe('real.txt');
    symlinkSync('/etc/passwd', shop.path('project', 'data', 'stolen.txt'));
    const error = await shop.fails();
    expect(error.message).toContain('data/stolen.txt');
    expect(error.hint).toBeDefined();
  });

  it('has modes that no checkout decides', async () => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha')]);
    const open = await shop.build();
    chmodSync(shop.path('project', 'hut'), 0o700);
    chmodSync(shop.path('project', 'hut', '__main__.py'), 0o600);
    expect((await shop.build()).made.digest).toBe(open.made.digest);
    chmodSync(shop.path('project', 'hut', '__main__.py'), 0o700);
    expect((await shop.build()).made.digest).not.toBe(open.made.digest);
  });

  it('does not hold the image that was written into it', async () => {
    const shop = await openWorkshop();
    const files = { 'serve.py': '', 'docker/run.sh': '' };
    shop.lay([moduleWheel('alpha')], {
      bivy: 'cmd = ["python", "serve.py"]\ninclude = ["serve.py", "docker/", "images/**"]',
      files: { ...files, 'hut/__init__.py': '', 'images/keep.txt': '' },
    });
    mkdirSync(shop.path('project', 'images', 'more'));
    const request = { destinations: [`oci-archive:${shop.path('project', 'images', 'hut.tar')}`] };
    const first = await shop.build(request);
    expect((await shop.build(request)).made.digest).toBe(first.made.digest);
    // A directory that is called like an engine is no destination.
    await publish(shop);
    expect(existsSync(shop.path('tree', 'app', 'docker', 'run.sh'))).toBe(true);
  });

  it('does not hold against the project what an earlier build wrote into it', async () => {
    const shop = await openWorkshop();
    shop.lay([], {
      packageMode: false,
      bivy: 'cmd = ["python", "serve.py"]',
      files: { 'serve.py': '' },
    });
    // The tree has links that lead out of the project, as of the interpreter.
    const destinations = [`dir:${shop.path('project', 'tree')}`];
    await shop.build({ destinations });
    const debian = { destinations, flags: { base: 'debian:12' } };
    const error = await shop.fails(debian, { offline: true, environment: { BIVY_BASE: '' } });
    expect([error.code, error.message]).toEqual(['OFFLINE', expect.stringContaining('release file')]);
  });

  it('may bring nothing at all', async () => {
    const shop = await openWorkshop();
    shop.lay([], { bivy: 'cmd = ["python", "-V"]' });
    const built = await publish(shop, { selection: { root: false } });
    expect(layersOf(built).map(({ kind }) => kind)).toEqual(['base', 'venv']);
  });
});
