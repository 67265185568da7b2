import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/kernel/digest.ts';
import { readTar } from '../../src/kernel/untar.ts';
import type { Entry, FileEntry, Part } from '../../src/layers/entry.ts';
import { CHUNK } from '../../src/layers/layout.ts';
import { matches } from '../../src/layers/prefetch.ts';
import { type LayerSummary, writeLayer } from '../../src/layers/writer.ts';
import { type LazyLayer, readLazyLayer } from '../support/estargz.ts';

let folder: string;
let names = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bivy-estargz-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function freshPath(): string {
  return join(folder, `f${names++}`);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function bytesFile(path: string, text: string | Uint8Array): FileEntry {
  const bytes = Buffer.from(text as string);
  return { kind: 'file', path, mode: 0o644, size: bytes.length, content: { kind: 'bytes', bytes } };
}

function deflatedFile(path: string, plain: Uint8Array, compressed = deflateRawSync(plain)): FileEntry {
  const archive = freshPath();
  writeFileSync(archive, compressed);
  const place = { path: archive, offset: 0, compressedSize: compressed.length, crc32: crc32(plain) };
  return { kind: 'file', path, mode: 0o644, size: plain.length, content: { kind: 'deflate', ...place } };
}

function slicedFile(path: string, plain: Uint8Array): FileEntry {
  const archive = freshPath();
  writeFileSync(archive, plain);
  const content = { kind: 'slice', path: archive, offset: 0, crc32: crc32(plain) } as const;
  return { kind: 'file', path, mode: 0o644, size: plain.length, content };
}

const LINES = Buffer.from(
  Array.from({ length: 4001 }, (_, line) => `line ${line * 7919} of many\n`).join(''),
);

function text(size: number): Buffer {
  return Buffer.alloc(size, LINES);
}

interface Written {
  readonly summary: LayerSummary;
  readonly blob: Buffer;
  readonly lazy: LazyLayer;
  /** Paths in the order in which they stand in the tar. */
  readonly order: readonly string[];
}

async function write(parts: readonly Part[], prefetch: readonly string[] = []): Promise<Written> {
  const path = freshPath();
  const summary = await writeLayer(parts, { path }, { compression: 'estargz', isFirst: matches(prefetch) });
  const blob = readFileSync(path);
  const lazy = readLazyLayer(blob);
  expect(summary.digest).toBe(`sha256:${sha256(blob)}`);
  expect(summary.diffId).toBe(`sha256:${sha256(lazy.tar)}`);
  expect(summary.annotations).toEqual({
    'containerd.io/snapshot/stargz/toc.digest': lazy.tocDigest,
    'containerd.io/uncompressed': summary.diffId,
    'io.containers.estargz.uncompressed-size': String(lazy.tar.length),
  });
  const order: string[] = [];
  const inTar = new Map<string, Buffer>();
  for await (const entry of readTar(once(lazy.tar))) {
    order.push(entry.path);
    const pieces: Uint8Array[] = [];
    for await (const piece of entry.content) pieces.push(piece);
    inTar.set(entry.path, Buffer.concat(pieces));
  }
  // The table lists what the tar has but itself, in the tar's order; and both give the same bytes.
  expect(order.at(-1)).toBe('stargz.index.json');
  const listed = lazy.rows.filter(({ type }) => type !== 'chunk').map(({ name }) => name.replace(/\/$/, ''));
  expect(listed).toEqual(order.slice(0, -1));
  for (const [name, bytes] of lazy.contents) expect(inTar.get(name)!.equals(bytes)).toBe(true);
  for (const file of summary.files) expect(sha256(lazy.contents.get(file.path)!)).toBe(file.sha256);
  return { summary, blob, lazy, order };
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

function part(entries: readonly Entry[], name = 'demo==1.0'): Part {
  return { name, entries };
}

function awkward(): readonly Entry[] {
  return [
    { kind: 'directory', path: 'a', mode: 0o755, uid: 7, gid: 8 },
    bytesFile('a/empty', ''),
    deflatedFile('a/also-empty', Buffer.alloc(0)),
    bytesFile('a/one', '1'),
    deflatedFile('a/block', text(512)),
    deflatedFile('a/blocks', text(300_000), deflateRawSync(text(300_000), { level: 1 })),
    slicedFile('a/stored', text(70_000)),
    bytesFile(`a/${'long/'.repeat(40)}é`, 'long'),
    { kind: 'symlink', path: 'a/link', mode: 0o777, target: 'one' },
    { kind: 'hardlink', path: 'a/same', mode: 0o644, target: 'a/one' },
  ];
}

describe('eStargz', () => {
  it('gives every file from its offset on, whatever it is made of', async () => {
    const { lazy, summary } = await write([part(awkward())]);
    expect(lazy.contents.get('a/empty')).toHaveLength(0);
    expect(lazy.contents.get('a/blocks')!.equals(text(300_000))).toBe(true);
    expect(lazy.contents.get(`a/${'long/'.repeat(40)}é`)!.toString()).toBe('long');
    expect(summary.files.map(({ path }) => path)).not.toContain('stargz.index.json');
    const row = (name: string) => lazy.rows.find((each) => each.name === name);
    expect(row('a/')).toEqual({
      name: 'a/',
      type: 'dir',
      mode: 0o755,
      uid: 7,
      gid: 8,
      modtime: '1980-01-02T00:00:00Z',
    });
    expect(row('a/link')).toMatchObject({ type: 'symlink', linkName: 'one' });
    expect(row('a/same')).toMatchObject({ type: 'hardlink', linkName: 'a/one' });
    expect(row('a/empty')).toMatchObject({ digest: `sha256:${sha256(Buffer.alloc(0))}` });
    expect(row('a/empty')!.offset).toBeUndefined();
    expect(row('.no.prefetch.landmark')).toMatchObject({ size: 1 });
    expect(lazy.contents.get('.no.prefetch.landmark')).toEqual(Buffer.of(0xf));
  });

  it('has a table that is canonical, and ends where it ends', async () => {
    const { lazy } = await write([part(awkward())]);
    expect(lazy.json).toBe(canonicalJson(JSON.parse(lazy.json)));
  });

  it('writes a layer of nothing', async () => {
    const { lazy, order } = await write([]);
    expect(order).toEqual(['.no.prefetch.landmark', 'stargz.index.json']);
    expect(lazy.rows).toHaveLength(1);
  });

  it('keeps streams of wheels as they are, from the first byte or the second on', async () => {
    const one = deflateRawSync(text(9_000));
    const many = deflateRawSync(text(1_000_000), { level: 1 });
    expect([one[0]! & 1, many[0]! & 1]).toEqual([1, 0]);
    const { blob } = await write([
      part([deflatedFile('one', text(9_000), one), deflatedFile('many', text(1_000_000), many)]),
    ]);
    expect(blob.includes(one.subarray(1))).toBe(true);
    expect(blob.includes(many)).toBe(true);
  });

  it.each([
    ['one byte less than', CHUNK - 1, 1],
    ['exactly', CHUNK, 1],
    ['one byte more than', CHUNK + 1, 2],
    ['exactly two of', 2 * CHUNK, 2],
  ])('cuts a file of %s a chunk', async (_, size, count) => {
    const plain = text(size);
    for (const entry of [deflatedFile('f', plain), slicedFile('f', plain)]) {
      const { lazy } = await write([part([entry])]);
      const chunks = lazy.rows.filter(({ name }) => name === 'f');
      expect(chunks.map(({ type }) => type)).toEqual(['reg', ...Array(count - 1).fill('chunk')]);
      expect(chunks.map(({ chunkSize }) => chunkSize)).toEqual(
        count === 1 ? [undefined] : [CHUNK, size - CHUNK],
      );
      expect(lazy.contents.get('f')!.equals(plain)).toBe(true);
    }
  });

  it('writes a RECORD from the digests of all, wherever they stand', async () => {
    const record: FileEntry = {
      kind: 'file',
      path: 'RECORD',
      mode: 0o644,
      size: 0,
      content: {
        kind: 'computed',
        from: (digests) => Buffer.from(['a', 'b', 'c'].map((path) => digests.get(path)?.sha256).join()),
      },
    };
    const entries = [
      record,
      bytesFile('a', '1'),
      bytesFile('b', '2'),
      { ...bytesFile('c', '3'), shadowed: true },
    ];
    const { lazy } = await write([part(entries)], ['b', 'RECORD']);
    expect(lazy.contents.get('RECORD')!.toString()).toBe(
      ['1', '2', '3'].map((each) => sha256(Buffer.from(each))).join(),
    );
    expect(lazy.contents.has('c')).toBe(false);
  });

  it('puts what is fetched first before the landmark, of every part', async () => {
    const one = part(
      [bytesFile('p/a.py', 'a'), bytesFile('p/a.so', 'so'), bytesFile('p/d/deep.py', 'd')],
      'one',
    );
    const two = part(
      [
        bytesFile('q/b.py', 'b'),
        bytesFile('q/data', 'data'),
        { kind: 'directory', path: 'q', mode: 0o755 },
        { kind: 'symlink', path: 'q/link.py', mode: 0o777, target: 'b.py' },
        { kind: 'hardlink', path: 'q/hard.py', mode: 0o644, target: 'q/b.py' },
      ],
      'two',
    );
    const { order, lazy, summary } = await write([one, two], ['*/*.py']);
    expect(order).toEqual([
      'q',
      'p/a.py',
      'q/b.py',
      'q/link.py',
      '.prefetch.landmark',
      'p/a.so',
      'p/d/deep.py',
      'q/data',
      'q/hard.py',
      'stargz.index.json',
    ]);
    const offset = (name: string) => lazy.rows.find((row) => row.name === name)!.offset!;
    expect(offset('q/b.py')).toBeLessThan(offset('.prefetch.landmark'));
    expect(offset('p/a.so')).toBeGreaterThan(offset('.prefetch.landmark'));
    expect(summary.unpacked).toBe(9);
  });

  it('writes the same bytes whatever the order of entries', async () => {
    const { blob } = await write([part(awkward())], ['a/*']);
    const turned = await write([part([...awkward()].reverse())], ['a/*']);
    expect(turned.blob.equals(blob)).toBe(true);
  });

  it('stays what it is: layers in caches and registries are found by their keys', async () => {
    // Another digest is right only with another `ESTARGZ_VERSION`, `LAYOUT_VERSION` or `ENCODER_VERSION`.
    const entries = [bytesFile('a.py', text(2_000)), slicedFile('b', text(5_000_000)), bytesFile('c', '')];
    const { summary } = await write([part(entries)], ['*.py']);
    expect([summary.digest, summary.diffId]).toMatchInlineSnapshot(`
      [
        "sha256:73d8db04a437b11f380b3797a0e1dcdf073f8fe5f198b67b920a77ffcee45786",
        "sha256:451ee89406fb12082c40a551f457dbc2ca153f7db5820fc178613ca218699459",
      ]
    `);
  });

  it('gives back any files', async () => {
    const make = fc.constantFrom(
      (path: string, bytes: Uint8Array) => bytesFile(path, bytes),
      (path: string, bytes: Uint8Array) => deflatedFile(path, bytes),
      (path: string, bytes: Uint8Array) => slicedFile(path, bytes),
    );
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 1100 }),
      fc.integer({ min: 0, max: 40_000 }).map((size) => text(size)),
      fc.integer({ min: 0, max: 40_000 }).map((size) => randomBytes(size)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(make, content), { maxLength: 12 }),
        fc.constantFrom([], ['f/1', 'f/3'], ['**']),
        async (files, prefetch) => {
          const entries = files.map(([file, bytes], index) => file(`f/${index}`, bytes));
          const { lazy } = await write([part(entries)], prefetch);
          for (const [index, [, bytes]] of files.entries()) {
            expect(lazy.contents.get(`f/${index}`)!.equals(Buffer.from(bytes))).toBe(true);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it.each(['stargz.index.json', '.prefetch.landmark', '.no.prefetch.landmark'])(
    'refuses a file `%s`',
    async (path) => {
      const written = writeLayer(
        [part([bytesFile(path, '')])],
        { path: freshPath() },
        { compression: 'estargz' },
      );
      await expect(written).rejects.toMatchObject({ code: 'ROOT_INVALID' });
    },
  );
});
