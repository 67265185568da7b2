// Wheels as bivy installs them, against the real thing: pypa/installer file by file over every wheel of both examples
// and an awkward one, and real Poetry over whole environments. What may differ stands in docs/faithfulness.md.

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWheel } from '../../src/wheels/archive.ts';
import { installWheel } from '../../src/wheels/install.ts';
import { AWKWARD_WHEEL } from '../support/awkward-wheel.ts';
import { writtenFiles } from '../support/part.ts';
import { type WheelSpec, writeWheel } from '../support/wheel.ts';
import { exampleDirectory, type FetchedWheel, fetchExampleWheels } from './support/example-wheels.ts';

const INSTALLER = 'installer==1.0.1';
const POETRY = 'poetry==2.4.1';
const PREFIX = '/app/.venv';
const SUPPORT = fileURLToPath(new URL('support', import.meta.url));

interface Installed {
  readonly path: string;
  readonly executable: boolean;
  readonly sha256: string;
}

const havePython = spawnSync('python3', ['-c', 'import venv, pip']).status === 0;
if (!havePython)
  console.warn('SKIPPED: no python3 with venv and pip, so nothing is held against the real installer');

const scratch = mkdtempSync(join(realpathSync(tmpdir()), 'bivy-faithful-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.skipIf(!havePython)('against pypa/installer', () => {
  const python = { python: '3.11.2', libc: 'glibc:2.36', platform: 'linux/amd64' };
  let library = '';
  beforeAll(() => {
    library = join(scratch, 'installer');
    const flags = ['--quiet', '--no-deps', '--disable-pip-version-check', '--target', library];
    execFileSync('python3', ['-m', 'pip', 'install', ...flags, INSTALLER], { stdio: 'pipe' });
  });

  function realTrees(
    wheels: readonly FetchedWheel[],
    prefix = PREFIX,
  ): readonly { readonly error: string | null; readonly files: readonly Installed[] }[] {
    const staging = mkdtempSync(join(scratch, 'staging-'));
    const script = join(SUPPORT, 'install_wheel.py');
    const args = [script, '3.11', prefix, staging, ...wheels.map((wheel) => wheel.path)];
    const environment = { ...process.env, PYTHONPATH: library };
    const output = execFileSync('python3', args, { env: environment, maxBuffer: 1 << 28 });
    return JSON.parse(output.toString());
  }

  function ownTree({ path, fileName }: FetchedWheel, prefix = PREFIX): readonly Installed[] {
    const part = installWheel(openWheel(path, fileName), { python: '3.11', prefix });
    return sorted(
      writtenFiles(part).map(({ path, mode, sha256 }) => ({ path, executable: mode === 0o755, sha256 })),
    );
  }

  test.each(['annapurna', 'everest'])('every wheel of %s becomes the same files', async (example) => {
    const wheels = await fetchExampleWheels(example, python, scratch);
    expect(wheels.length).toBeGreaterThan(10);
    const trees = realTrees(wheels);
    for (const [index, wheel] of wheels.entries()) {
      expect(trees[index]!.error).toBe(null);
      expect({ wheel: wheel.fileName, files: ownTree(wheel) }).toEqual({
        wheel: wheel.fileName,
        files: sorted(trees[index]!.files),
      });
    }
  });

  test('the awkward wheel too, and the fixture of the unit tests is what it becomes', () => {
    const wheel = writeWheel(join(scratch, 'awkward'), AWKWARD_WHEEL);
    const [tree] = realTrees([wheel]);
    expect(tree!.error).toBe(null);
    expect(ownTree(wheel)).toEqual(sorted(tree!.files));
    const fixture = JSON.parse(
      readFileSync(new URL('../wheels/fixtures/awkward.json', import.meta.url), 'utf8'),
    );
    expect(sorted(fixture.files)).toEqual(sorted(tree!.files));
  });

  test('an interpreter that no first line can hold', () => {
    const wheel = writeWheel(join(scratch, 'long'), AWKWARD_WHEEL);
    for (const prefix of [`/${'long/'.repeat(25)}env`, "/with space/it's", '/exactly/'.padEnd(113, 'x')]) {
      const [tree] = realTrees([wheel], prefix);
      expect(ownTree(wheel, prefix)).toEqual(sorted(tree!.files));
    }
  });

  const broken: readonly (readonly [string, WheelSpec])[] = [
    ['metadata', { distInfo: 'other-1.0.dist-info' }],
    ['version', { wheel: 'Wheel-Version: 2.0\n' }],
    ['norecord', { record: null }],
    ['nowheel', { wheel: null }],
    ['comma', { record: 'a,b.py,,\n' }],
    ['emptyrow', { record: '\n' }],
    ['hash', { record: 'broken-1.0.dist-info/WHEEL,abc,\n', name: 'broken' }],
    ['algorithm', { record: 'broken-1.0.dist-info/WHEEL,crc=abc,\n', name: 'broken' }],
    ['size', { record: 'broken-1.0.dist-info/WHEEL,,x\n', name: 'broken' }],
    ['object', { entryPoints: '[console_scripts]\na = b\n' }],
    ['twice', { entryPoints: '[console_scripts]\na = b:c\na = b:c\n' }],
    ['escape', { entryPoints: '[console_scripts]\n../../../x = b:c\n' }],
    ['scheme', { files: [{ name: 'demo-1.0.data/secrets/a' }] }],
    ['climb', { files: [{ name: '../../../../../../x' }] }],
    ['absolute', { files: [{ name: '/x' }] }],
    ['conflict', { files: [{ name: 'a' }, { name: 'a/b' }] }],
  ];
  test.each(broken)('what it refuses is refused: %s', (folder, spec) => {
    const wheel = writeWheel(join(scratch, folder), spec);
    const [tree] = realTrees([wheel]);
    expect(tree!.error).not.toBe(null);
    expect(() => ownTree(wheel)).toThrow(expect.objectContaining({ name: 'BivyError' }));
  });
});

