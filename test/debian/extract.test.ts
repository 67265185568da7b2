import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { extractDeb } from '../../src/debian/extract.ts';
import type { Blob } from '../../src/kernel/cache.ts';
import type { BivyError } from '../../src/kernel/errors.ts';
import { type ArMember, arOf, debOf, type TarMember, tarOf, xzOf } from '../support/deb.ts';
import { sharedLibrary } from '../support/elf.ts';
import { openWorkspace, refusal, type Workspace } from './workspace.ts';

let space: Workspace;
let fetched: number;

beforeEach(() => {
  space = openWorkspace();
  fetched = 0;
});
afterEach(() => space.close());

async function extract(bytes: Buffer): ReturnType<typeof extractDeb> {
  const { cache } = space.context;
  const blob: Blob = await cache.putBlob([bytes]);
  const fetch = async (): Promise<Blob> => {
    fetched++;
    return blob;
  };
  return extractDeb(blob.digest, fetch, 'a 1.0', cache);
}

const control = 'Package: a\nVersion: 1.0\n';

function members(parts: Partial<Record<'version' | 'control' | 'data', ArMember>> = {}): ArMember[] {
  return [
    parts.version ?? { name: 'debian-binary', data: Buffer.from('2.0\n') },
    parts.control ?? { name: 'control.tar.xz', data: xzOf(tarOf([{ path: './control', data: control }])) },
    parts.data ?? { name: 'data.tar.xz', data: xzOf(tarOf([{ path: './usr/x', data: 'x' }])) },
  ];
}

