import { describe, expect, it } from 'vitest';
import { parseRequirement } from '../../src/python/requirement.ts';

describe('parseRequirement', () => {
  it.each([
    ['requests', { name: 'requests', extras: [], constraint: '*' }],
    ['Foo_Bar >=1, <2', { name: 'Foo_Bar', extras: [], constraint: '>=1,<2' }],
    [
      'foo[b,A_b] (>=1,<2) ; python_version < "3.8"',
      { name: 'foo', extras: ['a-b', 'b'], constraint: '>=1,<2', marker: 'python_version < "3.8"' },
    ],
    ['foo[]==1.*', { name: 'foo', extras: [], constraint: '==1.*' }],
    [
      'foo @ https://host/foo-1.0.zip#sha256=00 ; os_name == "posix"',
      {
        name: 'foo',
        extras: [],
        constraint: '*',
        url: 'https://host/foo-1.0.zip#sha256=00',
        marker: 'os_name == "posix"',
      },
    ],
    [
      'foo[x] @ git+https://host/foo.git@main',
      { name: 'foo', extras: ['x'], constraint: '*', url: 'git+https://host/foo.git@main' },
    ],
    ['foo >= 1.0 # a comment', { name: 'foo', extras: [], constraint: '>= 1.0' }],
    [
      'foo # why ; python_version < "3"',
      { name: 'foo', extras: [], constraint: '*', marker: 'python_version < "3"' },
    ],
    ['  foo  ', { name: 'foo', extras: [], constraint: '*' }],
  ] as const)('%s', (text, expected) => {
    expect(parseRequirement(text)).toEqual(expected);
  });

  it.each([
    '',
    '-foo',
    'foo bar',
    'foo ^1.0',
    'foo (>=1',
    'foo[a',
    'foo[a b]',
    'foo ;',
    'foo >=1 || <2',
    'foo @',
  ])('refuses %j', (text) => {
    expect(parseRequirement(text)).toBeUndefined();
  });
});
