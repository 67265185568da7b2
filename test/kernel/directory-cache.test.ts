import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheRoot } from '../../src/kernel/cache.ts';
import { type Digest, digestOf, keyOf } from '../../src/kernel/digest.ts';
import { DirectoryCache } from '../../src/kernel/directory-cache.ts';
import { toBivyError } from '../../src/kernel/errors.ts';

const BYTES = Buffer.from('the bytes of a blob');
const DIGEST = digestOf(BYTES);
const OTHER = digestOf('other');
const KEY = keyOf({ a: 1 });
const PROJECT = new URL('../../', import.meta.url);

let root: string;
let cache: DirectoryCache;

beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'bivy cache-'));
  cache = new DirectoryCache(root);
});

afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

const leftovers = (): string[] => (fs.existsSync(join(root, 'tmp')) ? fs.readdirSync(join(root, 'tmp')) : []);
const put = (bytes: Uint8Array = BYTES, expected?: Digest): Promise<unknown> =>
  cache.putBlob([bytes], expected === undefined ? {} : { expected });

describe('where the cache is', () => {
  it.each([
    [{ BIVY_CACHE_DIR: '/a', XDG_CACHE_HOME: '/b' }, '/a'],
    [{ BIVY_CACHE_DIR: '', XDG_CACHE_HOME: '/b' }, '/b/bivy'],
    [{ XDG_CACHE_HOME: '' }, /\/\.cache\/bivy$/],
  ])('%o', (environment, expected) => {
    expect(cacheRoot(environment)).toEqual(
      typeof expected === 'string' ? expected : expect.stringMatching(expected),
    );
  });
});

describe('a blob', () => {
  it('is found under its digest', async () => {
    expect(cache.findBlob(DIGEST)).toBeUndefined();
    const blob = await cache.putBlob([BYTES.subarray(0, 5), new Uint8Array(), BYTES.subarray(5)], {
      expected: DIGEST,
    });
    expect(blob).toEqual({ digest: DIGEST, path: cache.blobPath(DIGEST), size: BYTES.length });
    expect(cache.findBlob(DIGEST)).toEqual(blob);
    expect(await cache.verifyBlob(DIGEST)).toEqual(blob);
    expect(fs.readFileSync(blob.path)).toEqual(BYTES);
    expect(leftovers()).toEqual([]);
    cache.discardBlob(DIGEST);
    expect(cache.findBlob(DIGEST)).toBeUndefined();
    cache.discardBlob(DIGEST);
  });

  it('may be empty', async () => {
    const blob = await cache.putBlob([]);
    expect(blob).toMatchObject({ digest: digestOf(''), size: 0 });
    expect(await cache.verifyBlob(blob.digest)).toEqual(blob);
  });

  it('is refused when it is not what was expected', async () => {
    await expect(put(BYTES, OTHER)).rejects.toMatchObject({ code: 'HASH_MISMATCH' });
    await expect(cache.putBlob([BYTES], { limit: BYTES.length - 1, name: '`x`' })).rejects.toMatchObject({
      code: 'HASH_MISMATCH',
      message: `\`x\` is larger than the ${BYTES.length - 1} bytes it may have`,
    });
    expect(cache.findBlob(DIGEST)).toBeUndefined();
    expect(cache.findBlob(OTHER)).toBeUndefined();
    expect(leftovers()).toEqual([]);
  });

  it('is not kept when its source fails', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield BYTES;
      throw new RangeError('the source broke');
    }
    await expect(cache.putBlob(broken())).rejects.toThrow(RangeError);
    expect(cache.findBlob(DIGEST)).toBeUndefined();
    expect(leftovers()).toEqual([]);
  });

  it('ends its source when it has had enough', async () => {
    let ended = false;
    function* endless(): Generator<Uint8Array> {
      try {
        for (;;) yield BYTES;
      } finally {
        ended = true;
      }
    }
    await expect(cache.putBlob(endless(), { limit: 1000 })).rejects.toMatchObject({ code: 'HASH_MISMATCH' });
    expect(ended).toBe(true);
  });

  it('may be written by somebody else and adopted', async () => {
    const temporary = cache.temporary();
    fs.writeFileSync(temporary, BYTES);
    expect(cache.adopt(temporary, DIGEST)).toEqual(await cache.verifyBlob(DIGEST));
    expect(leftovers()).toEqual([]);
  });
});

