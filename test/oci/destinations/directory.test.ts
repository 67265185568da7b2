import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDestination } from '../../../src/oci/destinations/parse.ts';
import { codeOf, imageOf, layerOf, type Member, type Stage, scratch, stage } from '../../support/images.ts';

async function unpack(at: Stage, layers: readonly Member[][]): Promise<string> {
  const made = [];
  for (const members of layers) made.push(await layerOf(at, members));
  const path = join(at.folder, 'tree');
  await (await parseDestination(`dir:${path}`)).write(imageOf(made), [], at.context);
  return path;
}

describe('a tree', () => {
  it('is the layers, merged', async () => {
    const at = stage();
    const tree = await unpack(at, [
      [
        { path: 'etc/', mode: 0o755, mtime: 1000 },
        { path: 'etc/old', body: 'x' },
        { path: 'etc/run', body: '#!', mode: 0o4755, mtime: 2000 },
        { path: 'etc/other', type: '1', link: 'etc/run' },
        { path: 'etc/link', link: '/etc/passwd' },
      ],
      [
        { path: 'etc/.wh.old', body: '' },
        { path: 'tmp/', mode: 0o1777 },
        { path: 'sealed/', mode: 0o500 },
        { path: 'sealed/x', body: '1', mode: 0o400 },
      ],
    ]);
    const run = statSync(join(tree, 'etc/run'));
    expect(run).toMatchObject({ mode: 0o104755, nlink: 2, mtimeMs: 2_000_000 });
    expect(statSync(join(tree, 'etc/other')).ino).toBe(run.ino);
    expect(statSync(join(tree, 'etc')).mtimeMs).toBe(1_000_000);
    expect(readlinkSync(join(tree, 'etc/link'))).toBe('/etc/passwd');
    expect(lstatSync(join(tree, 'etc/old'), { throwIfNoEntry: false })).toBeUndefined();
    expect(statSync(join(tree, 'tmp')).mode & 0o7777).toBe(0o1777);
    expect(statSync(join(tree, 'sealed')).mode & 0o7777).toBe(0o500);
    expect(readFileSync(join(tree, 'sealed/x'), 'utf8')).toBe('1');
    // A sealed directory can be replaced all the same.
    await unpack(at, [[{ path: 'other', body: '1' }]]);
    expect(readFileSync(join(tree, 'other'), 'utf8')).toBe('1');
  });

  it('is never written through a link', async () => {
    const at = stage();
    const outside = scratch();
    writeFileSync(join(outside, 'precious'), 'x');
    for (const layers of [
      [[{ path: 'out', link: outside }], [{ path: 'out/precious', body: 'y' }]],
      [
        [
          { path: 'out', link: outside },
          { path: 'out/precious', body: 'y' },
        ],
      ],
      [
        [
          { path: 'out', link: '../../../../../../..' },
          { path: `out${outside}/precious`, body: 'y' },
        ],
      ],
      [[{ path: 'l', link: `${outside}/precious` }], [{ path: 'l', body: 'y' }]],
      [
        [
          { path: 'l', link: `${outside}/precious` },
          { path: 'm', type: '1', link: 'l' },
        ],
        [{ path: 'm', body: 'y' }],
      ],
      [
        [
          { path: 'd/', mode: 0o700 },
          { path: 'd', link: outside },
        ],
        [
          { path: 'd/', mode: 0o777 },
          { path: 'd/precious', body: 'y' },
        ],
      ],
    ] satisfies Member[][][]) {
      await unpack(at, layers);
      expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('x');
      expect(statSync(outside).mode & 0o777).toBe(0o700);
    }
  });

  it.each<[string, Member]>([
    ['a path that climbs', { path: '../x', body: '' }],
    ['a hard link that climbs', { path: 'x', type: '1', link: '../../etc/passwd' }],
    ['a hard link to the outside', { path: 'x', type: '1', link: '/etc/passwd' }],
  ])('has no place for %s', async (_, member) => {
    const at = stage();
    expect(await codeOf(() => unpack(at, [[member]]))).toMatch(/^(ARCHIVE|BASE)_INVALID$/);
    expect(lstatSync(join(at.folder, 'tree'), { throwIfNoEntry: false })).toBeUndefined();
  });

  it('says which things it leaves out', async () => {
    const at = stage();
    await unpack(at, [
      [
        { path: 'dev/null', type: '3' },
        { path: 'pipe', type: '6' },
      ],
    ]);
    expect(at.events).toContainEqual({ type: 'note', message: '2 devices of the image were left out' });
  });

  it.runIf(process.geteuid?.() === 0)('belongs to whoever makes it, where that is not root', async () => {
    const at = stage();
    chmodSync(at.folder, 0o777);
    const layer = await layerOf(at, [
      { path: 'home/', uid: 7, mode: 0o500 },
      { path: 'home/x', body: '1', uid: 7, mode: 0o4711 },
    ]);
    const path = join(at.folder, 'tree');
    const destination = await parseDestination(`dir:${path}`);
    process.seteuid!(65534);
    try {
      await destination.write(imageOf([layer]), [], at.context);
      expect(statSync(join(path, 'home/x'))).toMatchObject({ uid: 65534, mode: 0o104711 });
      expect(at.events).toContainEqual(
        expect.objectContaining({ type: 'note', message: expect.stringMatching(/^1 files belong to you/) }),
      );
      // A sealed directory of one's own goes all the same.
      await destination.write(imageOf([layer], { cmd: ['other'] }), [], at.context);
      expect(readdirSync(at.folder).sort()).toEqual(['cache', 'tree']);
    } finally {
      process.seteuid!(0);
    }
  });

  it('has a mark that no image may bring', async () => {
    const at = stage();
    expect(await codeOf(() => unpack(at, [[{ path: '.bivy.json', body: '{}' }]]))).toBe(
      'DESTINATION_INVALID',
    );
  });

  it('is put back when a run was killed between its two renames', async () => {
    const at = stage();
    const tree = await unpack(at, [[{ path: 'one', body: '1' }]]);
    renameSync(tree, join(at.folder, '.tree.bivy-previous'));
    await (await parseDestination(`dir:${tree}`)).check(at.context);
    expect(readFileSync(join(tree, 'one'), 'utf8')).toBe('1');
    // What stands in the way of the next is old, and goes.
    mkdirSync(join(at.folder, '.tree.bivy-previous'));
    await unpack(at, [[{ path: 'two', body: '2' }]]);
    expect(lstatSync(join(at.folder, '.tree.bivy-previous'), { throwIfNoEntry: false })).toBeUndefined();
  });

  it('that lost its mark is not ours', async () => {
    const at = stage();
    const tree = await unpack(at, [[{ path: 'one', body: '1' }]]);
    rmSync(join(tree, '.bivy.json'));
    expect(await codeOf(() => unpack(at, [[{ path: 'two', body: '1' }]]))).toBe('DESTINATION_NOT_OURS');
    expect(readFileSync(join(tree, 'one'), 'utf8')).toBe('1');
  });
});
