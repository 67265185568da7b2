import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rootsMeet, rootsOf } from '../../src/app/roots.ts';

const SITE = 'app/.venv/lib/python3.11/site-packages';

function roots(...paths: string[]): readonly string[] {
  return rootsOf(paths, '3.11');
}

describe('rootsOf', () => {
  it('names the directories that hold files, and files that stand free', () => {
    expect(
      roots(
        `${SITE}/numpy/__init__.py`,
        `${SITE}/numpy/core/multiarray.py`,
        `${SITE}/numpy-2.0.dist-info/RECORD`,
        `${SITE}/six.py`,
        `${SITE}/google/api/annotations.py`,
        `${SITE}/google/cloud/storage/blob.py`,
        'app/.venv/bin/f2py',
        'app/.venv/share/man/man1/isympy.1',
        'app/.venv/share/jupyter/lab/static/deep/main.js',
        'app/main.py',
      ),
    ).toEqual([
      '/bin/f2py',
      '/share/jupyter/lab/',
      '/share/man/man1/isympy.1',
      'google/api/',
      'google/cloud/storage/',
      'numpy-2.0.dist-info/',
      'numpy/',
      'six.py',
    ]);
  });

  it('reads a prefix that a link of the base leads to', () => {
    expect(rootsOf(['srv/real/.venv/lib/python3.12/site-packages/six.py'], '3.12')).toEqual(['six.py']);
  });
});

describe('rootsMeet', () => {
  it.each([
    [['google/api/'], ['google/cloud/'], false],
    [['google/'], ['google/cloud/storage/'], true],
    [['six.py'], ['six.py'], true],
    [['six.py'], ['six/'], false],
    [['/bin/a'], ['/bin/b'], false],
    [['/share/x/y/'], ['/share/x/y/'], true],
    [[], ['a/'], false],
  ])('%j and %j: %s', (left, right, meet) => {
    expect(rootsMeet(left, right)).toBe(meet);
    expect(rootsMeet(right, left)).toBe(meet);
  });

  it('is true of any two layers that share a file', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const path = fc
      .tuple(
        fc.constantFrom(`${SITE}/`, 'app/.venv/', 'app/.venv/bin/'),
        fc.array(name, { minLength: 1, maxLength: 7 }),
      )
      .map(([start, names]) => `${start}${names.join('/')}.py`);
    fc.assert(
      fc.property(
        fc.array(path, { maxLength: 8 }),
        fc.array(path, { maxLength: 8 }),
        path,
        (left, right, both) => {
          expect(rootsMeet(roots(...left, both), roots(...right, both))).toBe(true);
        },
      ),
    );
  });
});
