import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fillFrom, makeDirectory } from '../../src/kernel/file-system.ts';

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

describe('fillFrom', () => {
  it('reads at a place, and says where the file ends', () => {
    writeFileSync(join(folder, 'ten'), '0123456789');
    const file = openSync(join(folder, 'ten'), 'r');
    const bytes = Buffer.alloc(4);
    expect([fillFrom(file, bytes, 3), bytes.toString()]).toEqual([4, '3456']);
    expect(fillFrom(file, bytes, 8)).toBe(2);
    expect(fillFrom(file, bytes, 10)).toBe(0);
    expect([fillFrom(file, bytes, null), bytes.toString()]).toEqual([4, '0123']);
    closeSync(file);
  });

  it('goes on where a read gives less than was asked for', () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const script = '(printf ab; sleep 0.2; printf cd) > "$0"';
    const writer = spawn('sh', ['-c', script, pipe], { stdio: 'ignore' });
    const file = openSync(pipe, 'r');
    const bytes = Buffer.alloc(4);
    expect([fillFrom(file, bytes, null), bytes.toString()]).toEqual([4, 'abcd']);
    closeSync(file);
    writer.kill();
  });
});
