import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unifiedDiff } from '../../../src/dockerfile/lint/diff.ts';

const diff = (before: string, after: string): string =>
  unifiedDiff(before, after, 'a/Dockerfile', 'b/Dockerfile');
const lines = (...all: readonly string[]): string => all.map((line) => `${line}\n`).join('');

describe('unified diffs', () => {
  it('of the same text are empty', () => {
    expect(diff('FROM a\n', 'FROM a\n')).toBe('');
  });

  it('have three lines around what changed', () => {
    const before = lines('1', '2', '3', '4', '5', '6', '7', '8', '9');
    const after = lines('1', '2', '3', '4', 'five', '6', '7', '8', '9');
    expect(diff(before, after)).toBe(
      `--- a/Dockerfile\n+++ b/Dockerfile\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n`,
    );
  });

  it('have hunks of their own for what is far apart', () => {
    const numbers = Array.from({ length: 20 }, (_, index) => String(index));
    const after = numbers.map((text) => (text === '2' || text === '15' ? `${text}!` : text));
    expect(diff(lines(...numbers), lines(...after)).match(/^@@ .*$/gm)).toEqual([
      '@@ -1,6 +1,6 @@',
      '@@ -13,7 +13,7 @@',
    ]);
  });

  it.each([
    ['an end that is missing', 'a\nb', 'a\nc\n', ' a\n-b\n\\ No newline at end of file\n+c\n'],
    ['from nothing', '', 'a\n', '@@ -0,0 +1 @@\n+a\n'],
    ['to nothing', 'a\nb\n', '', '@@ -1,2 +0,0 @@\n-a\n-b\n'],
    ['line ends', 'a\r\nb\r\n', 'a\nb\r\n', '-a\r\n+a\n b\r\n'],
  ])('show %s', (_name, before, after, expected) => {
    expect(diff(before, after)).toContain(expected);
  });

  it('of texts that share nothing end in time', () => {
    const one = lines(...Array.from({ length: 5000 }, (_, index) => `a${index}`));
    const two = lines(...Array.from({ length: 5000 }, (_, index) => `b${index}`));
    expect(diff(one, two).split('\n').length).toBe(10_004);
  });

  it('are what `git apply` understands', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bivy-diff-'));
    try {
      const text = fc
        .array(fc.constantFrom('a\n', 'b\n', 'c\r\n', '\n', ' x\n', '-y\n'), { maxLength: 25 })
        .chain((all) => fc.constantFrom(all.join(''), `${all.join('')}end`));
      fc.assert(
        fc.property(text, text, (before, after) => {
          fc.pre(before !== after && before !== '' && after !== '');
          writeFileSync(join(folder, 'Dockerfile'), before);
          const ran = spawnSync('git', ['-c', 'core.autocrlf=false', 'apply', '--whitespace=nowarn', '-'], {
            cwd: folder,
            input: diff(before, after),
            encoding: 'utf8',
          });
          expect(ran.stderr).toBe('');
          expect(readFileSync(join(folder, 'Dockerfile'), 'utf8')).toBe(after);
        }),
        { numRuns: 60 },
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
