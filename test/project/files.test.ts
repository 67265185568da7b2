import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseFiles, collectFiles, type FileChoice, type FileOptions } from '../../src/project/files.ts';
import { decodePyproject } from '../../src/project/pyproject.ts';
import { type Files, memoryTree } from '../support/tree.ts';

const HEAD = '[tool.poetry]\nname = "app"\nversion = "1"\n';
const SOURCES = `${HEAD}package-mode = false\n`;

interface Given extends Partial<FileOptions> {
  readonly toml?: string;
  readonly ignored?: readonly string[];
}

function choose(files: Files, { toml = HEAD, ignored = [], ...options }: Given = {}): FileChoice {
  const project = decodePyproject(toml, 'pyproject.toml');
  const judge = (path: string): boolean =>
    ignored.some((each) => path === each || path.startsWith(`${each}/`));
  return chooseFiles(project, memoryTree(files), () => judge, {
    root: true,
    include: [],
    poetry: '2.5.1',
    ...options,
  });
}

const targets = (list: FileChoice['work']): readonly string[] => list.map(({ target }) => target);

describe('the installed project', () => {
  it('is its module, wherever that stands', () => {
    expect(targets(choose({ 'app/__init__.py': '', 'app/x/y.txt': '', 'other.py': '' }).wheel)).toEqual([
      'app/__init__.py',
      'app/x/y.txt',
    ]);
    expect(targets(choose({ 'app.py': '' }).wheel)).toEqual(['app.py']);
    expect(targets(choose({ 'src/app/a.py': '' }).wheel)).toEqual(['app/a.py']);
    expect(targets(choose({ 'src/app.py': '' }).wheel)).toEqual(['app.py']);
  });

  it('leaves out what is excluded or ignored, unless it is included', () => {
    const files = {
      'app/a.py': '',
      'app/b.log': '',
      'app/c.log': '',
      'app/d/e.txt': '',
      'app/f.pyc': '',
      'app/__pycache__/g': '',
    };
    const toml = `${HEAD}exclude = ["app/d"]\ninclude = [{ path = "app/c.log", format = "wheel" }]\n`;
    expect(targets(choose(files, { toml, ignored: ['app/b.log', 'app/c.log'] }).wheel)).toEqual([
      'app/a.py',
      'app/c.log',
    ]);
  });

  it('takes `include` without a format as the Poetry that is followed', () => {
    const files = { 'app/a.py': '', 'x.txt': '', 'more/y.txt': '' };
    const toml = `${HEAD}include = ["x.txt", "more"]\n`;
    expect(targets(choose(files, { toml, poetry: '1.4.2' }).wheel)).toEqual(['app/a.py', 'x.txt']);
    expect(targets(choose(files, { toml, poetry: '2.0.0' }).wheel)).toEqual(['app/a.py']);
  });

  it('excludes directories as the Poetry that is followed', () => {
    const files = { 'app/a.py': '', 'app/data/kept.txt': '', 'app/data/gone.txt': '', 'more/x/y.txt': '' };
    const toml = `${HEAD}exclude = ["app/data", "more/x"]
include = [{ path = "app/data/k*", format = "wheel" }, { path = "more", format = "wheel" }]\n`;
    const kept = ['app/a.py', 'app/data/kept.txt'];
    expect(targets(choose(files, { toml, poetry: '2.1.4' }).wheel)).toEqual(kept);
    expect(targets(choose(files, { toml, poetry: '2.2.0' }).wheel)).toEqual([...kept, 'more/x/y.txt']);
  });

  it('takes directories that a glob finds as the Poetry that is followed', () => {
    const files = { 'app/a.py': '', 'app/sub/b.py': '' };
    const toml = `${HEAD}packages = [{ include = "app/*" }]\n`;
    expect(targets(choose(files, { toml, poetry: '1.8.5' }).wheel)).toEqual(['app/a.py']);
    expect(targets(choose(files, { toml, poetry: '2.0.0' }).wheel)).toEqual(['app/a.py', 'app/sub/b.py']);
  });

  it('is left out with `--no-root`', () => {
    const choice = choose({}, { root: false });
    expect(choice).toMatchObject({ installed: false, wheel: [], legal: [], scripts: [], work: [] });
  });

  it('goes without a README that is missing, and says so', () => {
    const choice = choose({ 'app.py': '' }, { toml: `${HEAD}readme = "README.md"\n` });
    expect(choice.readme).toBeNull();
    expect(choice.warnings).toEqual([
      "`README.md`, the project's README, is missing; its metadata goes without it",
    ]);
    expect(
      choose({ 'app.py': '', 'README.md': 'a\r\nb' }, { toml: `${HEAD}readme = "README.md"\n` }).readme,
    ).toBe('a\nb');
  });

  it('keeps links to what is installed', () => {
    const files: Files = {
      'src/app/a.py': '',
      'src/app/data/real.txt': '',
      'src/app/b.py': { link: 'a.py' },
      'src/app/link.txt': { link: 'data/real.txt' },
      'src/app/chain.txt': { link: './link.txt' },
      'src/app/deep/up.txt': { link: '../data/real.txt' },
      'src/app/dir': { link: 'data' },
    };
    const links = choose(files).wheel.filter((each) => each.kind === 'link');
    expect(links.map(({ target, to }) => [target, to])).toEqual([
      ['app/b.py', 'a.py'],
      ['app/chain.txt', 'link.txt'],
      ['app/deep/up.txt', '../data/real.txt'],
      ['app/dir', 'data'],
      ['app/link.txt', 'data/real.txt'],
    ]);
  });

  it.each<[string, Files, Given, string, RegExp]>([
    ['no module', { 'x.py': '' }, {}, 'ROOT_INVALID', /looked for `app\/` and `app.py`, here and in `src\/`/],
    ['two modules', { 'app.py': '', 'app/a.py': '' }, {}, 'ROOT_INVALID', /both `app\/` and `app.py`/],
    ['no Python in it', { 'app/a.txt': '' }, {}, 'ROOT_INVALID', /`app` is no package/],
    [
      'a build script',
      { 'app.py': '' },
      { toml: `${HEAD}build = "b.py"\n` },
      'ROOT_INVALID',
      /built by a script, `b.py`/,
    ],
    [
      'a package that is missing',
      { 'app.py': '' },
      { toml: `${HEAD}packages = [{ include = "x", from = "lib" }]\n` },
      'INCLUDE_MISSING',
      /`lib\/x`/,
    ],
    [
      'a package out of the project',
      { 'app.py': '' },
      { toml: `${HEAD}packages = [{ include = "x", from = "../lib" }]\n` },
      'ROOT_INVALID',
      /leaves the project/,
    ],
    [
      'a target out of site-packages',
      { 'app.py': '' },
      { toml: `${HEAD}packages = [{ include = "app.py", to = "../.." }]\n` },
      'ROOT_INVALID',
      /leaves the project/,
    ],
    [
      'a file that is missing',
      { 'app.py': '' },
      { toml: `${HEAD}include = [{ path = "dist/schema.json", format = "wheel" }]\n` },
      'INCLUDE_MISSING',
      /`dist\/schema.json`/,
    ],
    [
      'a link out of the project',
      { 'app/a.py': '', 'app/l': { link: '../../x' } },
      {},
      'ROOT_INVALID',
      /`app\/l` leads out of the project/,
    ],
    [
      'an absolute link',
      { 'app/a.py': '', 'app/l': { link: '/etc/passwd' } },
      {},
      'ROOT_INVALID',
      /`app\/l` leads out of the project, to `\/etc\/passwd`/,
    ],
    [
      'a link to what is not installed',
      { 'app/a.py': '', 'x.txt': '', 'app/l': { link: '../x.txt' } },
      {},
      'ROOT_INVALID',
      /leads to `x.txt`, which is no part/,
    ],
    [
      'a package that is a link',
      { 'lib/a.py': '', app: { link: 'lib' } },
      {},
      'ROOT_INVALID',
      /the package `app` is a link/,
    ],
    ['a socket', { 'app/a.py': '', 'app/s': { special: true } }, {}, 'ROOT_INVALID', /`app\/s` is no file/],
    [
      'a script that is missing',
      { 'app.py': '' },
      { toml: `${HEAD}[tool.poetry.scripts]\nx = { reference = "bin/x", type = "file" }\n` },
      'INCLUDE_MISSING',
      /`bin\/x`/,
    ],
    [
      'a script out of the project',
      { 'app.py': '' },
      { toml: `${HEAD}[tool.poetry.scripts]\nx = { reference = "../x", type = "file" }\n` },
      'ROOT_INVALID',
      /out of the project/,
    ],
    [
      'a bad .dockerignore',
      { 'app.py': '', '.dockerignore': 'ok\n[\n' },
      {},
      'CONFIG_INVALID',
      /`\.dockerignore`/,
    ],
  ])('is refused: %s', (_, files, given, code, message) => {
    let found: { code?: string; message?: string; hint?: string } = {};
    try {
      choose(files, given);
    } catch (error) {
      found = error as typeof found;
    }
    expect(found.code).toBe(code);
    expect(found.message).toMatch(message);
    if (code !== 'CONFIG_INVALID') expect(found.hint ?? 'none needed').not.toBe('');
  });
});