describe('a damaged blob', () => {
  it.each([
    [
      'with a changed byte',
      (path: string) =>
        fs.writeFileSync(
          path,
          BYTES.map((byte, at) => (at === 3 ? byte ^ 1 : byte)),
        ),
    ],
    ['cut short', (path: string) => fs.truncateSync(path, 3)],
    ['emptied', (path: string) => fs.truncateSync(path, 0)],
    ['grown', (path: string) => fs.appendFileSync(path, 'x')],
  ])('is discarded when its bytes are looked at: %s', async (_, damage) => {
    await put();
    damage(cache.blobPath(DIGEST));
    expect(await cache.verifyBlob(DIGEST)).toBeUndefined();
    expect(cache.findBlob(DIGEST)).toBeUndefined();
    await put();
    expect(await cache.verifyBlob(DIGEST)).toBeDefined();
  });

  it.each([
    ['a directory', (path: string) => fs.mkdirSync(join(path, 'deep', 'er'), { recursive: true })],
    ['a link to the right bytes', (path: string) => fs.symlinkSync(join(root, 'elsewhere'), path)],
    ['a link to nothing', (path: string) => fs.symlinkSync(join(root, 'nowhere'), path)],
  ])('does not count, and gives way: %s', async (_, damage) => {
    fs.writeFileSync(join(root, 'elsewhere'), BYTES);
    fs.mkdirSync(join(root, 'blobs', 'sha256'), { recursive: true });
    damage(cache.blobPath(DIGEST));
    expect(cache.findBlob(DIGEST)).toBeUndefined();
    expect(await cache.verifyBlob(DIGEST)).toBeUndefined();
    await put();
    expect(await cache.verifyBlob(DIGEST)).toBeDefined();
    expect(fs.lstatSync(cache.blobPath(DIGEST)).isFile()).toBe(true);
    expect(fs.readFileSync(join(root, 'elsewhere'))).toEqual(BYTES);
  });
});

describe('a record', () => {
  it('is found under its kind and key', () => {
    expect(cache.readRecord('things', KEY)).toBeUndefined();
    cache.writeRecord('things', KEY, { a: [1, 'ü'] });
    expect(cache.readRecord('things', KEY)).toEqual({ a: [1, 'ü'] });
    expect(cache.readRecord('others', KEY)).toBeUndefined();
    cache.writeRecord('things', KEY, null);
    expect(cache.readRecord('things', KEY)).toBeNull();
    expect(leftovers()).toEqual([]);
  });

  const path = (): string => join(root, 'records', 'things', KEY.slice(7));

  it.each([
    ['changed', () => fs.writeFileSync(path(), fs.readFileSync(path(), 'utf8').replace('1', '2'))],
    ['cut short', () => fs.truncateSync(path(), 80)],
    ['emptied', () => fs.truncateSync(path(), 0)],
    ['without a checksum', () => fs.writeFileSync(path(), '{"a":1}')],
    ['binary', () => fs.writeFileSync(path(), Buffer.from([0xff, 0xfe, 10, 0]))],
    ['of another key', () => fs.copyFileSync(join(root, 'records', 'things', OTHER.slice(7)), path())],
    ['of another kind', () => fs.copyFileSync(join(root, 'records', 'others', KEY.slice(7)), path())],
  ])('that is damaged is removed: %s', (_, damage) => {
    cache.writeRecord('things', KEY, { a: 1 });
    cache.writeRecord('things', OTHER, { a: 2 });
    cache.writeRecord('others', KEY, { a: 3 });
    damage();
    expect(cache.readRecord('things', KEY)).toBeUndefined();
    expect(fs.existsSync(path())).toBe(false);
    cache.writeRecord('things', KEY, { a: 4 });
    expect(cache.readRecord('things', KEY)).toEqual({ a: 4 });
  });

  it('gives way where a directory stands', () => {
    fs.mkdirSync(join(path(), 'deep'), { recursive: true });
    expect(cache.readRecord('things', KEY)).toBeUndefined();
    cache.writeRecord('things', KEY, 1);
    expect(cache.readRecord('things', KEY)).toBe(1);
  });
});

