import { describe, expect, it } from 'vitest';
import { sourcePackage } from '../../src/debian/source-package.ts';

describe('the source of a package', () => {
  it.each<[string, string, { readonly name: string; readonly version: string } | undefined]>([
    [
      'another name',
      'Package: libc6\nSource: glibc\nVersion: 2.36-9\n',
      { name: 'glibc', version: '2.36-9' },
    ],
    [
      'another version',
      'Package: libgcc-s1\nSource: gcc-12 (12.2.0-14)\nVersion: 12.2.0-14+deb12u1\n',
      { name: 'gcc-12', version: '12.2.0-14' },
    ],
    [
      'its own name and another version',
      'Package: a1\nSource: a1 (1.0)\nVersion: 1.0+b1\n',
      { name: 'a1', version: '1.0' },
    ],
    ['its own', 'Package: a1\nVersion: 1.0\n', undefined],
    ['its own, said', 'Package: a1\nSource: a1 (1.0)\nVersion: 1.0\n', undefined],
    ['nothing sensible', 'Package: a1\nSource: <script>\nVersion: 1.0\n', undefined],
  ])('is %s', (_, control, source) => {
    expect(sourcePackage(control)).toEqual(source);
  });
});
