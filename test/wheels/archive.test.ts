import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { BivyError } from '../../src/kernel/errors.ts';
import { type ArchiveLimits, openWheel, peekMember, readMember } from '../../src/wheels/archive.ts';
import { type ZipLies, type ZipMemberSpec, zip } from '../support/zip.ts';

const folder = mkdtempSync(join(tmpdir(), 'bivy-archive-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

function open(members: readonly ZipMemberSpec[], lies: ZipLies = {}, limits: Partial<ArchiveLimits> = {}) {
  return openBytes(zip(members, lies), limits);
}

function openBytes(bytes: Uint8Array, limits: Partial<ArchiveLimits> = {}) {
  count += 1;
  const path = join(folder, `${count}.zip`);
  writeFileSync(path, bytes);
  return openWheel(path, 'w.whl', limits);
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof BivyError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'accepted';
}

const A: ZipMemberSpec = { name: 'a', content: 'aaa' };
const B: ZipMemberSpec = { name: 'b', content: 'bbbb' };

describe('archives that are well', () => {
  test.each<[string, readonly ZipMemberSpec[], ZipLies]>([
    ['plain', [A, B], {}],
    ['with a comment', [A, B], { comment: Buffer.from('hello') }],
    ['with a comment that holds the sign of an end', [A, B], { comment: Buffer.from('PK\x05\x06') }],
    ['of zip64', [A, B], { zip64: true }],
    ['of zip64 where the plain end says it too', [A, B], { zip64: true, plain: { entries: 2 } }],
    ['with zip64 sizes', [{ ...A, zip64: true }, B], {}],
    [
      'with descriptors',
      [
        { ...A, descriptor: true },
        { ...B, descriptor: true, zip64: true },
      ],
      {},
    ],
    ['stored', [{ ...A, method: 0 }, B], {}],
    [
      'with bytes that belong to nobody',
      [{ name: 'hidden', unlisted: true }, A, B],
      { gap: Buffer.alloc(100) },
    ],
    ['with extra fields', [{ ...A, extra: Buffer.from([0x55, 0x54, 1, 0, 7]) }, B], {}],
  ])('%s', (_, members, lies) => {
    const archive = open(members, lies);
    expect(archive.members.map((member) => member.name)).toEqual(['a', 'b']);
    const [a, b] = archive.members;
    expect(readMember(archive, a!, 100).toString()).toBe('aaa');
    expect(readMember(archive, b!, 100).toString()).toBe('bbbb');
    expect(peekMember(archive, b!, 2, 100).toString()).toBe('bb');
  });

  test('nothing in it', () => {
    expect(open([]).members).toEqual([]);
  });

  test('more members than 16 bits can count, with and without zip64', () => {
    const many = Array.from({ length: 65_600 }, (_, index) => ({ name: `f${index}`, method: 0 }));
    expect(open(many, { zip64: true }).members.length).toBe(65_600);
    const narrow = zip(many, { entries: 64 });
    expect(openBytes(narrow).members.length).toBe(65_600);
    expect(refusal(() => openBytes(narrow, { entries: 65_599 }))).toMatch(/UNSAFE.*65600 members/);
  });

  test('members of more than 4 GiB, and one behind them', () => {
    const gigabytes = 5 * 2 ** 30;
    const big: ZipMemberSpec = {
      name: 'big',
      method: 0,
      zip64: true,
      size: gigabytes,
      compressedSize: gigabytes,
    };
    const bigHeader = zip([big]).subarray(0, 30 + 3 + 20);
    const small = zip([A]).subarray(0, 30 + 1 + 5);
    const smallOffset = bigHeader.length + gigabytes;
    const directory = zip(
      [
        { ...big, listedOnly: true },
        { ...A, listedOnly: true, zip64: true, headerOffset: smallOffset },
      ],
      { zip64: true, hole: smallOffset + small.length },
    );
    const path = join(folder, 'sparse.zip');
    const file = openSync(path, 'w');
    writeSync(file, bigHeader, 0, bigHeader.length, 0);
    writeSync(file, small, 0, small.length, smallOffset);
    writeSync(file, directory, 0, directory.length, smallOffset + small.length);
    closeSync(file);
    const archive = openWheel(path, 'w.whl');
    expect(archive.members.map((member) => [member.name, member.size, member.dataOffset])).toEqual([
      ['big', gigabytes, bigHeader.length],
      ['a', 3, smallOffset + 31],
    ]);
    expect(readMember(archive, archive.members[1]!, 100).toString()).toBe('aaa');
    expect(refusal(() => readMember(archive, archive.members[0]!, 1 << 20))).toMatch(/more than the 1048576/);
  });

  test('names: case and Unicode form make different files, code page 437 without the flag', () => {
    const names = ['A', 'a', 'u\u0308', '\u00fc', 'with space', "it's", 'd/'];
    const raw = { name: Buffer.from([0x81, 0xe1]), content: '' };
    const members = [...names.map((name) => ({ name })), raw];
    expect(open(members).members.map((member) => member.name)).toEqual([...names, 'üß']);
    expect(open([{ name: 'd/' }, { name: 'd' }]).members.map((member) => member.isDirectory)).toEqual([
      true,
      false,
    ]);
  });

  test('a name that is there twice stands for the same bytes', () => {
    expect(open([A, B, A]).members.map((member) => member.name)).toEqual(['a', 'b', 'a']);
  });
});

describe('names that no wheel may use', () => {
  test.each(
    [
      ['/etc/passwd', 'an absolute path'],
      ['../up', 'leaves its directory'],
      ['a/../../up', 'leaves its directory'],
      ['a/..', 'leaves its directory'],
      ['a\\b', 'a backslash'],
      ['..\\up', 'a backslash'],
      ['C:/windows', 'names a drive'],
      ['c:x', 'names a drive'],
      ['nul\0.py', 'a control character'],
      ['line\nfeed', 'a control character'],
      ['escape\u001b[31m', 'a control character'],
      ['c1\u009b31m', 'a control character'],
      ['a//b', 'an empty or `.` component'],
      ['./a', 'an empty or `.` component'],
      ['a/./b', 'an empty or `.` component'],
      ['a//', 'an empty or `.` component'],
      ['/', 'has no name'],
      ['', 'has no name'],
      ['x'.repeat(256), 'more than 255 bytes'],
      ['ü'.repeat(128), 'more than 255 bytes'],
      ['d/'.repeat(2000), 'more than 3800 bytes'],
    ].map(([name, reason]) => ({ name: name!, reason: reason!, shown: JSON.stringify(name).slice(0, 30) })),
  )('$shown', ({ name, reason }) => {
    const told = refusal(() => open([A, { name }]));
    expect(told).toMatch(/^WHEEL_UNSAFE: wheel `w.whl` is not safe to install: member `/);
    expect(told).toContain(reason);
    expect(told).not.toMatch(/\p{Cc}/u);
  });

  test('a name that is not the UTF-8 it claims', () => {
    const told = refusal(() => open([{ name: Buffer.from([0xff, 0x61]), flags: 0x800 }]));
    expect(told).toBe(
      'WHEEL_INVALID: wheel `w.whl` cannot be installed: the name of member `ÿa` is not UTF-8',
    );
  });
});

describe('archives that lie', () => {
  const unicodeName = Buffer.concat([
    Buffer.from([0x75, 0x70, 6, 0, 1, 0x43, 0xbe, 0xb7, 0xe8]),
    Buffer.from('b'),
  ]);
  test.each<[string, RegExp, readonly ZipMemberSpec[], ZipLies]>([
    ['another local name', /UNSAFE.*`a` is called `x` in its own/, [{ ...A, local: { name: 'x' } }], {}],
    ['a longer local name', /UNSAFE.*`a` is called `aa` in its own/, [{ ...A, local: { name: 'aa' } }], {}],
    ['a name read in two ways', /UNSAFE.*is called/, [{ name: 'ü', flags: 0x800, local: { flags: 0 } }], {}],
    ['a second name', /UNSAFE.*`a` has a second name, `b`/, [{ ...A, extra: unicodeName }], {}],
    ['two members of one name', /UNSAFE.*two different members called `a`/, [A, { ...B, name: 'a' }], {}],
    [
      'two of one name, size and CRC',
      /UNSAFE.*two different/,
      [A, { ...A, content: 'aab', crc32: 0xf007732d }],
      {},
    ],
    ['one name, two modes', /UNSAFE.*two different/, [A, { ...A, mode: 0o100755 }], {}],
    ['one member twice', /UNSAFE.*share bytes/, [A, { ...A, listedOnly: true, headerOffset: 0 }], {}],
    [
      'a size DEFLATE cannot reach',
      /UNSAFE.*claims 100000 bytes, which its 5/,
      [{ ...A, size: 100_000 }],
      {},
    ],
    ['a stored size', /UNSAFE.*claims 4 bytes, which its 3/, [{ ...A, method: 0, size: 4 }], {}],
    ['a local size', /INVALID.*disagrees/, [{ ...A, local: { size: 5 } }], {}],
    ['a local compressed size', /INVALID.*disagrees/, [{ ...A, local: { compressedSize: 9 } }], {}],
    ['a local CRC', /INVALID.*disagrees/, [{ ...A, local: { crc32: 9 } }], {}],
    ['a local method', /INVALID.*disagrees/, [{ ...A, local: { method: 0 } }], {}],
    ['a local zip64 size', /INVALID.*disagrees/, [{ ...A, zip64: true, local: { size: 9 } }], {}],
    [
      'no local zip64 field',
      /INVALID.*disagrees/,
      [{ ...A, zip64: true, local: { extra: Buffer.alloc(0) } }],
      {},
    ],
    ['no local header', /INVALID.*not where/, [{ ...A, local: { signature: 1 } }], {}],
    ['data past the directory', /INVALID.*larger than/, [{ ...A, compressedSize: 500, size: 500 }], {}],
    ['a header past the file', /INVALID.*not where/, [{ ...A, headerOffset: 1e9 }], {}],
    ['encryption', /INVALID.*`a` is encrypted/, [{ ...A, flags: 1 }], {}],
    ['strong encryption', /INVALID.*`a` is encrypted/, [{ ...A, flags: 0x41 }], {}],
    ['masked headers', /INVALID.*`a` is encrypted/, [{ ...A, flags: 1 << 13 }], {}],
    ['encryption in the local header', /INVALID.*disagrees/, [{ ...A, local: { flags: 1 } }], {}],
    ['bzip2', /INVALID.*method 12/, [{ ...A, method: 12 }], {}],
    ['zstd', /INVALID.*method 93/, [{ ...A, method: 93 }], {}],
    ['patches', /INVALID.*method 8/, [{ ...A, flags: 0x20 }], {}],
    ['another disk', /INVALID.*zip64/, [{ ...A, disk: 2 }], {}],
    ['bytes before the archive', /INVALID.*bytes stand before/, [A], { prefix: Buffer.from('#!/bin/sh\n') }],
    ['bytes after the archive', /INVALID.*does not end where/, [A], { suffix: Buffer.from('\n') }],
    ['fewer entries', /INVALID.*2 entries.*promises 1/, [A, B], { entries: 1 }],
    ['more entries', /INVALID.*2 entries.*promises 3/, [A, B], { entries: 3, zip64: true }],
    ['a directory elsewhere', /INVALID.*not where/, [A], { directoryOffset: 3 }],
    ['a directory of another size', /INVALID.*not where/, [A], { directorySize: 3 }],
    ['a directory without bounds', /INVALID.*not where/, [A], { directorySize: 2 ** 52, zip64: true }],
    ['several disks', /INVALID.*several disks/, [A], { disk: 1 }],
    ['two ends that disagree', /INVALID.*end records disagree/, [A], { zip64: true, plain: { entries: 2 } }],
  ])('%s', (_, expected, members, lies) => {
    expect(refusal(() => open(members, lies))).toMatch(expected);
  });

  test.each([
    ['nothing', ''],
    ['text', 'this is a wheel, honestly, and it is more than twenty-two bytes'],
    ['an HTML page', '<!doctype html><title>404</title>'],
  ])('%s is not an archive', (_, text) => {
    expect(refusal(() => openBytes(Buffer.from(text)))).toMatch(/INVALID.*not a zip archive/);
  });

  test('every cut of an archive is refused', () => {
    const whole = zip([A, B], { zip64: true });
    for (let end = 0; end < whole.length; end += 1) {
      expect(refusal(() => openBytes(whole.subarray(0, end)))).toMatch(/^WHEEL_INVALID/);
    }
  });
});

describe('bombs', () => {
  test('overlapping members, as D. Fifield stacks them', () => {
    const kernel = zip([{ name: 'kernel', content: 'k'.repeat(1000) }]);
    const quoted: ZipMemberSpec[] = [
      { name: 'q0', data: kernel.subarray(0, 60), method: 0, size: 60 },
      { name: 'kernel', listedOnly: true, headerOffset: 32, content: 'k'.repeat(1000) },
    ];
    expect(refusal(() => open(quoted))).toMatch(/UNSAFE.*share bytes/);
  });

  test('a ratio that only a bomb has, once it is large', () => {
    const zeros = { name: 'zeros', content: Buffer.alloc(1 << 20) };
    expect(open([zeros]).members[0]!.size).toBe(1 << 20);
    expect(refusal(() => open([zeros], {}, { freeSize: 1 << 19 }))).toMatch(
      /UNSAFE.*would unpack to 1048576/,
    );
    expect(refusal(() => open([zeros], {}, { unpackedSize: 1 << 19 }))).toMatch(
      /UNSAFE.*would unpack to 1048576/,
    );
  });

  test('more members than are allowed', () => {
    expect(refusal(() => open([A, B], {}, { entries: 1 }))).toMatch(/UNSAFE/);
    expect(refusal(() => open([A, B], {}, { directorySize: 90 }))).toMatch(/UNSAFE/);
  });
});

describe('reading a member', () => {
  function read(member: ZipMemberSpec, limit = 1000): string {
    const archive = open([member]);
    return refusal(() => readMember(archive, archive.members[0]!, limit));
  }
  const stream = Buffer.from('4b4c4c0400', 'hex');

  test.each<[string, ZipMemberSpec, RegExp]>([
    ['more than the limit', { name: 'a', content: 'a'.repeat(1001) }, /more than the 1000/],
    ['another CRC', { ...A, crc32: 5 }, /does not match its CRC/],
    [
      'a longer stream',
      { ...A, content: 'aaaa', size: 3 },
      /is not the DEFLATE stream|is 4 bytes, not the 3/,
    ],
    ['a shorter stream', { ...A, size: 4 }, /is 3 bytes, not the 4/],
    ['bytes behind the stream', { ...A, data: Buffer.concat([stream, stream]) }, /is not the DEFLATE stream/],
    ['a broken stream', { ...A, data: Buffer.from('ffff', 'hex') }, /is not the DEFLATE stream/],
    ['an unfinished stream', { ...A, data: Buffer.from('4a4c4c0400', 'hex') }, /is not the DEFLATE stream/],
    ['no stream', { ...A, data: Buffer.alloc(0), size: 0 }, /is not the DEFLATE stream/],
    ['a stored CRC', { ...A, method: 0, crc32: 5 }, /does not match its CRC/],
  ])('%s', (_, member, expected) => {
    expect(read(member)).toMatch(/^WHEEL_INVALID: wheel `w.whl` cannot be installed: member `a` /);
    expect(read(member)).toMatch(expected);
  });

  test('a look at the first bytes reads on where empty blocks come first', () => {
    const empty = Buffer.from('000000ffff', 'hex');
    const data = Buffer.concat([...Array.from({ length: 200 }, () => empty), stream]);
    const archive = open([{ ...A, data }]);
    expect(peekMember(archive, archive.members[0]!, 8, 2000).toString()).toBe('aaa');
  });
});
