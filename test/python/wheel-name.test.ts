import { describe, expect, test } from 'vitest';
import { parseWheelName, versionInFileName } from '../../src/python/wheel-name.ts';

describe('wheels', () => {
  test('a compressed tag set stands for every combination', () => {
    expect(parseWheelName('foo-1.0-py2.py3-none-any.whl')).toEqual({
      distribution: 'foo',
      version: '1.0',
      build: undefined,
      tags: ['py2-none-any', 'py3-none-any'],
    });
    const many = parseWheelName(
      'Foo_Bar-1.0.post1-cp311-abi3.cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
    );
    expect(many?.tags).toHaveLength(4);
    expect(many?.tags).toContain('cp311-cp311-manylinux2014_x86_64');
  });

  test.each([
    ['foo-1.0-1-py3-none-any.whl', [1, '']],
    ['foo-1.0-10a-py3-none-any.whl', [10, 'a']],
    ['foo-1.0-01-py3-none-any.whl', [1, '']],
    ['foo-1.0-20240101000000000000-py3-none-any.whl', [20240101000000000000n, '']],
  ])('the build tag of %s', (file, build) => {
    expect(parseWheelName(file)?.build).toEqual(build);
  });

  test('dashes in names, underscores in versions, capitals in tags', () => {
    const wheel = parseWheelName('foo-bar-1.0_1-CP311-none-Any.whl');
    expect(wheel).toMatchObject({ distribution: 'foo-bar', version: '1.0-1', tags: ['cp311-none-any'] });
  });

  test.each([
    'foo-1.0-py3-none.whl',
    'foo-1.0.tar.gz',
    'foo-abc-py3-none-any.whl',
    'foo-1.0-1-py3-none-any.zip',
    '-1.0-py3-none-any.whl',
    '',
  ])('`%s` is none', (file) => {
    expect(parseWheelName(file)).toBeUndefined();
  });
});

test.each([
  ['foo-1.0.tar.gz', 'foo', '1.0'],
  ['Foo.Bar-1.0.zip', 'foo-bar', '1.0'],
  ['foo-bar-1.0-beta.tar.gz', 'foo-bar', '1.0-beta'],
  ['foo-1.0-1.tar.gz', 'foo', '1.0-1'],
  ['foo-2-1.0.tar.bz2', 'foo-2', '1.0'],
  ['foo-1.0.sdist.tar.gz', 'foo', '1.0'],
  ['foo-1.0-py3.8.egg', 'foo', '1.0'],
  ['foo-1.0.win32-py3.8.exe', 'foo', '1.0'],
  ['foo-1.0-1-py3-none-any.whl', 'foo', '1.0'],
  ['foo_bar-1.0+local.1-py3-none-any.whl', 'foo-bar', '1.0+local.1'],
  ['foo-1.0.tar.gz', 'bar', undefined],
  ['foo-latest.tar.gz', 'foo', undefined],
  ['foo.txt', 'foo', undefined],
])('%s of %s is %s', (file, name, version) => {
  expect(versionInFileName(file, name)).toBe(version);
});
