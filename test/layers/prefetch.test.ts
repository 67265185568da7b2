import { describe, expect, it } from 'vitest';
import { matches, PREFETCH, wheelFirst } from '../../src/layers/prefetch.ts';

function entry(path: string, size = 10) {
  return {
    kind: 'file',
    path,
    mode: 0o644,
    size,
    content: { kind: 'bytes', bytes: new Uint8Array() },
  } as const;
}

describe('matches', () => {
  it.each<[string, string, boolean]>([
    ['a', 'a', true],
    ['a', 'ab', false],
    ['a', 'x/a', false],
    ['*.py', 'a.py', true],
    ['*.py', 'a+py', false],
    ['*.py', 'd/a.py', false],
    ['**/*.py', 'a.py', true],
    ['**/*.py', 'd/e/a.py', true],
    ['a/**/z', 'a/z', true],
    ['a/**/z', 'a/b/c/z', true],
    ['a/**/z', 'ab/z', false],
    ['a/**', 'a/b/c', true],
    ['a/**', 'a', false],
    ['**', 'a/b', true],
    ['*-1.0(x)/*', 'b-1.0(x)/y', true],
  ])('%s with %s: %s', (pattern, path, expected) => {
    expect(matches([pattern])(entry(path))).toBe(expected);
    expect(matches(['nothing', pattern])(entry(path))).toBe(expected);
  });

  it('is of nothing where there are no patterns', () => {
    expect(matches([])(entry(''))).toBe(false);
  });
});

describe('wheelFirst', () => {
  const isFirst = wheelFirst({ python: '3.11', prefix: '/app/.venv' });
  const SITE = 'app/.venv/lib/python3.11/site-packages';

  it.each([
    ['app/.venv/bin/uvicorn', true],
    [`${SITE}/six.py`, true],
    [`${SITE}/numpy/__init__.py`, true],
    [`${SITE}/numpy/_core/numeric.py`, true],
    [`${SITE}/numpy/testing/__init__.py`, true],
    [`${SITE}/numpy/tests/test_all.py`, false],
    [`${SITE}/numpy/_core/tests/data/x.py`, false],
    [`${SITE}/numpy/_core/_multiarray_umath.cpython-311-x86_64-linux-gnu.so`, false],
    [`${SITE}/numpy/py.typed`, false],
    [`${SITE}/numpy-2.4.6.dist-info/METADATA`, true],
    [`${SITE}/numpy-2.4.6.dist-info/entry_points.txt`, true],
    [`${SITE}/numpy-2.4.6.dist-info/RECORD`, false],
    ['app/.venv/share/man/man1/x.1', false],
    ['srv/lib/python3.11/site-packages/six.py', false],
  ])('%s: %s', (path, expected) => {
    expect(isFirst(entry(path))).toBe(expected);
  });

  it('leaves large programs', () => {
    expect(isFirst(entry('app/.venv/bin/ruff', 30 << 20))).toBe(false);
  });

  it('follows the environment to where it lies', () => {
    const moved = wheelFirst({ python: '3.12', prefix: '/app/.venv', location: '/srv/env' });
    expect(moved(entry('srv/env/lib/python3.12/site-packages/six.py'))).toBe(true);
    expect(moved(entry('app/.venv/lib/python3.12/site-packages/six.py'))).toBe(false);
  });
});

describe('PREFETCH', () => {
  it.each([
    ['usr/bin/python3.11', true],
    ['usr/lib/python3.11/asyncio/events.py', true],
    ['usr/lib/python3.11/lib-dynload/_ssl.cpython-311-x86_64-linux-gnu.so', true],
    ['usr/lib/x86_64-linux-gnu/libc.so.6', true],
    ['usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1', true],
    ['usr/lib/x86_64-linux-gnu/libz.so.1.2.13', true],
    ['usr/lib/x86_64-linux-gnu/libkrb5.so.3.3', false],
    ['usr/lib/x86_64-linux-gnu/gconv/UTF-16.so', false],
    ['usr/share/zoneinfo/Europe/Rome', false],
  ])('of a base has %s: %s', (path, expected) => {
    expect(matches(PREFETCH.base)(entry(path))).toBe(expected);
  });
});
