import { expect, test } from 'vitest';
import { BivyError } from '../../src/kernel/errors.ts';
import { markerEnvironment, parseLibc, parsePlatform, parsePython } from '../../src/python/environment.ts';

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return error instanceof BivyError && error.hint !== undefined ? error.code : `without a hint: ${error}`;
  }
  return 'no error';
}

test.each([
  ['linux/amd64', 'amd64', undefined, 'x86_64'],
  ['linux/arm64', 'arm64', undefined, 'aarch64'],
  ['linux/arm64/v8', 'arm64', undefined, 'aarch64'],
  ['linux/arm/v7', 'arm', 'v7', 'armv7l'],
  ['linux/arm', 'arm', 'v7', 'armv7l'],
  ['linux/386', '386', undefined, 'i686'],
  ['linux/ppc64le', 'ppc64le', undefined, 'ppc64le'],
  ['linux/s390x', 's390x', undefined, 's390x'],
  ['linux/riscv64', 'riscv64', undefined, 'riscv64'],
])('the platform %s', (text, architecture, variant, machine) => {
  expect(parsePlatform(text)).toEqual({
    os: 'linux',
    architecture,
    machine,
    ...(variant === undefined ? {} : { variant }),
  });
});

test.each(['windows/amd64', 'linux', 'amd64', 'linux/arm/v5', 'constructor', ''])(
  'no platform: `%s`',
  (text) => {
    expect(codeOf(() => parsePlatform(text))).toBe('TARGET_INVALID');
  },
);

test('C libraries', () => {
  expect(parseLibc('glibc:2.36')).toEqual({ family: 'glibc', major: 2, minor: 36 });
  expect(parseLibc('musl:1.2')).toEqual({ family: 'musl', major: 1, minor: 2 });
  for (const text of ['glibc', 'glibc:2', 'glibc:2.36.1', 'uclibc:1.0', 'musl:1.x', ' musl:1.2']) {
    expect(codeOf(() => parseLibc(text))).toBe('TARGET_INVALID');
  }
});

test('Pythons', () => {
  expect(parsePython('3.14.0rc2')).toEqual({ major: 3, minor: 14, micro: 0, suffix: 'rc2' });
  expect(parsePython('3.11.2+')).toEqual({ major: 3, minor: 11, micro: 2, suffix: '' });
  for (const text of ['3.11', '3', '', '3.11.x', '3.11.2.1', 'python3.11']) {
    expect(codeOf(() => parsePython(text))).toBe('TARGET_INVALID');
  }
});

test('the environment of a target', () => {
  const libc = parseLibc('glibc:2.36');
  expect(markerEnvironment({ python: '3.11.2', platform: 'linux/arm64', libc })).toEqual({
    implementation_name: 'cpython',
    implementation_version: '3.11.2',
    os_name: 'posix',
    platform_machine: 'aarch64',
    platform_python_implementation: 'CPython',
    platform_system: 'Linux',
    python_full_version: '3.11.2',
    python_version: '3.11',
    sys_platform: 'linux',
  });
});

test('a pre-release, and a kernel that is known', () => {
  const libc = parseLibc('musl:1.2');
  const environment = markerEnvironment({
    python: '3.14.0rc2',
    platform: 'linux/amd64',
    libc,
    kernel: '6.1.0-13-amd64',
  });
  expect(environment).toMatchObject({
    implementation_version: '3.14.0c2',
    python_full_version: '3.14.0rc2',
    python_version: '3.14',
    platform_release: '6.1.0-13-amd64',
  });
  expect(environment).not.toHaveProperty('platform_version');
});
