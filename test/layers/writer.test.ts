import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTar } from '../../src/kernel/untar.ts';
import type { Content, Entry, FileEntry, Part } from '../../src/layers/entry.ts';
import { type LayerOptions, type LayerSummary, writeLayer } from '../../src/layers/writer.ts';

let folder: string;
let names = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bivy-layers-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function freshPath(): string {
  return join(folder, `f${names++}`);
}

function bytesFile(path: string, text: string | Uint8Array, more: Partial<FileEntry> = {}): FileEntry {
  const bytes = Buffer.from(text as string);
  return { kind: 'file', path, mode: 0o644, size: bytes.length, content: { kind: 'bytes', bytes }, ...more };
}

interface Lies {
  readonly size?: number;
  readonly crc32?: number;
  readonly compressedSize?: number;
  /** Bytes after the stream that count as its own. */
  readonly after?: Uint8Array;
  readonly compressed?: Uint8Array;
}

/** A file whose DEFLATE stream lies in the middle of another file on disk. */
function deflatedFile(path: string, plain: Uint8Array, lies: Lies = {}): FileEntry {
  const archive = freshPath();
  const compressed = Buffer.concat([lies.compressed ?? deflateRawSync(plain), lies.after ?? Buffer.alloc(0)]);
  writeFileSync(archive, Buffer.concat([Buffer.from('before'), compressed, Buffer.from('after')]));
  const content: Content = {
    kind: 'deflate',
    path: archive,
    offset: 6,
    compressedSize: lies.compressedSize ?? compressed.length,
    crc32: lies.crc32 ?? crc32(plain),
  };
  return { kind: 'file', path, mode: 0o644, size: lies.size ?? plain.length, content };
}

function slicedFile(
  path: string,
  plain: Uint8Array,
  lies: { size?: number; crc32?: number } = {},
): FileEntry {
  const archive = freshPath();
  writeFileSync(archive, Buffer.concat([Buffer.from('before'), plain]));
  const content: Content = { kind: 'slice', path: archive, offset: 6, crc32: lies.crc32 ?? crc32(plain) };
  return { kind: 'file', path, mode: 0o644, size: lies.size ?? plain.length, content };
}

function part(entries: readonly Entry[], name = 'demo==1.0'): Part {
  return { name, entries };
}

interface Written {
  readonly summary: LayerSummary;
  readonly blob: Buffer;
  /** `kind path` in the order they stand. */
  readonly order: readonly string[];
  readonly contents: ReadonlyMap<string, Buffer>;
}

async function write(parts: readonly Part[], options: LayerOptions = {}): Promise<Written> {
  const path = freshPath();
  const summary = await writeLayer(parts, { path }, options);
  const blob = readFileSync(path);
  const tar = gunzipSync(blob);
  expect(summary.digest).toBe(`sha256:${sha256(blob)}`);
  expect(summary.diffId).toBe(`sha256:${sha256(tar)}`);
  expect(summary.size).toBe(blob.length);
  const order: string[] = [];
  const contents = new Map<string, Buffer>();
  for await (const entry of readTar(once(tar))) {
    order.push(`${entry.kind} ${entry.path}`);
    const bytes: Uint8Array[] = [];
    for await (const piece of entry.content) bytes.push(piece);
    contents.set(entry.path, Buffer.concat(bytes));
  }
  for (const file of summary.files) expect(sha256(contents.get(file.path)!)).toBe(file.sha256);
  return { summary, blob, order, contents };
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** Bytes that compress, and differ all along. */
function text(size: number, seed = 'line'): Buffer {
  let all = '';
  for (let line = 0; all.length < size; line++) all += `${seed} ${line * 7919} of many\n`;
  return Buffer.from(all.slice(0, size));
}

/** The `code` of what the promise is rejected with, and its message. */
async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return `${(error as { code?: string }).code} ${(error as Error).message}`;
  }
  return 'nothing was thrown';
}

