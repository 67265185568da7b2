import { describe, expect, it } from 'vitest';
import { createTree } from '../../src/debian/tree.ts';
import { hasOwnTrims, isTrimmed, TRIMS } from '../../src/debian/trim.ts';
import type { Entry } from '../../src/layers/entry.ts';

function file(path: string, text = ''): Entry {
  const bytes = Buffer.from(text);
  return { kind: 'file', path, mode: 0o644, size: bytes.length, content: { kind: 'bytes', bytes } };
}

function link(path: string, target: string): Entry {
  return { kind: 'symlink', path, mode: 0o777, target };
}

function directory(path: string, mode = 0o755): Entry {
  return { kind: 'directory', path, mode };
}

function treeOf(...entries: readonly Entry[]): ReturnType<typeof createTree> {
  const tree = createTree(
    (one, other) =>
      one.kind === 'bytes' && other.kind === 'bytes' && Buffer.from(one.bytes).equals(other.bytes),
  );
  for (const entry of entries) tree.add(entry, `from-${entry.path}`);
  return tree;
}

describe('createTree', () => {
  it('lays paths behind links to directories', () => {
    const tree = treeOf(
      directory('usr/lib'),
      link('lib', 'usr/lib'),
      directory('lib'),
      file('lib/x/libz.so'),
    );
    expect(tree.all().map(([, { path, kind }]) => [path, kind])).toEqual([
      ['lib', 'symlink'],
      ['usr/lib', 'directory'],
      ['usr/lib/x/libz.so', 'file'],
    ]);
    expect(tree.place('lib/x', false)).toBe('usr/lib/x');
    expect(tree.list('usr')).toEqual(['lib']);
    expect(tree.list('usr/lib')).toEqual(['x']);
  });

  it('keeps links inside the root', () => {
    const tree = treeOf(link('a', '../../../etc'), link('b/c', '/a'));
    expect(tree.place('a/x', false)).toBe('etc/x');
    expect(tree.place('b/c/x', false)).toBe('etc/x');
    expect(tree.place('b/c', false)).toBe('b/c');
    expect(tree.place('b/c', true)).toBe('etc');
  });

  it('keeps the first of two directories, and of two files that are the same', () => {
    const tree = treeOf(
      directory('tmp', 0o1777),
      directory('tmp'),
      file('a', 'x'),
      file('a', 'x'),
      link('l', 'a'),
      link('l', 'a'),
    );
    expect(tree.get('tmp')?.mode).toBe(0o1777);
    expect(tree.all()).toHaveLength(3);
  });

  it.each<[string, Entry[]]>([
    ['two files', [file('a', 'x'), file('a', 'y')]],
    ['a file and a directory', [file('a'), directory('a')]],
    ['a directory and a file', [directory('a'), file('a/b'), file('a')]],
    ['a directory that is only implied', [file('a/b'), link('a', 'c')]],
    ['something below a file', [file('a'), file('a/b')]],
    ['two links', [link('a', 'b'), link('a', 'c')]],
  ])('refuses %s at one path', (_, entries) => {
    expect(() => treeOf(...entries)).toThrow(expect.objectContaining({ code: 'DEBIAN_PACKAGE' }));
  });

  it('refuses links in circles', () => {
    expect(() => treeOf(link('a', 'b'), link('b', 'a'), file('a/x'))).toThrow(/in circles/);
  });
});

describe('isTrimmed', () => {
  it.each([
    ['usr/share/doc/a/changelog.gz', '*', true],
    ['usr/share/doc/a/copyright', '*', false],
    ['usr/share/doc/a', '*', false],
    ['usr/share/man/man1/a.1.gz', '*', true],
    ['usr/share/common-licenses/GPL-3', '*', false],
    ['usr/lib/x86_64-linux-gnu/gconv/EUC-JP.so', 'libc6', true],
    ['usr/lib/x86_64-linux-gnu/gconv/EUC-JP.so', '*', false],
    ['usr/lib/x86_64-linux-gnu/gconv/CP1252.so', 'libc6', false],
    ['usr/lib/x86_64-linux-gnu/gconv/CP932.so', 'libc6', true],
    ['usr/lib/x86_64-linux-gnu/gconv/gconv-modules', 'libc6', false],
    ['usr/lib/x86_64-linux-gnu/libc.so.6', 'libc6', false],
    ['usr/lib/python3.11/test/regrtest.py', 'libpython3.11-stdlib', true],
    ['usr/lib/python3.11/unittest/case.py', 'libpython3.11-stdlib', false],
    [
      'usr/lib/python3.11/lib-dynload/_testcapi.cpython-311-x86_64-linux-gnu.so',
      'libpython3.11-stdlib',
      true,
    ],
    ['usr/lib/python3.11/lib-dynload/_ctypes.cpython-311-x86_64-linux-gnu.so', 'libpython3.11-stdlib', false],
    ['usr/sbin/ldconfig', 'libc-bin', false],
    ['usr/bin/getent', 'libc-bin', true],
    ['usr/bin/python3.11', 'python3.11-minimal', false],
  ])('%s of %s', (path, name, expected) => {
    expect(isTrimmed(path, name)).toBe(expected);
  });

  it('has a reason for each row, and rows of their own for those that have', () => {
    for (const { reason } of TRIMS) expect(reason).not.toBe('');
    expect([hasOwnTrims('libc6'), hasOwnTrims('libpq5'), hasOwnTrims('*')]).toEqual([true, false, false]);
  });
});
