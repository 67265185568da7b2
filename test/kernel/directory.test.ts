import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeDirectory } from '../../src/kernel/directory.ts';

const folder = mkdtempSync(join(tmpdir(), 'bivy-directory-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('makeDirectory', () => {
  it('makes what is missing, and leaves what is there', () => {
    makeDirectory(join(folder, 'a', 'b', 'c'));
    makeDirectory(join(folder, 'a', 'b', 'c'));
    expect(existsSync(join(folder, 'a', 'b', 'c'))).toBe(true);
  });

  it('refuses to stand on a file', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => makeDirectory(join(folder, 'file'))).toThrow('EEXIST');
    expect(() => makeDirectory(join(folder, 'file', 'below'))).toThrow('ENOTDIR');
  });

  it.skipIf(process.platform !== 'linux')('ends where no directory can be made at all', () => {
    expect(() => makeDirectory('/proc/bivy/cache')).toThrow('ENOENT');
  });
});