describe('writeLayer', () => {
  it('writes directories first, then small files, large ones, hard links, and what is computed', async () => {
    const large = text(40_000);
    const { order, contents, summary } = await write([
      part([
        { kind: 'hardlink', path: 'a/also', mode: 0o644, target: 'a/large' },
        {
          kind: 'file',
          path: 'a/RECORD',
          mode: 0o644,
          size: 0,
          content: {
            kind: 'computed',
            from: (digests) =>
              Buffer.from([...digests].map(([path, { sha256 }]) => `${path} ${sha256}\n`).join('')),
          },
        },
        deflatedFile('a/large', large),
        bytesFile('a/z', 'z'),
        { kind: 'symlink', path: 'a/link', mode: 0o777, target: 'z' },
        { kind: 'directory', path: 'a', mode: 0o755 },
        slicedFile('a/b', Buffer.from('bee')),
      ]),
    ]);
    expect(order).toEqual([
      'directory a',
      'file a/b',
      'symlink a/link',
      'file a/z',
      'file a/large',
      'hardlink a/also',
      'file a/RECORD',
    ]);
    expect(contents.get('a/RECORD')!.toString()).toBe(
      ['b', 'z', 'large'].map((name) => `a/${name} ${sha256(contents.get(`a/${name}`)!)}\n`).join(''),
    );
    expect(summary.unpacked).toBe(3 + 1 + 40_000 + contents.get('a/RECORD')!.length);
  });

  it('writes the same bytes whatever the order of entries, but not of parts', async () => {
    const one = part(
      [bytesFile('x/a', 'a'), deflatedFile('x/b', text(20_000)), bytesFile('x/c', 'c')],
      'one',
    );
    const two = part([deflatedFile('y/b', text(30_000)), bytesFile('y/a', 'a')], 'two');
    const { blob } = await write([one, two]);
    const turned = [one, two].map(({ name, entries }) => part([...entries].reverse(), name));
    expect((await write(turned)).blob.equals(blob)).toBe(true);
    expect((await write([two, one])).blob.equals(blob)).toBe(false);
  });

  it('keeps files of one block in one member, as they are but for their first bit', async () => {
    const large = text(20_000);
    const compressed = deflateRawSync(large);
    expect(compressed[0]! & 1).toBe(1);
    const entries = ['a', 'b', 'c'].map((path) => deflatedFile(path, large, { compressed }));
    const { blob, contents } = await write([part([...entries, bytesFile('d', 'd')])]);
    expect(blob.toString('latin1').split(compressed.toString('latin1', 1))).toHaveLength(1 + 3);
    expect(blob.toString('latin1').split('\x1f\x8b\x08\0\0\0\0\0\0\xff')).toHaveLength(1 + 1);
    for (const path of ['a', 'b', 'c']) expect(contents.get(path)!.equals(large)).toBe(true);
  });

  it('takes the compressed bytes of larger files as they are, and one member for each', async () => {
    const large = text(1_000_000);
    const compressed = deflateRawSync(large, { level: 1 });
    expect(compressed[0]! & 1).toBe(0);
    const entry = deflatedFile('large', large, { compressed });
    const { blob } = await write([part([entry, deflatedFile('small', text(16_383))])]);
    expect(blob.includes(compressed)).toBe(true);
    expect(blob.toString('latin1').split('\x1f\x8b\x08\0\0\0\0\0\0\xff')).toHaveLength(1 + 2);
    const again = await write([part([entry])], { spliceThreshold: Number.POSITIVE_INFINITY });
    expect(again.blob.includes(compressed)).toBe(false);
  });

  it('passes files beyond a megabyte in pieces', async () => {
    const large = text(5_000_000);
    const { contents } = await write([part([deflatedFile('a', large), slicedFile('b', large)])]);
    expect(contents.get('a')!.equals(large)).toBe(true);
    expect(contents.get('b')!.equals(large)).toBe(true);
  });

  it('gives back any files', async () => {
    const make = fc.constantFrom(
      (path: string, bytes: Uint8Array) => bytesFile(path, bytes),
      (path: string, bytes: Uint8Array) => deflatedFile(path, bytes),
      (path: string, bytes: Uint8Array) => slicedFile(path, bytes),
    );
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 600 }),
      fc.integer({ min: 0, max: 40_000 }).map((size) => text(size)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(make, content), { maxLength: 12 }),
        fc.constantFrom(0, 100, 16_384),
        async (files, spliceThreshold) => {
          const entries = files.map(([file, bytes], index) => file(`f/${index}`, bytes));
          const { contents } = await write([part(entries)], { spliceThreshold });
          for (const [index, [, bytes]] of files.entries()) {
            expect(contents.get(`f/${index}`)!.equals(Buffer.from(bytes))).toBe(true);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('merges a directory that two parts have', async () => {
    const directory = { kind: 'directory', path: 'd', mode: 0o755 } as const;
    const { order } = await write([
      part([directory, bytesFile('d/a', '')], 'one'),
      part([directory, bytesFile('d/b', '')], 'two'),
    ]);
    expect(order).toEqual(['directory d', 'file d/a', 'file d/b']);
  });

  it('hashes what is shadowed, and does not write it', async () => {
    const record: FileEntry = {
      kind: 'file',
      path: 'RECORD',
      mode: 0o644,
      size: 0,
      content: { kind: 'computed', from: (digests) => Buffer.from(`${digests.get('a')?.sha256}`) },
    };
    const { order, contents, summary } = await write([
      part([bytesFile('a', 'mine', { shadowed: true }), record], 'one'),
      part([bytesFile('a', 'theirs')], 'two'),
    ]);
    expect(order).toEqual(['file RECORD', 'file a']);
    expect(contents.get('a')!.toString()).toBe('theirs');
    expect(contents.get('RECORD')!.toString()).toBe(sha256(Buffer.from('mine')));
    expect(summary.shadowed).toEqual([
      { part: 'one', path: 'a', mode: 0o644, sha256: sha256(Buffer.from('mine')), size: 4 },
    ]);
  });

  it.each<[string, Entry[], string]>([
    ['a path given twice', [bytesFile('a', ''), bytesFile('a', '')], '`a` is given twice'],
    [
      'a directory and a file',
      [{ kind: 'directory', path: 'a', mode: 0o755 }, bytesFile('a', '')],
      'something else',
    ],
    ['a path that leaves', [bytesFile('a/../../b', '')], 'is no path inside an image'],
    ['an absolute path', [bytesFile('/a', '')], 'is no path inside an image'],
    ['a NUL', [bytesFile('a\0b', '')], 'is no path inside an image'],
    ['a hard link to nothing', [{ kind: 'hardlink', path: 'a', mode: 0o644, target: 'b' }], 'is not there'],
    ['bytes of another size', [{ ...bytesFile('a', 'abc'), size: 4 }], 'has 3 bytes, but declares 4'],
  ])('refuses %s as a fault of ours', async (_, entries, message) => {
    const path = freshPath();
    const said = await failure(writeLayer([part(entries)], { path }));
    expect(said).toContain('INTERNAL');
    expect(said).toContain(message);
    expect(existsSync(path)).toBe(false);
  });

  it('refuses a directory with two modes', async () => {
    const parts = [0o755, 0o700].map((mode) => part([{ kind: 'directory', path: 'd', mode }]));
    expect(await failure(writeLayer(parts, { path: freshPath() }))).toContain('with another mode or owner');
  });

  it('refuses to write over a file', async () => {
    const path = freshPath();
    writeFileSync(path, 'precious');
    expect(await failure(writeLayer([], { path }))).toContain('EEXIST');
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  it('stops when it is told to, and leaves no file', async () => {
    const path = freshPath();
    const signal = AbortSignal.abort();
    expect(await failure(writeLayer([part([bytesFile('a', '')])], { path }, { signal }))).toContain('abort');
    expect(existsSync(path)).toBe(false);
  });
});

// Small (recompressed), spliced whole, and spliced in pieces: each lie must be seen on each way.
describe.each([
  ['small', 1000],
  ['spliced', 50_000],
  ['spliced in pieces', 3_000_000],
])('a damaged stream, %s', (_, size) => {
  const plain = text(size);
  const compressed = deflateRawSync(plain);
  const flipped = Buffer.from(compressed);
  flipped[Math.floor(flipped.length / 2)]! ^= 0x10;
  it.each<[string, Lies, RegExp]>([
    ['another CRC-32', { crc32: 1 }, /CRC-32 differs/],
    ['a size that is too small', { size: size - 1 }, /more than the \d+ bytes it declares/],
    ['a size that is too large', { size: size + 1 }, /fewer than the \d+ bytes it declares/],
    ['bytes after its end', { after: Buffer.from('x') }, /its stream ends after \d+ of \d+ bytes/],
    [
      'an end that is missing',
      { compressedSize: compressed.length - 1 },
      /unexpected end of file|fewer than/,
    ],
    ['a flipped bit', { compressed: flipped }, /damaged/],
    ['no DEFLATE at all', { compressed: Buffer.alloc(compressed.length, 0xff) }, /invalid/],
    ['no bytes', { compressedSize: 0 }, /unexpected end of file|fewer than/],
  ])('is refused: %s', async (_lie, lies, message) => {
    const path = freshPath();
    const said = await failure(writeLayer([part([deflatedFile('pkg/a.py', plain, lies)])], { path }));
    expect(said).toMatch(/^WHEEL_INVALID `pkg\/a.py` of demo==1.0 is damaged/);
    expect(said).toMatch(message);
    expect(existsSync(path)).toBe(false);
  });

  it('is refused where it is only hashed, too', async () => {
    const entry = { ...deflatedFile('a', plain, { crc32: 1 }), shadowed: true };
    expect(await failure(writeLayer([part([entry])], { path: freshPath() }))).toContain('CRC-32');
  });
});

describe('a slice', () => {
  it('is held against its CRC-32', async () => {
    const entry = slicedFile('a', text(300_000), { crc32: 1 });
    expect(await failure(writeLayer([part([entry])], { path: freshPath() }))).toMatch(
      /^WHEEL_INVALID .*CRC-32/,
    );
  });

  it('that ends too early is an error', async () => {
    const entry = slicedFile('a', text(300_000), { size: 300_001 });
    expect(await failure(writeLayer([part([entry])], { path: freshPath() }))).toMatch(
      /^ARCHIVE_INVALID .*ends before/,
    );
  });
});
