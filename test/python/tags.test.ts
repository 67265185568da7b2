import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseLibc } from '../../src/python/environment.ts';
import { supportedTags, type TagOptions } from '../../src/python/tags.ts';
import { describeOracle } from './oracle.ts';

function tags(python: string, platform: string, libc: string, options?: TagOptions): readonly string[] {
  return supportedTags({ python, platform, libc: parseLibc(libc) }, options);
}

// Counts and digests of what `packaging` itself lists.
test.each([
  ['3.8.20', 'linux/amd64', 'glibc:2.36', 695, undefined],
  ['3.11.2', 'linux/amd64', 'glibc:2.36', 914, '383ffd2beb764fa9'],
  ['3.11.2', 'linux/amd64', 'musl:1.2', 114, 'e7b98164de578cfc'],
  ['3.11.2', 'linux/arm64', 'glibc:2.36', 564, '6ae23040664b5276'],
  ['3.11.2', 'linux/arm64', 'musl:1.2', 114, '58b29ce878f6fd26'],
  ['3.14.0rc2', 'linux/amd64', 'glibc:2.36', 1133, undefined],
])('%s on %s, %s', (python, platform, libc, count, digest) => {
  const found = tags(python, platform, libc);
  expect(found).toHaveLength(count);
  expect(new Set(found).size).toBe(count);
  if (digest === undefined) return;
  expect(createHash('sha256').update(found.join('\n')).digest('hex').slice(0, 16)).toBe(digest);
});

test('older names stand directly after the release that they mean', () => {
  const found = tags('3.11.2', 'linux/386', 'glibc:2.17');
  expect(found.slice(0, 3)).toEqual([
    'cp311-cp311-manylinux_2_17_i686',
    'cp311-cp311-manylinux2014_i686',
    'cp311-cp311-manylinux_2_16_i686',
  ]);
  expect(found).toContain('cp311-cp311-manylinux1_i686');
  expect(found).not.toContain('cp311-cp311-manylinux_2_4_i686');
});

test('32-bit ARM reaches down to glibc 2.17', () => {
  const found = tags('3.11.2', 'linux/arm/v7', 'glibc:2.19').filter((tag) => tag.startsWith('cp311-cp311-'));
  expect(found).toEqual([
    'cp311-cp311-manylinux_2_19_armv7l',
    'cp311-cp311-manylinux_2_18_armv7l',
    'cp311-cp311-manylinux_2_17_armv7l',
    'cp311-cp311-manylinux2014_armv7l',
    'cp311-cp311-linux_armv7l',
  ]);
});

test('the plain tag goes first for later packagings, and changes nothing else', () => {
  const last = tags('3.11.2', 'linux/amd64', 'glibc:2.36');
  const first = tags('3.11.2', 'linux/amd64', 'glibc:2.36', { linuxFirst: true });
  expect(first[0]).toBe('cp311-cp311-linux_x86_64');
  expect([...first].sort()).toEqual([...last].sort());
  const others = (list: readonly string[]): readonly string[] =>
    list.filter((tag) => !tag.includes('-linux_'));
  expect(others(first)).toEqual(others(last));
});

test('Poetry 1.1 takes no musllinux wheel', () => {
  const found = tags('3.9.2', 'linux/amd64', 'musl:1.2', { musllinux: false });
  expect(found.slice(0, 2)).toEqual(['cp39-cp39-linux_x86_64', 'cp39-abi3-linux_x86_64']);
  expect(found.some((tag) => tag.includes('musllinux'))).toBe(false);
});

test('Pythons before 3.8 have the m of pymalloc', () => {
  expect(tags('3.7.3', 'linux/amd64', 'glibc:2.28')[0]).toBe('cp37-cp37m-manylinux_2_28_x86_64');
});

describeOracle('tags', (path) => {
  const machines: Readonly<Record<string, string>> = { x86_64: 'linux/amd64', aarch64: 'linux/arm64' };
  test.each(readdirSync(path))('%s', (file) => {
    const [, minor, family, version, machine] = /^cp3(\d+)-(glibc|musl)([\d.]+)-(\w+)\.json$/.exec(file)!;
    const expected = JSON.parse(readFileSync(join(path, file), 'utf8')) as unknown;
    expect(tags(`3.${minor}.1`, machines[machine!]!, `${family}:${version}`)).toEqual(expected);
  });
});
