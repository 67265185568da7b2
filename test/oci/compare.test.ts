import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/kernel/digest.ts';
import { type ComparedImage, type Comparison, compareImages } from '../../src/oci/compare.ts';
import { firstDifference } from '../../src/oci/compare-bytes.ts';
import { compareJson } from '../../src/oci/compare-json.ts';
import { compareTars, type FileDifference } from '../../src/oci/compare-tar.ts';
import type { ImageLayer } from '../../src/oci/image.ts';
import { codeOf, imageOf, layerOf, type Member, type Stage, stage, tarOf } from '../support/images.ts';

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('two streams', () => {
  it('part at the first byte that differs, however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 60 }),
        fc.uint8Array({ maxLength: 60 }),
        fc.uint8Array({ maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        async (left, right, head, one, other) => {
          const mine = Buffer.concat([head, left]);
          const theirs = Buffer.concat([head, right]);
          const found = await firstDifference(chunked(mine, one), chunked(theirs, other));
          const at = [...Array(Math.max(mine.length, theirs.length)).keys()].find(
            (index) => mine[index] !== theirs[index],
          );
          expect(found).toEqual(
            at === undefined ? undefined : { offset: at, left: mine[at] ?? null, right: theirs[at] ?? null },
          );
        },
      ),
    );
  });
});