// What a virtual environment holds of its own: none of it comes from a package, none of it is in the image.
const ENVIRONMENT_FILES = new RegExp(
  '^(pyvenv\\.cfg|\\.gitignore|CACHEDIR\\.TAG|bin/(activate.*|deactivate.*|python.*)' +
    '|lib/python3\\.\\d+/site-packages/(_virtualenv\\.p(y|th)|__pycache__/_virtualenv\\..*))$',
);

describe.skipIf(!havePython)('against Poetry', () => {
  let poetry = '';
  const environment = {
    ...process.env,
    POETRY_VIRTUALENVS_IN_PROJECT: 'true',
    POETRY_VIRTUALENVS_OPTIONS_NO_PIP: 'true',
    POETRY_CACHE_DIR: join(scratch, 'poetry-cache'),
    POETRY_CONFIG_DIR: join(scratch, 'poetry-config'),
    POETRY_NO_INTERACTION: '1',
  };
  beforeAll(() => {
    const home = join(scratch, 'poetry');
    execFileSync('python3', ['-m', 'venv', home]);
    execFileSync(join(home, 'bin/python'), ['-m', 'pip', 'install', '--quiet', POETRY, INSTALLER], {
      stdio: 'pipe',
    });
    const [library] = readdirSync(join(home, 'lib'));
    for (const name of ['poetry_index_adapter.py', 'poetry_index_adapter.pth']) {
      copyFileSync(join(SUPPORT, name), join(home, 'lib', library!, 'site-packages', name));
    }
    poetry = join(home, 'bin/poetry');
  });

  test.each(['annapurna', 'everest'])('the environment of %s', async (example) => {
    const probe = 'import platform as p; print(p.python_version(), p.libc_ver()[1], p.machine())';
    const [python, libc, machine] = execFileSync('python3', ['-c', probe]).toString().trim().split(' ');
    const project = join(scratch, `${example}-project`);
    mkdirSync(project);
    for (const name of ['pyproject.toml', 'poetry.lock']) {
      copyFileSync(join(exampleDirectory(example), name), join(project, name));
    }
    execFileSync(poetry, ['install', '--no-root'], { cwd: project, env: environment, stdio: 'pipe' });
    const prefix = join(project, '.venv');
    const theirs = treeOf(prefix).filter(({ path }) => !ENVIRONMENT_FILES.test(path));

    const platform = machine === 'aarch64' ? 'linux/arm64' : 'linux/amd64';
    const target = { python: python!, libc: `glibc:${libc}`, platform };
    const series = python!.split('.').slice(0, 2).join('.');
    const ours = (await fetchExampleWheels(example, target, scratch)).flatMap(({ path, fileName }) => {
      const part = installWheel(openWheel(path, fileName), { python: series, prefix, location: '/env' });
      return writtenFiles(part).map(({ path, mode, bytes }) => {
        return describeFile(path.slice('env/'.length), mode === 0o755, bytes);
      });
    });
    expect(ours.length).toBeGreaterThan(1000);
    expect(sorted(ours)).toEqual(sorted(theirs));
  });
});

function sorted(files: readonly Installed[]): readonly Installed[] {
  return [...files].sort((left, right) => (left.path < right.path ? -1 : 1));
}

/** Files below `top`, by relative path. */
function treeOf(top: string): readonly Installed[] {
  const files = readdirSync(top, { recursive: true, withFileTypes: true }).filter(
    (file) => !file.isDirectory(),
  );
  return files.flatMap((file) => {
    const path = join(file.parentPath, file.name);
    if (file.isSymbolicLink()) return [{ path: relative(top, path), executable: false, sha256: 'link' }];
    const executable = (statSync(path).mode & 0o111) !== 0;
    return [describeFile(relative(top, path), executable, readFileSync(path))];
  });
}

/** INSTALLER names the program, and so its row in RECORD differs: nothing else may. */
function describeFile(path: string, executable: boolean, bytes: Uint8Array): Installed {
  if (path.endsWith('.dist-info/INSTALLER')) return { path, executable, sha256: 'told' };
  const content = path.endsWith('.dist-info/RECORD')
    ? Buffer.from(bytes)
        .toString()
        .replace(/^(.*\.dist-info\/INSTALLER),.*$/m, '$1')
    : bytes;
  return { path, executable, sha256: createHash('sha256').update(content).digest('hex') };
}
