import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { architectureOf } from '../../src/debian/architecture.ts';
import { readElf } from '../../src/debian/elf.ts';
import { compareSonames, writeLoaderCache } from '../../src/debian/loader-cache.ts';
import { sharedLibrary } from '../support/elf.ts';

describe('compareSonames', () => {
  it.each([
    ['libz.so.1', 'libz.so.1', 0],
    ['libz.so.2', 'libz.so.10', -1],
    ['liba.so', 'libb.so', -1],
    ['libz.so', 'libz.so.1', -1],
    ['libz1', 'libza', 1],
    ['lib', 'lib1', -1],
    ['lib01', 'lib1', 0],
  ])('%s against %s', (a, b, expected) => {
    expect(Math.sign(compareSonames(a, b))).toBe(expected);
  });
});

describe('writeLoaderCache', () => {
  it('has the header that glibc expects, in either byte order', () => {
    const library = { soname: 'libz.so.1', path: '/lib/libz.so.1' };
    const little = writeLoaderCache([library], architectureOf('linux/amd64'));
    expect(little.toString('latin1', 0, 20)).toBe('glibc-ld.so.cache1.1');
    expect([little.readUInt32LE(20), little.readUInt32LE(24), little[28]]).toEqual([1, 25, 2]);
    expect(little.readUInt32LE(48)).toBe(0x303);
    expect(little.toString('latin1', little.readUInt32LE(52), little.readUInt32LE(52) + 9)).toBe('libz.so.1');
    expect(little.toString('latin1', little.readUInt32LE(56))).toBe('/lib/libz.so.1\0');
    const big = writeLoaderCache([library], architectureOf('linux/s390x'));
    expect([big.readUInt32BE(20), big[28], big.readUInt32BE(48)]).toEqual([1, 3, 0x403]);
  });

  const ldconfig = ['/sbin/ldconfig', 'ldconfig'].find((program) => spawnSync(program, ['-V']).status === 0);
  if (ldconfig === undefined) console.warn('no ldconfig here: `ld.so.cache` is not held against it');

  it.skipIf(ldconfig === undefined).each([
    ['linux/amd64', 'libc6,x86-64'],
    ['linux/arm64', 'libc6,AArch64'],
    ['linux/arm/v7', 'libc6,hard-float'],
    ['linux/386', 'libc6'],
    ['linux/ppc64le', 'libc6,64bit'],
    ['linux/riscv64', 'libc6,double-float'],
  ])('is printed by ldconfig as it should, for %s', (platform, kind) => {
    const root = mkdtempSync(join(tmpdir(), 'bivy-loader-'));
    try {
      const libraries = ['libz.so.1', 'libz.so.10', 'liba.so.2', 'libstdc++.so.6', 'ld-linux.so.2'].map(
        (soname) => ({
          soname,
          path: `/lib/here/${soname}`,
        }),
      );
      writeFileSync(join(root, 'cache'), writeLoaderCache(libraries, architectureOf(platform)));
      const { stdout } = spawnSync(ldconfig!, ['-p', '-C', join(root, 'cache')], { encoding: 'utf8' });
      const lines = stdout.split('\n').filter((line) => line.startsWith('\t'));
      expect(lines).toEqual(
        ['libz.so.10', 'libz.so.1', 'libstdc++.so.6', 'liba.so.2', 'ld-linux.so.2'].map(
          (soname) => `\t${soname} (${kind}) => /lib/here/${soname}`,
        ),
      );
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

describe('readElf', () => {
  it('reads machine, soname and what is needed', () => {
    const bytes = sharedLibrary({ soname: 'libz.so.1', needed: ['libc.so.6', 'libm.so.6'], machine: 183 });
    expect(readElf(bytes)).toEqual({
      machine: 183,
      wide: true,
      little: true,
      soname: 'libz.so.1',
      needed: ['libc.so.6', 'libm.so.6'],
    });
    expect(readElf(sharedLibrary({}))?.soname).toBeUndefined();
  });

  it('takes nothing for what is no ELF file', () => {
    expect(readElf(Buffer.from('#!/bin/sh\n'))).toBeUndefined();
    expect(readElf(Buffer.alloc(0))).toBeUndefined();
    expect(readElf(Buffer.alloc(100))).toBeUndefined();
  });

  it('survives any damage', () => {
    const sound = sharedLibrary({ soname: 'libz.so.1', needed: ['libc.so.6'] });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { maxLength: 5 }),
        fc.nat(sound.length),
        (changes, length) => {
          const bytes = Buffer.from(sound);
          for (const [at, value] of changes) bytes[at] = value;
          readElf(bytes.subarray(0, length));
        },
      ),
    );
  });
});