describe('the work directory', () => {
  const files: Files = {
    'pyproject.toml': '',
    'poetry.lock': '',
    'main.py': '',
    'app/a.py': '',
    'app/b.pyc': '',
    'app/Dockerfile': '',
    'app/poetry.lock': '',
    'app/__pycache__/x': '',
    'tests/t.py': '',
    'secret.env': '',
    '.venv/x': '',
    'env/pyvenv.cfg': '',
    'env/bin/python': '',
    'out/oci-layout': '',
    'out/blobs/x': '',
    'dist/app-1.tar.gz': '',
    'app/dist/kept.js': '',
    'node_modules/x.js': '',
    Dockerfile: '',
    'prod.Dockerfile': '',
    'compose.yaml': '',
    'docker-compose.override.yml': '',
    '.dockerignore': 'tests\n**/*.env\n',
    '.gitignore': '',
    link: { link: 'app/a.py' },
    'generated/x.css': '',
  };

  it('holds the sources that nothing ignores, without package-mode', () => {
    const choice = choose(files, { toml: SOURCES, ignored: ['generated'] });
    expect(choice.installed).toBe(false);
    expect(targets(choice.work)).toEqual([
      'app/Dockerfile',
      'app/a.py',
      'app/dist/kept.js',
      'app/poetry.lock',
      'link',
      'main.py',
      'pyproject.toml',
    ]);
    expect(targets(choose(files, { toml: SOURCES, root: false, leaveOut: ['app'] }).work)).toEqual([
      'generated/x.css',
      'link',
      'main.py',
      'pyproject.toml',
    ]);
  });

  it.each<[string, readonly string[], readonly string[]]>([
    ['a file', ['main.py'], ['main.py']],
    ['an ignored file by its name', ['secret.env', 'poetry.lock'], ['poetry.lock', 'secret.env']],
    ['a directory, with what is ignored in it', ['tests/', 'generated'], ['generated/x.css', 'tests/t.py']],
    [
      'a directory without byte code',
      ['app/'],
      ['app/Dockerfile', 'app/a.py', 'app/dist/kept.js', 'app/poetry.lock'],
    ],
    ['a glob, without what is ignored', ['*.env', '*.py', 'tests/*', 'gen*/**'], ['main.py']],
    [
      'a glob that finds directories',
      ['ap*'],
      ['app/Dockerfile', 'app/a.py', 'app/dist/kept.js', 'app/poetry.lock'],
    ],
    ['one thing twice', ['main.py', '*.py', 'main.py'], ['main.py']],
    ['a glob that finds nothing', ['*.nothing'], []],
  ])('holds what `include` names: %s', (_, include, expected) => {
    const toml = '[tool.poetry]\nname = "main"\nversion = "1"\n';
    expect(targets(choose(files, { toml, include, ignored: ['generated'] }).work)).toEqual(expected);
  });

  it.each([
    ['staticfiles/', /collectstatic/],
    ['frontend/dist/app.js', /npm run build/],
    ['locale/de.mo', /pybabel compile/],
    ['whatever.bin', /the command that makes it/],
  ])('is refused where %s is missing', (include, hint) => {
    expect(() => choose({ 'app.py': '' }, { include: [include] })).toThrow(
      expect.objectContaining({ code: 'INCLUDE_MISSING', hint: expect.stringMatching(hint) }),
    );
  });

  it('never holds what this build writes', () => {
    const some: Files = { 'app.py': '', 'dist/site.css': '', 'dist/app.oci/index.json': '' };
    expect(targets(choose(some, { include: ['dist/'], leaveOut: ['dist/app.oci'] }).work)).toEqual([
      'dist/site.css',
    ]);
  });

  it('holds no secrets unless they are named', () => {
    const some: Files = { '.env': 'PASSWORD=x', 'a.py': '', 'sub/.env': '' };
    const left = choose(some, { toml: SOURCES });
    expect(targets(left.work)).toEqual(['a.py', 'sub/.env']);
    expect(left.warnings).toEqual([expect.stringContaining('`.env` is left out')]);
    expect(targets(choose(some, { toml: SOURCES, include: ['.env'] }).work)).toEqual([
      '.env',
      'a.py',
      'sub/.env',
    ]);
    expect(choose(some, { toml: SOURCES, ignored: ['.env'] }).warnings).toEqual([]);
  });

  it('obeys exceptions in .dockerignore', () => {
    const some: Files = {
      '.dockerignore': '*\n!app\n**/*.log\n',
      'app/a.py': '',
      'app/x.log': '',
      'b.py': '',
    };
    expect(targets(choose(some, { toml: SOURCES }).work)).toEqual(['app/a.py']);
  });
});

