import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTar } from '../../src/kernel/untar.ts';
import { END, encodeHeader, type Header, paddingOf } from '../../src/layers/tar.ts';

const FILE: Header = { kind: 'file', path: 'a/b', mode: 0o644, uid: 0, gid: 0, size: 0, target: '' };

describe('a header', () => {
  it('is one block of ustar with fixed time, numeric owners and no names', () => {
    const bytes = Buffer.from(encodeHeader({ ...FILE, size: 1234, uid: 65_532, gid: 7 }));
    expect(bytes).toHaveLength(512);
    const field = (from: number, to: number): string => bytes.toString('latin1', from, to);
    expect(field(0, 5)).toBe('a/b\0\0');
    expect(field(100, 108)).toBe('0000644\0');
    expect(field(108, 116)).toBe('0177774\0');
    expect(field(116, 124)).toBe('0000007\0');
    expect(field(124, 136)).toBe('00000002322\0');
    // 1980-01-02T00:00:00Z
    expect(Number.parseInt(field(136, 147), 8)).toBe(Date.UTC(1980, 0, 2) / 1000);
    expect(field(156, 157)).toBe('0');
    expect(field(257, 265)).toBe('ustar\x0000');
    expect(field(265, 329)).toBe('\0'.repeat(64));
    expect(field(329, 345)).toBe('0000000\x000000000\0');
    const sum = bytes.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
    expect(field(148, 156)).toBe(`${sum.toString(8).padStart(6, '0')}\0 `);
  });

  const LONG = 'd'.repeat(90);
  it.each([
    ['a name of 100 bytes', `${'n'.repeat(100)}`, 512],
    ['a name of 101 bytes without a place to cut', 'n'.repeat(101), 1536],
    ['a path that a prefix can hold', `${LONG}/${'n'.repeat(100)}`, 512],
    ['a path that no prefix can hold', `${LONG}/${LONG}/${LONG}`, 1536],
    ['a path with a long last name', `a/${'n'.repeat(101)}`, 1536],
    ['a path that is not ASCII', 'caf\u00e9/\u65e5\u672c', 1536],
  ])('has a pax record only where it must: %s', (_, path, size) => {
    expect(encodeHeader({ ...FILE, path })).toHaveLength(size);
  });

  it.each([
    ['8 GiB less a byte', 8 * 2 ** 30 - 1, 512],
    ['8 GiB', 8 * 2 ** 30, 1536],
  ])('says a size of %s', (_, size, length) => {
    const bytes = Buffer.from(encodeHeader({ ...FILE, size }));
    expect(bytes).toHaveLength(length);
    expect(bytes.includes(`size=${size}\n`)).toBe(length > 512);
  });

  it('refuses a mode that does not fit', () => {
    expect(() => encodeHeader({ ...FILE, mode: 0o77777777 })).toThrow('a tar header has no room');
  });
});

describe('paddingOf', () => {
  it.each([
    [0, 0],
    [1, 511],
    [511, 1],
    [512, 0],
    [513, 511],
  ])('fills %d bytes up with %d', (size, padding) => {
    expect(paddingOf(size)).toBe(padding);
  });
});

const names = fc.array(
  fc.oneof(
    fc.string({ minLength: 1, maxLength: 120, unit: fc.constantFrom(...'abcXYZ019-_.é日 =\n') }),
    fc.constant('n'.repeat(99)),
  ),
  { minLength: 1, maxLength: 5 },
);
const paths = names.map((parts) => parts.map((name) => (/^\.+$/.test(name) ? 'dots' : name)).join('/'));
const headers: fc.Arbitrary<Header> = fc
  .record({
    kind: fc.constantFrom('file' as const, 'directory' as const, 'symlink' as const),
    path: paths,
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 ** 31 })),
    gid: fc.constant(0),
    size: fc.constant(0),
    target: paths,
  })
  .map((header) => ({ ...header, target: header.kind === 'symlink' ? header.target : '' }));

/** A tar of empty entries. */
function archive(list: readonly Header[]): Buffer {
  return Buffer.concat([...list.map(encodeHeader), END]);
}

describe('readers', () => {
  it('our own reads back what was written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(headers, { maxLength: 8 }), async (list) => {
        const read = [];
        for await (const { path, kind, mode, uid, target } of readTar(pieces(archive(list)))) {
          read.push({ path, kind, mode, uid, target: target ?? '' });
        }
        expect(read).toEqual(
          list.map(({ path, kind, mode, uid, target }) => ({ path, kind, mode, uid, target })),
        );
      }),
    );
  });

  const python = spawnSync('python3', ['--version']).status === 0;
  if (!python) console.warn('python3 is not installed: its tarfile is not asked');
  it.skipIf(!python)('Python’s tarfile reads back what was written', () => {
    const list = fc.sample(headers, { numRuns: 300, seed: 7 });
    const script = `import json, sys, tarfile
print(json.dumps([[m.name, m.type.decode(), m.mode, m.uid, m.linkname, m.mtime, m.uname, m.gname]
    for m in tarfile.open(fileobj=sys.stdin.buffer, mode="r|")]))`;
    const { stdout, stderr } = spawnSync('python3', ['-c', script], {
      input: archive(list),
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    const types = { file: '0', directory: '5', symlink: '2', hardlink: '1' };
    expect(JSON.parse(stdout)).toEqual(
      list.map(({ path, kind, mode, uid, target }) => [
        path,
        types[kind],
        mode,
        uid,
        target,
        315_619_200,
        '',
        '',
      ]),
    );
  });
});

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
}
