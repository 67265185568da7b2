import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTar } from '../../src/kernel/untar.ts';
import { FileTree } from '../../src/oci/filesystem.ts';
import { codeOf, type Member, tarOf } from '../support/images.ts';

async function treeOf(...layers: readonly (readonly Member[])[]): Promise<FileTree> {
  const tree = new FileTree('a test');
  for (const members of layers) {
    tree.beginLayer();
    const tar = tarOf(members);
    async function* bytes(): AsyncGenerator<Uint8Array> {
      yield tar;
    }
    for await (const entry of readTar(bytes())) tree.apply(entry);
  }
  return tree;
}

/** `path` for a directory, `path=size`, `path->target`, in the tree's order. */
function spell(tree: FileTree): string[] {
  return [...tree.nodes()].map(([path, node]) =>
    node.kind === 'directory'
      ? `${path}/`
      : node.kind === 'symlink'
        ? `${path}->${node.target}`
        : `${path}=${node.inode.size}`,
  );
}

const file = (path: string, size = 1): Member => ({ path, body: 'x'.repeat(size) });

describe('layers over each other', () => {
  it.each<[string, Member[][], string[]]>([
    ['add up', [[file('a/x')], [file('a/y', 2)]], ['a/', 'a/x=1', 'a/y=2']],
    ['replace files', [[file('x')], [file('x', 3)]], ['x=3']],
    ['remove files', [[file('x'), file('y')], [file('.wh.x', 0)]], ['y=1']],
    ['remove trees', [[file('d/e/x')], [file('.wh.d', 0)]], []],
    [
      'remove what a link is, not what it names',
      [[file('x'), { path: 'l', link: 'x' }], [file('.wh.l', 0)]],
      ['x=1'],
    ],
    [
      'hide what was below',
      [[file('d/x')], [{ path: 'd/' }, file('d/.wh..wh..opq', 0), file('d/y')]],
      ['d/', 'd/y=1'],
    ],
    ['whatever the order', [[file('d/x')], [file('d/y'), file('d/.wh..wh..opq', 0)]], ['d/', 'd/y=1']],
    ['and their own layer’s stay', [[file('x')], [file('x', 2), file('.wh.x', 0)]], ['x=2']],
    ['also in a removed tree', [[file('d/x')], [file('d/y'), file('.wh.d', 0)]], ['d/', 'd/y=1']],
    ['ignore whiteouts of nothing', [[file('x')], [file('.wh.y', 0), file('no/.wh.z', 0)]], ['x=1']],
    [
      'ignore what AUFS kept',
      [[file('x')], [file('.wh..wh.plnk/1', 0), file('.wh..wh.aufs', 0)]],
      ['.wh..wh.plnk/', '.wh..wh.plnk/1=0', 'x=1'],
    ],
    ['turn a file into a directory', [[file('d')], [file('d/x')]], ['d/', 'd/x=1']],
    ['turn a directory into a file', [[file('d/x')], [file('d', 2)]], ['d=2']],
    [
      'turn a link into a directory, as overlayfs',
      [[file('r/x'), { path: 'l', link: 'r' }], [file('l/y')]],
      ['l/', 'l/y=1', 'r/', 'r/x=1'],
    ],
    [
      'follow a link of their own layer',
      [[file('r/x')], [{ path: 'l', link: 'r' }, file('l/y')]],
      ['l->r', 'r/', 'r/x=1', 'r/y=1'],
    ],
    ['never out of the root', [[{ path: 'l', link: '../../..' }, file('l/y')]], ['l->../../..', 'y=1']],
    [
      'keep a name of a hard link',
      [[file('x', 5), { path: 'y', type: '1', link: 'x' }], [file('.wh.x', 0)]],
      ['y=5'],
    ],
    ['link to a lower layer', [[file('x', 5)], [{ path: 'y', type: '1', link: 'x' }]], ['x=5', 'y=5']],
    [
      'link links',
      [
        [
          { path: 'l', link: 'x' },
          { path: 'm', type: '1', link: 'l' },
        ],
      ],
      ['l->x', 'm->x'],
    ],
    [
      'keep a directory’s files when they restate it',
      [[file('d/x')], [{ path: 'd/', mode: 0o700 }]],
      ['d/', 'd/x=1'],
    ],
  ])('%s', async (_, layers, expected) => {
    expect(spell(await treeOf(...layers))).toEqual(expected);
  });

  it('take owner and mode of a directory from the last that states it', async () => {
    const tree = await treeOf(
      [{ path: 'd/', mode: 0o700, uid: 5 }],
      [file('d/x')],
      [{ path: 'd/', mode: 0o1777 }],
    );
    expect(tree.root.children.get('d')).toMatchObject({ mode: 0o1777, uid: 0 });
    const implied = await treeOf([{ path: 'd/', mode: 0o700, uid: 5 }], [file('d/x')]);
    expect(implied.root.children.get('d')).toMatchObject({ mode: 0o700, uid: 5 });
  });

  it.each<[string, Member[]]>([
    ['a hard link to nothing', [{ path: 'y', type: '1', link: 'x' }]],
    ['a hard link to a directory', [{ path: 'd/' }, { path: 'y', type: '1', link: 'd' }]],
    ['links in circles', [{ path: 'l', link: 'm' }, { path: 'm', link: 'l' }, file('l/x')]],
  ])('refuse %s', async (_, members) => {
    expect(await codeOf(() => treeOf(members))).toBe('BASE_INVALID');
  });

  it('are what replaying them on sets of paths gives', async () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    const layer = fc.record({
      whiteouts: fc.uniqueArray(path, { maxLength: 2 }),
      files: fc.uniqueArray(path, { maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(layer, { maxLength: 4 }), async (layers) => {
        const model = new Map<string, number>();
        const tars = layers.map(({ whiteouts, files }, index) => {
          const kept = files.filter(
            (one) => !files.some((other) => other !== one && other.startsWith(`${one}/`)),
          );
          for (const gone of whiteouts) {
            for (const key of [...model.keys()])
              if (key === gone || key.startsWith(`${gone}/`)) model.delete(key);
          }
          for (const one of kept) {
            for (const key of [...model.keys()]) {
              if (key.startsWith(`${one}/`) || one.startsWith(`${key}/`)) model.delete(key);
            }
            model.set(one, index + 1);
          }
          return [
            ...kept.map((one) => file(one, index + 1)),
            ...whiteouts.map((one) => file(one.replace(/[^/]+$/, '.wh.$&'), 0)),
          ];
        });
        const tree = await treeOf(...tars);
        const files = spell(tree).filter((text) => text.includes('='));
        expect(files.sort()).toEqual([...model].map(([key, size]) => `${key}=${size}`).sort());
      }),
    );
  });
});

describe('a look-up', () => {
  it.each([
    ['l/x', 'r/x'],
    ['/r/../l/x', 'r/x'],
    ['abs/x', 'r/x'],
    ['up', ''],
    ['r', 'r'],
    ['none', undefined],
    ['r/x/y', undefined],
    ['circle', undefined],
  ])('%s leads to %s', async (path, place) => {
    const tree = await treeOf([
      file('r/x'),
      { path: 'l', link: 'r' },
      { path: 'abs', link: '/r' },
      { path: 'up', link: '../../' },
      { path: 'circle', link: 'circle' },
    ]);
    expect(tree.lookup(path)?.path).toBe(place);
  });
});