describe('two documents', () => {
  it.each([
    [{ a: 1 }, { a: 1 }, []],
    [{ a: { b: [1, 2] } }, { a: { b: [1, 3] } }, [['a.b[1]', '2', '3']]],
    [{ a: [1] }, { a: [1, null] }, [['a[1]', null, 'null']]],
    [
      { a: 1 },
      { b: 1 },
      [
        ['a', '1', null],
        ['b', null, '1'],
      ],
    ],
    [{ a: { x: 1 } }, { a: 'x' }, [['a', '{"x":1}', '"x"']]],
    [{ 'a.b/c': 1 }, { 'a.b/c': 2 }, [['["a.b/c"]', '1', '2']]],
    [[], {}, [['', '[]', '{}']]],
    [JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":2}'), [['__proto__', '1', '2']]],
    ['x'.repeat(300), 'y', [['', `"${'x'.repeat(198)}…`, '"y"']]],
  ])('%j and %j', (left, right, expected) => {
    expect(
      compareJson(left, right).map(({ path, left: mine, right: theirs }) => [path, mine, theirs]),
    ).toEqual(expected);
  });
});

const TREE: readonly Member[] = [
  { path: 'opt/' },
  { path: 'opt/a', body: 'first', uid: 1, gid: 2, mtime: 100 },
  { path: 'opt/b', body: 'x'.repeat(1500) },
  { path: 'opt/l', link: 'a' },
];

function changed(path: string, change: Partial<Member>): readonly Member[] {
  return TREE.map((member) => (member.path === path ? { ...member, ...change } : member));
}

async function compareMembers(
  left: readonly Member[],
  right: readonly Member[],
): Promise<readonly FileDifference[]> {
  const [mine, theirs] = [tarOf(left), tarOf(right)];
  return compareTars(
    () => chunked(mine, 700),
    () => chunked(theirs, 333),
  );
}

describe('two archives', () => {
  it.each<readonly [string, readonly Member[], readonly FileDifference[]]>([
    ['nothing', TREE, []],
    ['a mode', changed('opt/a', { mode: 0o600 }), [difference('opt/a', 'mode', 0o644, 0o600)]],
    ['an owner', changed('opt/a', { uid: 7 }), [difference('opt/a', 'uid', 1, 7)]],
    ['a group', changed('opt/a', { gid: 7 }), [difference('opt/a', 'gid', 2, 7)]],
    ['a time', changed('opt/a', { mtime: 101 }), [difference('opt/a', 'mtime', 100, 101)]],
    ['a link', changed('opt/l', { link: 'b' }), [difference('opt/l', 'target', 'a', 'b')]],
    ['a type', changed('opt/l', { type: '1' }), [difference('opt/l', 'type', 'symlink', 'hardlink')]],
    [
      'a byte',
      changed('opt/b', { body: `${'x'.repeat(1200)}y${'x'.repeat(299)}` }),
      [{ path: 'opt/b', field: 'content', offset: 1200, left: 0x78, right: 0x79 }],
    ],
    [
      'a size',
      changed('opt/a', { body: 'first!' }),
      [
        difference('opt/a', 'size', 5, 6),
        { path: 'opt/a', field: 'content', offset: 5, left: null, right: 0x21 },
      ],
    ],
    [
      'several fields of one file, and later files',
      changed('opt/a', { mode: 0o600, uid: 3 }).map((member) =>
        member.path === 'opt/b' ? { ...member, body: '' } : member,
      ),
      [difference('opt/a', 'mode', 0o644, 0o600), difference('opt/a', 'uid', 1, 3)],
    ],
    [
      'a file less',
      TREE.filter(({ path }) => path !== 'opt/a'),
      [difference('opt/a', 'missing', 'opt/a', null)],
    ],
    ['the last file less', TREE.slice(0, -1), [difference('opt/l', 'missing', 'opt/l', null)]],
    [
      'a file more',
      [...TREE.slice(0, 1), { path: 'opt/Z', body: 'new' }, ...TREE.slice(1)],
      [difference('opt/Z', 'missing', null, 'opt/Z')],
    ],
    ['the order', [TREE[0]!, TREE[2]!, TREE[1]!, TREE[3]!], [difference('opt/a', 'order', 'opt/a', 'opt/b')]],
    [
      'a name',
      TREE.map((member) => (member.path === 'opt/a' ? { ...member, path: 'opt/c' } : member)),
      [difference('opt/a', 'path', 'opt/a', 'opt/c')],
    ],
  ])('%s', async (_, right, expected) => {
    expect(await compareMembers(TREE, right)).toEqual(expected);
  });

  it('names a RECORD only where nothing else differs', async () => {
    const record = { path: 'a.dist-info/RECORD', body: 'a.py,sha256=1' };
    const other = { ...record, body: 'a.py,sha256=2' };
    const file = { path: 'a.py', body: 'a' };
    const byte = { path: record.path, field: 'content', offset: 12, left: 0x31, right: 0x32 };
    expect(await compareMembers([record, file], [other, file])).toEqual([byte]);
    expect(await compareMembers([record, file], [other, { ...file, mode: 0o600 }])).toEqual([
      difference('a.py', 'mode', 0o644, 0o600),
    ]);
    expect(await compareMembers([record, file], [other])).toEqual([
      difference('a.py', 'missing', 'a.py', null),
    ]);
    expect(await compareMembers([record, file], [file])).toEqual([
      difference(record.path, 'missing', record.path, null),
    ]);
  });

  it.each<readonly [string, number, string, string]>([
    ['the name of an owner', 512 + 265, 'opt/a', 'uname'],
    ['what follows a file', 512 + 512 + 300, 'opt/a', 'padding'],
    ['what follows the fields', 512 + 505, 'opt/a', 'padding'],
    ['what follows the last file', -500, '', 'end'],
  ])('what members do not show: %s', async (_, at, path, detail) => {
    const left = tarOf(TREE);
    const right = Buffer.from(left);
    const offset = at < 0 ? right.length + at : at;
    right[offset] = right[offset]! + 1;
    if (offset > 512 && offset < 1024) fixChecksum(right, 512);
    const found = await compareTars(
      () => chunked(left, 100),
      () => chunked(right, 700),
    );
    expect(found).toEqual([
      { path, field: 'header', offset, left: left[offset], right: right[offset], detail },
    ]);
  });

  it('finds extended headers, and an end that is longer', async () => {
    const left = tarOf(TREE);
    const extended = { path: 'pax', type: 'x', body: '30 mtime=1350244992.023960108\n' };
    const plain = { path: 'opt/a', body: 'first', mtime: 1350244992 };
    const found = await compareMembers([plain], [extended, plain]);
    expect(found).toMatchObject([{ path: 'opt/a', field: 'header', offset: 0, detail: 'name' }]);
    const longer = Buffer.concat([left, Buffer.alloc(512)]);
    expect(
      await compareTars(
        () => chunked(left, 4096),
        () => chunked(longer, 4096),
      ),
    ).toEqual([{ path: '', field: 'header', offset: left.length, left: null, right: 0, detail: 'end' }]);
  });

  it('names what was changed, whatever it is', async () => {
    const letter = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const members = fc.uniqueArray(
      fc.record({
        path: fc.array(letter, { minLength: 1, maxLength: 4 }).map((letters) => letters.join('')),
        body: fc.uint8Array({ maxLength: 1400 }),
        mode: fc.integer({ min: 0, max: 0o777 }),
        uid: fc.integer({ min: 0, max: 70000 }),
      }),
      { selector: ({ path }) => path, minLength: 1, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(members, fc.nat(), fc.nat(), async (all, which, where) => {
        const at = which % all.length;
        const member = all[at]!;
        const edit = (change: Partial<Member>): readonly Member[] =>
          (all as readonly Member[]).with(at, { ...member, ...change });
        expect(await compareMembers(all, all)).toEqual([]);
        expect(await compareMembers(all, edit({ mode: member.mode ^ 1 }))).toEqual([
          difference(member.path, 'mode', member.mode, member.mode ^ 1),
        ]);
        expect(await compareMembers(all, all.toSpliced(at, 1))).toEqual([
          difference(member.path, 'missing', member.path, null),
        ]);
        expect(await compareMembers(all.toSpliced(at, 1), all)).toEqual([
          difference(member.path, 'missing', null, member.path),
        ]);
        if (member.body.length > 0) {
          const offset = where % member.body.length;
          const body = member.body.with(offset, member.body[offset]! ^ 0x80);
          expect(await compareMembers(all, edit({ body }))).toEqual([
            {
              path: member.path,
              field: 'content',
              offset,
              left: member.body[offset],
              right: member.body[offset]! ^ 0x80,
            },
          ]);
        }
      }),
      { numRuns: 40 },
    );
  });
});

function difference(
  path: string,
  field: FileDifference['field'],
  left: string | number | null,
  right: string | number | null,
): FileDifference {
  return { path, field, left, right };
}

function fixChecksum(tar: Buffer, at: number): void {
  tar.write('        ', at + 148);
  let sum = 0;
  for (const byte of tar.subarray(at, at + 512)) sum += byte;
  tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148);
}

describe('two images', () => {
  const named = (name: string, layers: readonly ImageLayer[], labels = {}): ComparedImage => ({
    name,
    ...imageOf(layers, { cmd: ['/bin/true'], labels }),
  });

  async function three(on: Stage): Promise<readonly [ImageLayer, ImageLayer, ImageLayer]> {
    return [
      await layerOf(on, TREE),
      await layerOf(on, [{ path: 'b', body: '2' }], { packages: ['six==1.0'] }),
      await layerOf(on, [{ path: 'c', body: '3' }]),
    ];
  }

  it('of the same bytes are equal, and no layer is read', async () => {
    const on = stage();
    const layers = await three(on);
    expect(await compareImages(named('one', layers), named('other', layers), on.context)).toEqual({
      equal: true,
      layer: null,
      config: [],
      manifest: [],
    });
    expect(on.events).toEqual([]);
  });

  it('name the layer, the file, the field and the byte', async () => {
    const on = stage();
    const [first, second, third] = await three(on);
    const other = await layerOf(on, [{ path: 'b', body: '4' }], { packages: ['six==1.0'] });
    const found = await compareImages(
      named('one', [first, second, third]),
      named('other', [first, other, third]),
      on.context,
    );
    expect(found).toEqual<Comparison>({
      equal: false,
      layer: {
        index: 1,
        left: {
          digest: second.digest,
          diffId: second.diffId,
          size: second.size,
          kind: 'app',
          packages: ['six==1.0'],
        },
        right: {
          digest: other.digest,
          diffId: other.diffId,
          size: other.size,
          kind: 'app',
          packages: ['six==1.0'],
        },
        what: 'files',
        files: [{ path: 'b', field: 'content', offset: 0, left: 0x32, right: 0x34 }],
        compressed: null,
      },
      config: [],
      manifest: [],
    });
  });

  it('tell a layer that one lacks, and layers in another order', async () => {
    const on = stage();
    const [first, second, third] = await three(on);
    const compare = async (left: readonly ImageLayer[], right: readonly ImageLayer[]): Promise<unknown> => {
      const { layer } = await compareImages(named('one', left), named('other', right), on.context);
      return [layer?.what, layer?.index, layer?.left?.digest, layer?.right?.digest];
    };
    expect(await compare([first, second, third], [first, third])).toEqual([
      'missing',
      1,
      second.digest,
      undefined,
    ]);
    expect(await compare([first, third], [first, second, third])).toEqual([
      'missing',
      1,
      undefined,
      second.digest,
    ]);
    expect(await compare([first, second], [first])).toEqual(['missing', 1, second.digest, undefined]);
    expect(await compare([first, second], [second, first])).toEqual([
      'order',
      0,
      first.digest,
      second.digest,
    ]);
    expect(on.events).toEqual([]);
  });

  it('say where only the compression differs', async () => {
    const on = stage();
    const layer = await layerOf(on, TREE);
    const fast = gzipSync(tarOf(TREE), { level: 1 });
    const blob = await on.cache.putBlob([fast]);
    const other = { ...layer, digest: blob.digest, size: blob.size, blob: { path: blob.path, offset: 0 } };
    const found = await compareImages(named('one', [layer]), named('other', [other]), on.context);
    const bytes = readFileSync((layer.blob as { path: string }).path);
    const at = bytes.findIndex((byte, index) => byte !== fast[index]);
    expect(found.layer).toMatchObject({
      what: 'compression',
      files: [],
      compressed: { offset: at, left: bytes[at], right: fast[at] },
    });
    expect(found.equal).toBe(false);
  });

  it('compare plain and compressed tars where one states no digests', async () => {
    const on = stage();
    const packed = await layerOf(on, TREE);
    const { digest: _, ...plain } = await layerOf(on, TREE, { compression: 'none' });
    const { config } = imageOf([packed]);
    const left = named('one', [packed]);
    expect(await compareImages(left, { name: 'other', config, layers: [plain] }, on.context)).toMatchObject({
      equal: true,
    });
    const { digest: __, ...changedLayer } = await layerOf(on, changed('opt/a', { uid: 5 }), {
      compression: 'none',
    });
    const found = await compareImages(left, { name: 'other', config, layers: [changedLayer] }, on.context);
    expect(found.layer).toMatchObject({ what: 'files', files: [difference('opt/a', 'uid', 1, 5)] });
  });

  it('fetch what a registry holds, and nothing more', async () => {
    const on = stage();
    const [first, second, third] = await three(on);
    const other = await layerOf(on, [{ path: 'c', body: '4' }]);
    const fetched: string[] = [];
    const remote = (layer: ImageLayer): ImageLayer => ({
      ...layer,
      blob: {
        repository: 'localhost:5000/app',
        fetch: async () => {
          fetched.push(layer.digest);
          return layer.blob as { path: string; offset: number };
        },
      },
    });
    const right = [first, second, other].map(remote);
    const found = await compareImages(
      named('one', [first, second, third]),
      named('other', right),
      on.context,
    );
    expect(found.layer).toMatchObject({ index: 2, files: [{ path: 'c', field: 'content' }] });
    expect(fetched).toEqual([other.digest]);
  });

  it('name what differs in the configuration and in the manifest, and not what follows from it', async () => {
    const on = stage();
    const layers = await three(on);
    const found = await compareImages(
      named('one', layers, { a: '1' }),
      named('other', layers, { a: '2', b: '3' }),
      on.context,
    );
    expect(found).toEqual<Comparison>({
      equal: false,
      layer: null,
      config: [
        { path: 'config.Labels.a', left: '"1"', right: '"2"' },
        { path: 'config.Labels.b', left: null, right: '"3"' },
      ],
      manifest: [],
    });
    const [first, ...rest] = layers;
    const noted = named('other', [{ ...first, annotations: { 'dev.bivy.key': 'k' } }, ...rest]);
    expect((await compareImages(named('one', layers), noted, on.context)).manifest).toEqual([
      { path: 'layers[0].annotations', left: null, right: '{"dev.bivy.key":"k"}' },
    ]);
    const left = named('one', layers);
    const spaced = { ...left, manifest: Buffer.from(` ${Buffer.from(left.manifest!)}`) };
    expect((await compareImages(left, spaced, on.context)).manifest).toEqual([
      { path: '', left: digestOf(left.manifest!), right: digestOf(spaced.manifest) },
    ]);
  });

  it('refuse a layer that is not what it is called', async () => {
    const on = stage();
    const [first, second] = await three(on);
    appendFileSync((second.blob as { path: string }).path, 'more');
    const left = named('one', [first]);
    expect(await codeOf(() => compareImages(left, named('other', [second]), on.context))).toBe('none');
    writeFileSync((second.blob as { path: string }).path, 'other');
    expect(await codeOf(() => compareImages(left, named('other', [second]), on.context))).toBe(
      'HASH_MISMATCH',
    );
  });
});
