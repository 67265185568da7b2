import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFieldFilter } from '../../src/debian/field-filter.ts';
import { openPackageList } from '../../src/debian/package-list.ts';

const SHA256 = 'a'.repeat(64);

function paragraph(name: string, more = ''): string {
  return `Package: ${name}\nVersion: 1.0\nArchitecture: amd64\n${more}Filename: pool/${name}.deb\nSize: 7\nSHA256: ${SHA256}\n`;
}

function list(text: string): ReturnType<typeof openPackageList> {
  return openPackageList(Buffer.from(text), 'the list', 'main');
}

describe('openPackageList', () => {
  it('finds packages by name and by what they provide', () => {
    const found = list(
      [
        paragraph(
          'aa',
          'Provides: mail, libx (= 1),\n libfar:any\nPre-Depends: p\nDepends: d (>= 1)\nBreaks: b\n',
        ),
        paragraph('bb', 'Multi-Arch: same\nProvides: mail\n'),
        paragraph('aa').replace('1.0', '2.0'),
      ].join('\n'),
    );
    expect(found.find('aa').map(({ version }) => version)).toEqual(['1.0', '2.0']);
    expect(found.find('aa')[0]).toEqual({
      name: 'aa',
      version: '1.0',
      architecture: 'amd64',
      filename: 'pool/aa.deb',
      size: 7,
      sha256: SHA256,
      depends: 'p, d (>= 1)',
      conflicts: 'b',
      provides: 'mail, libx (= 1),\nlibfar:any',
      multiArch: '',
      archive: 'main',
    });
    for (const [name, providers] of [
      ['mail', ['aa', 'bb']],
      ['libx', ['aa']],
      ['libfar', ['aa']],
      ['c', []],
    ] as const) {
      expect(found.find(name).map((one) => one.name)).toEqual(providers);
    }
    expect([...found.names()]).toEqual(['aa', 'bb']);
    expect(list('').find('aa')).toEqual([]);
  });

  it('finds a package whose name does not come first', () => {
    const found = list(`Version: 1.0\n${paragraph('xx').replace('Version: 1.0\n', '')}`);
    expect(found.find('xx')).toHaveLength(1);
  });

  it.each([
    ['no hash', paragraph('aa').replace(/SHA256.*\n/, '')],
    ['a bad hash', paragraph('aa').replace(SHA256, 'xyz')],
    ['a bad size', paragraph('aa').replace('Size: 7', 'Size: -7')],
    ['a path that climbs', paragraph('aa').replace('pool/', 'pool/../../')],
    ['an absolute path', paragraph('aa').replace('pool/', '/')],
    ['a path that is an address', paragraph('aa').replace('pool/aa.deb', 'pool/aa.deb?x')],
    ['a bad version', paragraph('aa').replace('1.0', '1 0')],
  ])('refuses %s', (_, text) => {
    expect(() => list(text).find('aa')).toThrow(expect.objectContaining({ code: 'MIRROR_INVALID' }));
  });
});

describe('createFieldFilter', () => {
  const wanted =
    /^(?:Architecture|Breaks|Conflicts|Depends|Filename|Multi-Arch|Package|Pre-Depends|Provides|SHA256|Size|Version):/;
  const line = fc.oneof(
    fc.constantFrom(
      '',
      ' more',
      '\tmore',
      'Package: a',
      'Depends: b',
      'Description: c',
      'Description-md5: d',
      'Depends',
    ),
    fc.constantFrom(
      'SHA256: 0',
      'SHA1: 0',
      'Size: 1',
      'Section: x',
      'Installed-Size: 3',
      'Pre-Depends: é',
      'P',
    ),
  );

  it('keeps the lines of the fields that are asked for, however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 12 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 20 }),
        (lines, ended, size) => {
          const bytes = Buffer.from(lines.join('\n') + (ended ? '\n' : ''));
          const filter = createFieldFilter(bytes.length);
          for (let at = 0; at < bytes.length; at += size) filter.add(bytes.subarray(at, at + size));
          let keeping = false;
          const expected = bytes
            .toString()
            .split(/(?<=\n)/)
            .filter((text) => {
              if (!/^[ \t]/.test(text)) keeping = text === '\n' || wanted.test(text);
              return keeping && text !== '';
            });
          expect(filter.end().toString()).toBe(expected.join(''));
        },
      ),
    );
  });
});
