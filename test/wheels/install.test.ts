import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { BivyError } from '../../src/kernel/errors.ts';
import type { Part } from '../../src/layers/entry.ts';
import { openWheel } from '../../src/wheels/archive.ts';
import { type InstallOptions, installWheel } from '../../src/wheels/install.ts';
import { AWKWARD_WHEEL } from '../support/awkward-wheel.ts';
import { writtenFiles } from '../support/part.ts';
import { type WheelSpec, writeWheel } from '../support/wheel.ts';

const folder = mkdtempSync(join(tmpdir(), 'bivy-install-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

const OPTIONS: InstallOptions = { python: '3.11', prefix: '/app/.venv' };
const SITE = 'app/.venv/lib/python3.11/site-packages';

function install(spec: WheelSpec, options: Partial<InstallOptions> = {}): Part {
  count += 1;
  const { path, fileName } = writeWheel(join(folder, String(count)), spec);
  return installWheel(openWheel(path, fileName), { ...OPTIONS, ...options });
}

function textOf(part: Part, path: string): string | undefined {
  const file = writtenFiles(part).find((written) => written.path === path);
  return file && Buffer.from(file.bytes).toString();
}

function refusal(spec: WheelSpec): string {
  try {
    install(spec);
  } catch (error) {
    if (error instanceof BivyError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'installed';
}

describe('the awkward wheel, against a real run of pypa/installer', () => {
  const golden = JSON.parse(readFileSync(new URL('fixtures/awkward.json', import.meta.url), 'utf8'));
  const part = install(AWKWARD_WHEEL);
  const record = `${SITE}/My_Pkg.X-1.0+loc.1.dist-info/RECORD`;

  test('RECORD is the same, byte for byte', () => {
    expect(textOf(part, record)?.split('\n').slice(0, -1)).toEqual(golden.record);
  });

  test('the files are the same, and as executable', () => {
    const files = writtenFiles(part).map(({ path, mode, sha256 }) => ({
      path,
      executable: mode === 0o755,
      sha256,
    }));
    expect(files.sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual(
      golden.files.sort((a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1)),
    );
  });

  test('it is called by its normal name and version', () => {
    expect(part.name).toBe('my-pkg-x==1.0+loc.1');
  });

  test('every parent has its directory, from the environment downward', () => {
    const directories = part.entries.filter((entry) => entry.kind === 'directory').map((entry) => entry.path);
    const parents = new Set<string>();
    for (const { path } of writtenFiles(part)) {
      const parts = path.split('/');
      for (let end = 2; end < parts.length; end += 1) parents.add(parts.slice(0, end).join('/'));
    }
    expect(directories).toEqual([...parents].sort());
  });
});
