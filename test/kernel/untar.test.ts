import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BivyError } from '../../src/kernel/errors.ts';
import { normalizeTarPath, readTar, type TarEntry, type TarLimits } from '../../src/kernel/untar.ts';

interface Member {
  readonly name: string;
  readonly type?: string;
  readonly mode?: number;
  readonly target?: string;
  readonly data?: Uint8Array | string;
  readonly size?: number;
  readonly sizeField?: Buffer;
  readonly magic?: string;
  readonly prefix?: string;
}

const END = Buffer.alloc(1024);

function header(member: Member): Buffer {
  const { name, type = '0', mode = 0o644, target = '', data = '', magic = 'ustar\u000000' } = member;
  const block = Buffer.alloc(512);
  block.write(name, 0, 100);
  block.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
  block.write('0000000\u00000000000\0', 108);
  const size = member.size ?? Buffer.from(data).length;
  if (member.sizeField === undefined) block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  else member.sizeField.copy(block, 124);
  block.write('00000000017\0', 136);
  block.write('        ', 148);
  block.write(type, 156, 'latin1');
  block.write(target, 157, 100);
  block.write(magic, 257, 'latin1');
  block.write(member.prefix ?? '', 345, 155);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function tar(...members: readonly Member[]): Buffer {
  const parts = members.flatMap((member) => {
    const data = Buffer.from(member.data ?? '');
    return [header(member), data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return Buffer.concat([...parts, END]);
}

function pax(records: Readonly<Record<string, string>>): string {
  return Object.entries(records)
    .map(([key, value]) => {
      const rest = Buffer.byteLength(` ${key}=${value}\n`);
      let length = rest + 1;
      while (length !== rest + String(length).length) length = rest + String(length).length;
      return `${length} ${key}=${value}\n`;
    })
    .join('');
}

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

interface Read extends Omit<TarEntry, 'content'> {
  readonly data: string;
}

async function readAll(bytes: Uint8Array, limits: TarLimits = {}, chunk = 700): Promise<Read[]> {
  const found: Read[] = [];
  for await (const { content, ...entry } of readTar(chunked(bytes, chunk), limits)) {
    const parts: Uint8Array[] = [];
    for await (const part of content) parts.push(Buffer.from(part));
    found.push({ ...entry, data: Buffer.concat(parts).toString() });
  }
  return found;
}

describe('readTar', () => {
  it('reads files, directories and links', async () => {
    const found = await readAll(
      tar(
        { name: './', type: '5', mode: 0o755 },
        { name: './usr/bin/', type: '5', mode: 0o755 },
        { name: './usr/bin/tool', mode: 0o4755, data: 'x'.repeat(1500) },
        { name: 'usr/bin/again', type: '1', target: './usr/bin/tool' },
        { name: 'bin', type: '2', target: 'usr/bin' },
        { name: 'empty' },
        { name: 'old/', type: '\0' },
      ),
    );
    expect(found.map(({ path, kind, mode, target, size }) => [path, kind, mode, target, size])).toEqual([
      ['', 'directory', 0o755, '', 0],
      ['usr/bin', 'directory', 0o755, '', 0],
      ['usr/bin/tool', 'file', 0o4755, '', 1500],
      ['usr/bin/again', 'hardlink', 0o644, 'usr/bin/tool', 0],
      ['bin', 'symlink', 0o644, 'usr/bin', 0],
      ['empty', 'file', 0o644, '', 0],
      ['old', 'directory', 0o644, '', 0],
    ]);
    expect(found[2]?.data).toBe('x'.repeat(1500));
    expect(found[2]?.mtime).toBe(15);
  });

  it('reads long names of every kind', async () => {
    const long = `${'d/'.repeat(80)}${'n'.repeat(200)}`;
    const found = await readAll(
      tar(
        { name: '././@LongLink', type: 'L', data: `${long}1\0` },
        { name: 'cut', data: '1' },
        { name: '././@LongLink', type: 'K', data: `${long}2\0` },
        { name: 'link', type: '2', target: 'cut' },
        {
          name: 'pax',
          type: 'x',
          data: pax({ path: `${long}3`, linkpath: 'ø', mtime: '1.5', uid: '70000' }),
        },
        { name: 'cut', type: '2', target: 'cut' },
        { name: 'name', prefix: 'pre/fix', data: '4' },
        { name: 'name', prefix: 'ignored', magic: 'ustar  \0' },
        { name: 'global', type: 'g', data: pax({ gid: '9' }) },
        { name: 'pax', type: 'x', data: pax({ gid: '' }) },
        { name: 'a' },
        { name: 'b' },
      ),
    );
    expect(found.map(({ path, target, mtime, uid, gid }) => [path, target, mtime, uid, gid])).toEqual([
      [`${long}1`, '', 15, 0, 0],
      ['link', `${long}2`, 15, 0, 0],
      [`${long}3`, 'ø', 1, 70000, 0],
      ['pre/fix/name', '', 15, 0, 0],
      ['name', '', 15, 0, 0],
      ['a', '', 15, 0, 0],
      ['b', '', 15, 0, 9],
    ]);
  });

  it('takes sizes from pax and base-256 fields', async () => {
    const binary = Buffer.alloc(12);
    binary[0] = 0x80;
    binary[11] = 3;
    const found = await readAll(
      tar(
        { name: 'pax', type: 'x', data: pax({ size: '5' }) },
        { name: 'a', data: 'hello', size: 0 },
        { name: 'b', data: 'abc', sizeField: binary },
        { name: 'c', data: 'end' },
      ),
    );
    expect(found.map(({ path, data }) => [path, data])).toEqual([
      ['a', 'hello'],
      ['b', 'abc'],
      ['c', 'end'],
    ]);
  });

  it('skips what is not read, and reads the source to its end', async () => {
    const bytes = Buffer.concat([
      tar({ name: 'a', data: 'x'.repeat(5000) }, { name: 'b' }),
      Buffer.alloc(9000),
    ]);
    let seen = 0;
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunked(bytes, 1000)) {
        seen += chunk.length;
        yield chunk;
      }
    }
    const paths: string[] = [];
    for await (const { path } of readTar(counted())) paths.push(path);
    expect(paths).toEqual(['a', 'b']);
    expect(seen).toBe(bytes.length);
  });

  it('closes the source when its reader stops early', async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield tar({ name: 'a' }).subarray(0, 512);
      } finally {
        closed = true;
      }
    }
    for await (const { path } of readTar(source())) {
      expect(path).toBe('a');
      break;
    }
    expect(closed).toBe(true);
  });

  it('ends where the source ends between members', async () => {
    expect(await readAll(header({ name: 'a' }))).toHaveLength(1);
    expect(await readAll(Buffer.alloc(0))).toHaveLength(0);
  });

  const flipped = tar({ name: 'a', data: 'x' });
  flipped[3] = 1;
  const huge = Buffer.alloc(12, 0xff);
  huge[0] = 0x80;
  it.each<[string, Uint8Array, RegExp, TarLimits?]>([
    ['a wrong checksum', flipped, /checksum/],
    ['a member cut short', tar({ name: 'a', data: 'x'.repeat(900) }).subarray(0, 1000), /middle of a member/],
    ['a header cut short', tar({ name: 'a' }).subarray(0, 300), /middle of a member/],
    ['a path that climbs', tar({ name: 'a/../../b' }), /leaves the archive's root/],
    [
      'a pax path that climbs',
      tar({ name: 'p', type: 'x', data: pax({ path: '../b' }) }, { name: 'b' }),
      /leaves/,
    ],
    ['a hard link that climbs', tar({ name: 'a', type: '1', target: '../../etc/shadow' }), /links to/],
    ['a symlink to nothing', tar({ name: 'a', type: '2' }), /links to/],
    ['a file without a name', tar({ name: './', type: '7' }, { name: '.', data: 'x' }), /no name/],
    ['an unknown type', tar({ name: 'a', type: 'Z' }), /unknown type "Z"/],
    ['a GNU sparse member', tar({ name: 'a', type: 'S' }), /unknown type "S"/],
    [
      'a pax sparse member',
      tar({ name: 'p', type: 'x', data: pax({ 'GNU.sparse.major': '1' }) }, { name: 'a' }),
      /sparse/,
    ],
    ['damaged pax records', tar({ name: 'p', type: 'x', data: '99 path=b\n' }, { name: 'a' }), /damaged/],
    ['pax records without a key', tar({ name: 'p', type: 'x', data: '6 abc\n' }, { name: 'a' }), /damaged/],
    [
      'a pax size that is no number',
      tar({ name: 'p', type: 'x', data: pax({ size: '1e9' }) }, { name: 'a' }),
      /no number/,
    ],
    [
      'a negative pax size',
      tar({ name: 'p', type: 'x', data: pax({ size: '-1' }) }, { name: 'a' }),
      /negative/,
    ],
    ['a size beyond all files', tar({ name: 'a', sizeField: huge }), /no size/],
    ['a size that is no number', tar({ name: 'a', sizeField: Buffer.from('zzzzzzzzzzz\0') }), /no size/],
    ['a huge extended header', header({ name: 'L', type: 'L', size: 1 << 30 }), /too long/],
    [
      'too many members',
      tar({ name: 'a' }, { name: 'b' }, { name: 'c' }),
      /more than 2 members/,
      { entries: 2 },
    ],
    ['too much', tar({ name: 'a', data: 'x'.repeat(9000) }), /more than 4000 bytes/, { total: 4000 }],
  ])('refuses %s', async (_, bytes, message, limits = {}) => {
    const error = await readAll(bytes, { name: '`x.tar`', ...limits }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BivyError);
    expect((error as BivyError).code).toBe('ARCHIVE_INVALID');
    expect((error as BivyError).message).toMatch(message);
    expect((error as BivyError).message).toContain('`x.tar`');
  });

  it('answers any bytes with members or ARCHIVE_INVALID, whatever the chunks', async () => {
    const sound = tar(
      { name: 'p', type: 'x', data: pax({ path: 'some/long/name', size: '3' }) },
      { name: 'a', data: 'abc' },
      { name: 'l', type: '2', target: 'a' },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(sound.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
        fc.integer({ min: 1, max: 2000 }),
        async (changes, chunk) => {
          const bytes = Buffer.from(sound);
          for (const [at, value] of changes) bytes[at] = value;
          try {
            for (const { path } of await readAll(bytes, {}, chunk))
              expect(path).not.toMatch(/(^|\/)\.\.(\/|$)|^\//);
          } catch (error) {
            expect(error).toBeInstanceOf(BivyError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('normalizeTarPath', () => {
  it.each([
    ['./a//b/./c/', 'a/b/c'],
    ['/etc/passwd', 'etc/passwd'],
    ['a..b/..c', 'a..b/..c'],
    ['.', ''],
    ['a/..', undefined],
    ['..', undefined],
    ['a\0b', undefined],
  ])('%j is %j', (path, expected) => {
    expect(normalizeTarPath(path)).toBe(expected);
  });
});

const gnuTar = spawnSync('tar', ['--version'], { encoding: 'utf8' }).stdout?.includes('GNU tar') === true;
if (!gnuTar) console.warn('no GNU tar here: the reader is not held against it');

describe.skipIf(!gnuTar)('against GNU tar', () => {
  it.each(['ustar', 'gnu', 'pax', 'v7'])('reads what `--format=%s` writes', async (format) => {
    const root = mkdtempSync(join(tmpdir(), 'bivy-untar-'));
    try {
      const deep = format === 'v7' ? 'deep' : `${'d'.repeat(60)}/${'e'.repeat(60)}`;
      const script = `mkdir -p '${deep}' && printf hello > '${deep}/file' && ln '${deep}/file' a-hard && ln -s ../x soft && : > été`;
      execFileSync('sh', ['-c', script], { cwd: root });
      const bytes = execFileSync('tar', [`--format=${format}`, '--sort=name', '-c', '.'], { cwd: root });
      const listed = execFileSync('tar', ['-t', '--quoting-style=literal'], {
        input: bytes,
        encoding: 'utf8',
      });
      const found = await readAll(bytes);
      expect(found.map(({ path }) => path)).toEqual(listed.trimEnd().split('\n').map(normalizeTarPath));
      expect(found.filter(({ kind }) => kind === 'hardlink')).toHaveLength(1);
      expect(found.find(({ kind }) => kind === 'symlink')?.target).toBe('../x');
      expect(found.find(({ data }) => data !== '')?.data).toBe('hello');
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