describe('on a disk', () => {
  const directory = mkdtempSync(join(tmpdir(), 'bivy files '));
  const write = (path: string, text: string | Uint8Array, mode: number): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
    chmodSync(join(directory, path), mode);
  };
  beforeAll(() => {
    write('app/a.py', 'x = 1\n', 0o600);
    write('app/run.sh', '#!/bin/sh\n', 0o700);
    write('app/big.bin', new Uint8Array(300_000).fill(7), 0o666);
    symlinkSync('a.py', join(directory, 'app/link.py'));
    symlinkSync('app', join(directory, 'other'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const collect = (toml: string, include: readonly string[] = []): ReturnType<typeof collectFiles> =>
    collectFiles(directory, decodePyproject(toml, 'pyproject.toml'), {
      root: true,
      include,
      poetry: '2.5.1',
    });

  it('files are read once: size, hash, executable bit', () => {
    const { wheel } = collect(HEAD);
    expect(wheel).toMatchObject([
      {
        target: 'app/a.py',
        size: 6,
        sha256: '9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4',
        executable: false,
        content: { kind: 'bytes' },
      },
      {
        target: 'app/big.bin',
        size: 300_000,
        executable: false,
        content: { kind: 'slice', offset: 0, crc32: 1_305_611_076 },
      },
      { kind: 'link', target: 'app/link.py', to: 'a.py' },
      { target: 'app/run.sh', size: 10, executable: true },
    ]);
  });

  it('nothing is looked at through a link', () => {
    expect(() => collect(`${HEAD}package-mode = false\n`, ['other/a.py'])).toThrow(
      expect.objectContaining({ code: 'INCLUDE_MISSING' }),
    );
    const { work } = collect(`${HEAD}package-mode = false\n`);
    expect(work.filter(({ kind }) => kind === 'link').map(({ target }) => target)).toEqual([
      'app/link.py',
      'other',
    ]);
  });

  it('a link out of the project is refused', () => {
    symlinkSync('../../etc', join(directory, 'app/out'));
    expect(() => collect(HEAD)).toThrow(/`app\/out` leads out of the project/);
    rmSync(join(directory, 'app/out'));
  });
});