describe('temporary files', () => {
  it('of a killed run are removed after a day, and nothing else is', () => {
    const directory = join(root, 'tmp');
    fs.mkdirSync(join(root, 'precious'));
    fs.symlinkSync(join(root, 'precious'), directory);
    const stale = [cache.temporary(), cache.temporary()];
    const fresh = cache.temporary();
    const foreign = join(directory, 'thesis.txt');
    fs.writeFileSync(stale[0]!, 'x');
    fs.mkdirSync(stale[1]!);
    fs.writeFileSync(fresh, 'x');
    fs.writeFileSync(foreign, 'x');
    const old = new Date(Date.now() - 25 * 3600 * 1000);
    for (const path of [...stale, foreign]) fs.utimesSync(path, old, old);
    new DirectoryCache(root).temporary();
    expect(
      fs
        .readdirSync(directory)
        .map((name) => join(directory, name))
        .sort(),
    ).toEqual([fresh, foreign].sort());
  });

  it('may be cleared away by another process at any time', async () => {
    await put();
    fs.rmSync(root, { recursive: true });
    await put();
    cache.writeRecord('things', KEY, 1);
    expect(await cache.verifyBlob(DIGEST)).toBeDefined();
  });
});

describe('a cache that cannot be one', () => {
  it.each([
    ['a file', () => fs.writeFileSync(join(root, 'x'), '')],
    [
      'a link to a file',
      () => {
        fs.writeFileSync(join(root, 'y'), '');
        fs.symlinkSync('y', join(root, 'x'));
      },
    ],
    ['a link to nothing', () => fs.symlinkSync('nowhere', join(root, 'x'))],
    ['a link to itself', () => fs.symlinkSync('x', join(root, 'x'))],
  ])('is told: %s', async (_, make) => {
    make();
    for (const path of [join(root, 'x'), join(root, 'x', 'deep')]) {
      const wrong = new DirectoryCache(path);
      expect(wrong.readRecord('things', KEY)).toBeUndefined();
      await expect(wrong.putBlob([BYTES])).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        hint: expect.stringContaining('BIVY_CACHE_DIR'),
      });
      expect(() => wrong.writeRecord('things', KEY, 1)).toThrow(/cannot use the cache/);
    }
  });

  it('is told: nobody may write there', () => {
    const privileged = process.geteuid?.() === 0;
    fs.chmodSync(root, 0o555);
    if (privileged) process.seteuid?.(65534);
    try {
      expect(cache.findBlob(DIGEST)).toBeUndefined();
      const error = thrownBy(() => cache.writeRecord('things', KEY, 1));
      expect(toBivyError(error)).toMatchObject({
        code: 'PERMISSION',
        message: expect.stringContaining(root),
      });
    } finally {
      if (privileged) process.seteuid?.(0);
      fs.chmodSync(root, 0o755);
    }
  });
});

const mounted = mountSmallDisk();
if (mounted === undefined) console.warn('SKIPPED: a full disk (this user may not mount a small one)');

