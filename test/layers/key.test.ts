import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/kernel/digest.ts';
import { entriesKey } from '../../src/layers/entries-key.ts';
import type { Entry, FileEntry } from '../../src/layers/entry.ts';
import { type WheelIdentity, wheelKey, wheelsKey } from '../../src/layers/key.ts';

const IDENTITY: WheelIdentity = {
  sha256: 'ab'.repeat(32),
  fileName: 'demo-1.0-py3-none-any.whl',
  libPython: 'lib/python3.11',
  prefix: '/app/.venv',
};

describe('wheelKey', () => {
  it('is the same for the same record, whatever the order of its members', () => {
    const { sha256, ...rest } = IDENTITY;
    expect(wheelKey({ ...rest, sha256 })).toBe(wheelKey(IDENTITY));
    expect(wheelKey({ ...IDENTITY, location: IDENTITY.prefix })).toBe(wheelKey(IDENTITY));
  });

  it.each<[string, Partial<WheelIdentity>]>([
    ['its bytes', { sha256: 'cd'.repeat(32) }],
    ['its file name', { fileName: 'demo-1.0-1-py3-none-any.whl' }],
    ['the Python', { libPython: 'lib/python3.12' }],
    ['the prefix', { prefix: '/srv/.venv' }],
    ['where the prefix lies', { location: '/srv/real/.venv' }],
    ['the compression', { compression: 'estargz' }],
  ])('depends on %s', (_, other) => {
    expect(wheelKey({ ...IDENTITY, ...other })).not.toBe(wheelKey(IDENTITY));
  });

  it('is a digest that stays: layers in caches and registries are found by it', () => {
    // Another digest is right only with another `LAYOUT_VERSION` or `ENCODER_VERSION`.
    expect(wheelKey(IDENTITY)).toMatchInlineSnapshot(
      `"sha256:ae6868aab4cf804b0fa68ae75ba8c516ac9e21c28847917266c8817455a5b2fa"`,
    );
    expect(wheelKey({ ...IDENTITY, compression: 'gzip' })).toBe(wheelKey(IDENTITY));
    expect(wheelKey({ ...IDENTITY, compression: 'estargz' })).toMatchInlineSnapshot(
      `"sha256:9f72cf04634bd04ae4a7079e09ead182efd756aaf540e241910a282877b23546"`,
    );
  });
});

describe('wheelsKey', () => {
  const [a, b] = [digestOf('a'), digestOf('b')];

  it('is the wheel’s own for one alone, and depends on the order of several', () => {
    expect(wheelsKey([a])).toBe(a);
    expect(wheelsKey([a], { [a]: [] })).toBe(a);
    expect(new Set([wheelsKey([a, b]), wheelsKey([b, a]), wheelsKey([]), a]).size).toBe(4);
  });

  it('depends on what a wheel leaves to another layer, in any order', () => {
    expect(wheelsKey([a], { [a]: ['x'] })).not.toBe(a);
    expect(wheelsKey([a, b], { [a]: ['x'] })).not.toBe(wheelsKey([a, b], { [b]: ['x'] }));
    expect(wheelsKey([a], { [a]: ['x', 'y'] })).toBe(wheelsKey([a], { [a]: ['y', 'x'] }));
  });
});

describe('entriesKey', () => {
  let folder: string;
  let path: string;
  const plain = Buffer.from('some text, some text');
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bivy-key-'));
    path = join(folder, 'file');
    writeFileSync(path, Buffer.concat([plain, deflateRawSync(plain)]));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function file(more: Partial<FileEntry> = {}): FileEntry {
    return {
      kind: 'file',
      path: 'a',
      mode: 0o644,
      size: plain.length,
      content: { kind: 'bytes', bytes: plain },
      ...more,
    };
  }
  function key(...entries: Entry[]): Promise<string> {
    return entriesKey([{ name: 'app', entries }]);
  }

  it('is that of the content, wherever the bytes lie', async () => {
    const expected = await key(file());
    expect(await key(file({ content: { kind: 'slice', path, offset: 0 } }))).toBe(expected);
    const compressedSize = deflateRawSync(plain).length;
    const deflate = {
      kind: 'deflate',
      path,
      offset: plain.length,
      compressedSize,
      crc32: crc32(plain),
    } as const;
    expect(await key(file({ content: deflate }))).toBe(expected);
  });

  it('does not depend on the order of entries, nor on owners left out', async () => {
    const other = file({ path: 'b', uid: 0, gid: 0 });
    expect(await key(file(), other)).toBe(await key(other, file({ uid: 0 })));
  });

  it('depends on the compression, and with it on what is fetched first', async () => {
    const keys = await Promise.all(
      [{}, { compression: 'estargz' as const }, { compression: 'estargz' as const, prefetch: ['**'] }].map(
        (options) => entriesKey([{ name: 'app', entries: [file()] }], options),
      ),
    );
    expect(new Set(keys).size).toBe(3);
    const gzip = { compression: 'gzip' as const, prefetch: ['**'] };
    expect(await entriesKey([{ name: 'app', entries: [file()] }], gzip)).toBe(keys[0]);
  });

  it('reads nothing whose digest is known', async () => {
    const absent = file({ content: { kind: 'slice', path: join(folder, 'absent'), offset: 0 } });
    const known = await entriesKey([{ name: 'app', entries: [absent] }], {
      known: () => digestOf(plain).slice(7),
    });
    expect(known).toBe(await key(file()));
  });

  it.each<[string, Entry]>([
    ['path', file({ path: 'b' })],
    ['mode', file({ mode: 0o755 })],
    ['owner', file({ uid: 1 })],
    ['group', file({ gid: 1 })],
    ['content', file({ content: { kind: 'bytes', bytes: Buffer.alloc(plain.length) } })],
    ['shadow', file({ shadowed: true })],
    ['kind', { kind: 'directory', path: 'a', mode: 0o644 }],
    ['target', { kind: 'symlink', path: 'a', mode: 0o644, target: 'b' }],
    ['kind of link', { kind: 'hardlink', path: 'a', mode: 0o644, target: 'b' }],
    ['computed content', file({ content: { kind: 'computed', from: () => plain } })],
  ])('depends on the %s', async (_, entry) => {
    expect(await key(entry)).not.toBe(await key(file()));
  });

  it('depends on the order of parts', async () => {
    const [one, two] = [
      { name: 'one', entries: [file()] },
      { name: 'two', entries: [file({ path: 'b' })] },
    ];
    expect(await entriesKey([one, two])).not.toBe(await entriesKey([two, one]));
  });
});