describe('extractDeb', () => {
  it('lists what is there and keeps the contents one behind the other', async () => {
    const library = sharedLibrary({ soname: 'libz.so.1', needed: ['libc.so.6'] });
    const data: TarMember[] = [
      { path: './', type: '5' },
      { path: './usr/', type: '5' },
      { path: './usr/lib/libz.so.1.2', data: library, mode: 0o755 },
      { path: './usr/lib/libz.so.1', type: '2', target: 'libz.so.1.2' },
      { path: './usr/lib/libnone.so', data: sharedLibrary({}) },
      { path: './usr/lib/libtext.so', data: 'INPUT(libz.so.1)' },
      { path: './usr/bin/tool', data: 'tool', mode: 0o4755, uid: 1, gid: 2 },
      { path: './usr/bin/again', type: '1', target: './usr/bin/tool' },
      { path: './usr/share/man/man1/a.1.gz', data: 'manual' },
      { path: './usr/share/doc/a/copyright', data: 'MIT' },
      { path: './usr/share/doc/a/changelog', data: 'long' },
    ];
    const { deb, blob } = await extract(
      debOf({ control, members: data, scripts: { postinst: 'x', prerm: 'y' }, md5sums: 'sums\n' }),
    );
    expect(deb).toMatchObject({ control, md5sums: 'sums\n', scripts: ['postinst', 'prerm'] });
    const bytes = readFileSync(blob.path);
    const listed = deb.entries.map((entry) => [
      entry.kind,
      entry.path,
      entry.kind === 'file'
        ? bytes.toString('latin1', entry.offset, entry.offset + entry.size)
        : entry.target,
      entry.kind === 'file' ? entry.soname : undefined,
    ]);
    expect(listed).toEqual([
      ['directory', 'usr', '', undefined],
      ['file', 'usr/lib/libz.so.1.2', library.toString('latin1'), 'libz.so.1'],
      ['symlink', 'usr/lib/libz.so.1', 'libz.so.1.2', undefined],
      ['file', 'usr/lib/libnone.so', sharedLibrary({}).toString('latin1'), ''],
      ['file', 'usr/lib/libtext.so', 'INPUT(libz.so.1)', undefined],
      ['file', 'usr/bin/tool', 'tool', undefined],
      ['hardlink', 'usr/bin/again', 'usr/bin/tool', undefined],
      ['file', 'usr/share/doc/a/copyright', 'MIT', undefined],
    ]);
    expect(deb.entries.find(({ path }) => path === 'usr/bin/tool')).toMatchObject({
      mode: 0o4755,
      uid: 1,
      gid: 2,
    });
  });

  it('unpacks once, and again when the cache is damaged', async () => {
    const bytes = arOf(members());
    const first = await extract(bytes);
    expect((await extract(bytes)).deb).toEqual(first.deb);
    expect(fetched).toBe(1);
    writeFileSync(first.blob.path, 'y');
    expect((await extract(bytes)).deb).toEqual(first.deb);
    expect(fetched).toBe(2);
    expect(readFileSync(first.blob.path, 'utf8')).toBe('x');
  });

  it.each([
    ['gzip', { name: 'data.tar.gz', data: gzipSync(tarOf([{ path: './usr/x', data: 'x' }])) }],
    ['no compression', { name: 'data.tar', data: tarOf([{ path: './usr/x', data: 'x' }]) }],
    ['a slash in ar names', { name: 'data.tar/', data: tarOf([{ path: './usr/x', data: 'x' }]) }],
  ])('reads %s', async (_, data) => {
    expect((await extract(arOf(members({ data })))).deb.entries.map(({ path }) => path)).toEqual(['usr/x']);
  });

  const tar = (...list: TarMember[]): Buffer =>
    arOf(members({ data: { name: 'data.tar', data: tarOf(list) } }));
  const sound = arOf(members());
  const packed = xzOf(tarOf([{ path: './usr/x', data: 'x' }]));
  it.each<[string, Buffer, RegExp]>([
    ['no archive', Buffer.from('<html>'), /does not begin like an `ar` archive/],
    ['nothing', Buffer.alloc(0), /`ar` archive/],
    ['a file cut short', sound.subarray(0, sound.length - 40), /`data.tar.xz` is cut short/],
    ['a missing member', arOf(members().slice(0, 2)), /header is damaged/],
    ['a lying size', arOf(members({ data: { name: 'data.tar.xz', data: packed, size: 1e9 } })), /cut short/],
    [
      'another format',
      arOf(members({ version: { name: 'debian-binary', data: Buffer.from('3.0\n') } })),
      /not 2\.0/,
    ],
    ['a wrong order', arOf([...members()].reverse()), /format is not 2\.0/],
    [
      'another member',
      arOf(members({ control: { name: 'evil.tar.xz', data: packed } })),
      /`evil\.tar\.xz` stands where/,
    ],
    ['unknown compression', arOf(members({ data: { name: 'data.tar.zst', data: packed } })), /`\.zst`/],
    [
      'damaged XZ',
      arOf(members({ data: { name: 'data.tar.xz', data: Buffer.from(packed).fill(1, 30, 40) } })),
      /no sound XZ/,
    ],
    [
      'XZ cut short',
      arOf(members({ data: { name: 'data.tar.xz', data: packed.subarray(0, 60) } })),
      /no sound XZ|cut short/,
    ],
    [
      'damaged gzip',
      arOf(members({ data: { name: 'data.tar.gz', data: Buffer.from('no') } })),
      /no sound gzip/,
    ],
    ['no control', arOf(members({ control: { name: 'control.tar', data: tarOf([]) } })), /no `control`/],
    ['a path that climbs', tar({ path: './../../etc/shadow', data: 'x' }), /leaves the archive's root/],
    [
      'a hard link that climbs',
      tar({ path: './a', type: '1', target: '../../etc/shadow' }),
      /outside the archive/,
    ],
    ['a path twice', tar({ path: './a', data: 'x' }, { path: 'a', data: 'y' }), /holds `\/a` twice/],
    ['a device', tar({ path: './dev/sda', type: '4' }), /which is a device/],
    ['a fifo', tar({ path: './pipe', type: '6' }), /which is a device/],
  ])('refuses %s', async (_, bytes, message) => {
    const error = await refusal(extract(bytes));
    expect(error.code).toBe('ARCHIVE_INVALID');
    expect(error.message).toMatch(message);
  });

  it('answers any damage with files or ARCHIVE_INVALID', async () => {
    const bytes = debOf({
      control,
      members: [{ path: './usr/lib/libz.so.1', data: sharedLibrary({ soname: 'z' }) }],
    });
    const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const damaged = Buffer.from(bytes);
        for (const [at, value] of changes) damaged[at] = value;
        try {
          await extract(damaged);
        } catch (error) {
          expect((error as BivyError).code).toBe('ARCHIVE_INVALID');
        }
      }),
      { numRuns: 100 },
    );
  });
});