describe.skipIf(mounted === undefined)('a full disk', () => {
  afterAll(() => {
    run('umount', mounted ?? '');
    fs.rmdirSync(mounted ?? '');
  });

  it('is told, and nothing half-written stays', async () => {
    const disk = mounted ?? '';
    const full = new DirectoryCache(disk);
    await full.putBlob([Buffer.alloc(100_000)]);
    function* much(): Generator<Uint8Array> {
      for (let count = 0; count < 100; count++) yield Buffer.alloc(64 * 1024, count);
    }
    await expect(full.putBlob(much(), { name: '`big.whl`' })).rejects.toMatchObject({
      code: 'DISK_FULL',
      message: expect.stringContaining(`cannot keep \`big.whl\` in the cache \`${disk}\``),
      hint: expect.stringContaining('BIVY_CACHE_DIR'),
    });
    const error = thrownBy(() => full.writeRecord('things', KEY, 'x'.repeat(2_000_000)));
    expect(toBivyError(error)).toMatchObject({ code: 'DISK_FULL' });
    expect(fs.readdirSync(join(disk, 'tmp'))).toEqual([]);
    await full.putBlob([Buffer.alloc(100_000, 1)]);
  });
});

describe('several processes', () => {
  /** Writes blobs and records until it is killed, telling the number of each when it is kept. */
  const WRITER = `
    import { DirectoryCache } from '${new URL('src/kernel/directory-cache.ts', PROJECT).href}';
    import { keyOf } from '${new URL('src/kernel/digest.ts', PROJECT).href}';
    const [root, count] = process.argv.slice(1);
    const cache = new DirectoryCache(root);
    for (let number = 0; number < Number(count); number++) {
      const seed = number % 40;
      const pieces = Array.from({ length: 20 }, (_, piece) => Buffer.alloc(50_000, seed * 20 + piece));
      await cache.putBlob(pieces);
      cache.writeRecord('things', keyOf({ seed }), { seed, text: 'x'.repeat(10_000) });
      if (number === 0) console.log('begun');
    }`;
  const writer = (count: number) =>
    spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', WRITER, root, String(count)], {
      cwd: PROJECT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });

  async function expectWhole(): Promise<number> {
    const names = fs.readdirSync(join(root, 'blobs', 'sha256'));
    for (const name of names)
      expect(await cache.verifyBlob(`sha256:${name}` as Digest)).toMatchObject({ size: 1_000_000 });
    for (let seed = 0; seed < 40; seed++) {
      const key = keyOf({ seed });
      const there = fs.existsSync(join(root, 'records', 'things', key.slice(7)));
      if (there) expect(cache.readRecord('things', key)).toMatchObject({ seed });
    }
    return names.length;
  }

  it('write the same things at once', async () => {
    const children = [writer(60), writer(60), writer(60)];
    const codes = await Promise.all(
      children.map((child) => new Promise<number | null>((resolve) => child.on('exit', resolve))),
    );
    expect(codes).toEqual([0, 0, 0]);
    expect(await expectWhole()).toBe(40);
    expect(leftovers()).toEqual([]);
  });

  it('may be killed at any moment', async () => {
    await Promise.all(
      [0, 7, 13, 29].map(async (pause) => {
        const child = writer(1_000_000);
        await new Promise((resolve) => child.stdout.once('data', resolve));
        await new Promise((resolve) => setTimeout(resolve, pause));
        const ended = new Promise((resolve) => child.on('exit', (_, signal) => resolve(signal)));
        child.kill('SIGKILL');
        expect(await ended).toBe('SIGKILL');
      }),
    );
    expect(await expectWhole()).toBeGreaterThan(0);
  });
});

function thrownBy(perform: () => unknown): unknown {
  try {
    perform();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** A file system of a megabyte, where this user may mount one. */
function mountSmallDisk(): string | undefined {
  const directory = fs.mkdtempSync(join(tmpdir(), 'bivy-disk-'));
  if (run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory)) return directory;
  fs.rmdirSync(directory);
  return undefined;
}

function run(program: string, ...values: readonly string[]): boolean {
  return spawnSync(program, values).status === 0;
}
