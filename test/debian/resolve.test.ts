import { describe, expect, it } from 'vitest';
import type { LeftOut } from '../../src/debian/left-out.ts';
import type { DebianPackage } from '../../src/debian/package-list.ts';
import { type Lists, resolvePackages } from '../../src/debian/resolve.ts';
import { BivyError } from '../../src/kernel/errors.ts';

function pkg(name: string, version: string, more: Partial<DebianPackage> = {}): DebianPackage {
  return {
    name,
    version,
    architecture: 'amd64',
    filename: `pool/${name}.deb`,
    size: 1,
    sha256: '0'.repeat(64),
    depends: '',
    conflicts: '',
    provides: '',
    multiArch: '',
    archive: 'main',
    ...more,
  };
}

function listsOf(packages: readonly DebianPackage[]): Lists {
  return {
    find: async (name) =>
      packages.filter(
        (one) => one.name === name || one.provides.split(', ').some((text) => text.split(' ')[0] === name),
      ),
    names: async () => packages.map(({ name }) => name),
  };
}

async function resolve(
  packages: readonly DebianPackage[],
  wanted: readonly string[],
  { extra = [], leftOut = [] }: { extra?: readonly string[]; leftOut?: readonly LeftOut[] } = {},
): Promise<readonly string[]> {
  const found = await resolvePackages(
    { architecture: 'amd64', release: 'debian:12', packages: wanted, extra, leftOut },
    listsOf(packages),
  );
  return found.map(({ name, version }) => `${name} ${version}`);
}

describe('resolvePackages', () => {
  it('follows dependencies and sorts by name', async () => {
    const packages = [
      pkg('b', '1', { depends: 'c (>= 1), a' }),
      pkg('c', '2', { depends: 'b' }),
      pkg('a', '1', { architecture: 'all' }),
      pkg('unrelated', '1'),
    ];
    expect(await resolve(packages, ['b'])).toEqual(['a 1', 'b 1', 'c 2']);
  });

  it('takes the newest version of any suite, and of this port alone', async () => {
    const packages = [
      pkg('a', '1.0-1'),
      pkg('a', '1.0-1+deb12u1', { archive: 'security' }),
      pkg('a', '1.0-1~', { archive: 'security' }),
      pkg('a', '9', { architecture: 'arm64' }),
    ];
    expect(await resolve(packages, ['a'])).toEqual(['a 1.0-1+deb12u1']);
  });

  it('takes the first alternative that can be had, and none where one is there', async () => {
    const packages = [
      pkg('a', '1', { depends: 'missing | old (>= 2) | b | c' }),
      pkg('old', '1'),
      pkg('b', '1'),
      pkg('c', '1'),
    ];
    expect(await resolve(packages, ['a'])).toEqual(['a 1', 'b 1']);
    expect(await resolve(packages, ['a', 'c'])).toEqual(['a 1', 'c 1']);
  });

  it('knows what is provided, and in which version', async () => {
    const packages = [
      pkg('a', '1', { depends: 'mail, libssl3 (>= 3.4)' }),
      pkg('zmail', '1', { provides: 'mail' }),
      pkg('bmail', '1', { provides: 'mail' }),
      pkg('libssl3t64', '3.5', { provides: 'libssl3 (= 3.5)' }),
    ];
    expect(await resolve(packages, ['a'])).toEqual(['a 1', 'bmail 1', 'libssl3t64 3.5']);
    expect(await resolve(packages, ['a', 'zmail'])).toEqual(['a 1', 'libssl3t64 3.5', 'zmail 1']);
    const unversioned = [pkg('a', '1', { depends: 'mail (>= 1)' }), pkg('bmail', '1', { provides: 'mail' })];
    await expect(resolve(unversioned, ['a'])).rejects.toThrow(/needs `mail \(>= 1\)`/);
  });

  it('understands architecture qualifiers', async () => {
    const packages = [
      pkg('a', '1', { depends: 'python3:any, b:amd64' }),
      pkg('python3', '3.11', { multiArch: 'allowed' }),
      pkg('b', '1'),
    ];
    expect(await resolve(packages, ['a'])).toEqual(['a 1', 'b 1', 'python3 3.11']);
    await expect(resolve([pkg('a', '1', { depends: 'b:arm64' }), pkg('b', '1')], ['a'])).rejects.toThrow(
      /needs `b`/,
    );
  });

  it('leaves out what the table names, but not what is asked for', async () => {
    const packages = [
      pkg('a', '1', { depends: 'debconf (>= 0.5) | debconf-2.0, awk' }),
      pkg('b', '1', { depends: 'awk' }),
      pkg('debconf', '1', { depends: 'perl' }),
      pkg('perl', '5'),
      pkg('awk', '1'),
    ];
    const leftOut = [
      { of: '*', dependency: 'debconf', reason: '' },
      { of: 'a', dependency: 'awk', reason: '' },
    ];
    expect(await resolve(packages, ['a'], { leftOut })).toEqual(['a 1']);
    expect(await resolve(packages, ['a', 'b'], { leftOut })).toEqual(['a 1', 'awk 1', 'b 1']);
    expect(await resolve(packages, ['a'], { leftOut, extra: ['debconf'] })).toEqual([
      'a 1',
      'debconf 1',
      'perl 5',
    ]);
  });

  it.each<[string, readonly DebianPackage[], readonly string[], RegExp, RegExp]>([
    [
      'an unknown package',
      [pkg('libpq5', '1')],
      ['libqp5'],
      /`debian:12` has no package `libqp5` for `amd64`/,
      /`libpq5`/,
    ],
    ['one of another port', [pkg('a', '1', { architecture: 'arm64' })], ['a'], /no package `a`/, /./],
    [
      'a virtual one',
      [pkg('mawk', '1', { provides: 'awk' })],
      ['awk'],
      /no package `awk`/,
      /provided by `mawk`/,
    ],
    [
      'an unmet one',
      [pkg('a', '1', { depends: 'b (>= 2) | c' }), pkg('b', '1')],
      ['a'],
      /needs `b \(>= 2\) \| c`/,
      /mirror/,
    ],
    [
      'a conflict',
      [pkg('a', '1', { conflicts: 'b (<< 2)' }), pkg('b', '1')],
      ['a', 'b'],
      /`a` 1 cannot stand beside `b` 1/,
      /packages/,
    ],
  ])('refuses %s', async (_, packages, extra, message, hint) => {
    const error = await resolve(packages, [], { extra }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BivyError);
    expect((error as BivyError).code).toBe('DEBIAN_PACKAGE');
    expect((error as BivyError).message).toMatch(message);
    expect((error as BivyError).hint).toMatch(hint);
  });

  it('allows a package to conflict with what it provides itself', async () => {
    expect(await resolve([pkg('mawk', '1', { provides: 'awk', conflicts: 'awk' })], ['mawk'])).toEqual([
      'mawk 1',
    ]);
  });

  it('names the package whose relations cannot be read', async () => {
    await expect(resolve([pkg('a', '1', { depends: '?' })], ['a'])).rejects.toMatchObject({
      code: 'MIRROR_INVALID',
    });
  });
});
