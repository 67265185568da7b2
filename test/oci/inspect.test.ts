import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/kernel/digest.ts';
import type { ImageFiles } from '../../src/oci/archive.ts';
import type { ImageSettings } from '../../src/oci/config.ts';
import type { FoundImage } from '../../src/oci/found.ts';
import { localBlob } from '../../src/oci/image.ts';
import { inspectBase } from '../../src/oci/inspect.ts';
import { codeOf, imageOf, layerOf, type Member, type Stage, stage, tarOf } from '../support/images.ts';
import { skippableFrame, zstdFrame } from '../support/zstd.ts';

/** A program that says nothing but what is looked for. */
function elf({
  machine = 62,
  interpreter = '/lib64/ld-linux-x86-64.so.2',
  strings = [] as string[],
}): Buffer {
  const head = Buffer.alloc(64);
  head.write('\x7fELF\x02\x01\x01', 'latin1');
  head.writeUInt16LE(machine, 18);
  return Buffer.concat([
    head,
    Buffer.from(['', interpreter, 'filler'.repeat(50_000), ...strings, ''].join('\0'), 'latin1'),
  ]);
}

const GLIBC: Member = {
  path: 'usr/lib/x86_64-linux-gnu/libc.so.6',
  mode: 0o755,
  body: elf({
    strings: ['GNU C Library (Debian GLIBC 2.36-9+deb12u4) stable release version 2.36.\nCopyright'],
  }),
};
const MUSL: Member = {
  path: 'lib/ld-musl-x86_64.so.1',
  mode: 0o755,
  body: elf({ strings: ['1.2.4_git20230717'] }),
};

function python(path: string, version: string | undefined, more: Parameters<typeof elf>[0] = {}): Member {
  return {
    path,
    mode: 0o755,
    body: elf({ strings: version === undefined ? [] : ['%s 9', version], ...more }),
  };
}

const files: ImageFiles = { name: 'a test', identity: 'here', find: () => undefined };

async function inspect(
  at: Stage,
  layers: readonly Member[][],
  settings: ImageSettings = {},
  watch: string[] = [],
) {
  const made = [];
  for (const members of layers) made.push(await layerOf(at, members));
  return inspectBase(found(made, settings), files, watch, at.context);
}

function found(layers: Awaited<ReturnType<typeof layerOf>>[], settings: ImageSettings = {}): FoundImage {
  const image = imageOf(layers, settings);
  return {
    config: JSON.parse(Buffer.from(image.config).toString('utf8')),
    configDigest: image.configDigest,
    layers: layers.map((layer) => ({
      digest: layer.digest,
      place: { size: layer.size, ...localBlob(layer) },
    })),
  };
}

describe('the Pythons of a base', () => {
  const env = { PATH: '/opt/bin:/usr/local/bin:/usr/bin:/bin' };
  it.each<[string, Member[], Record<string, string>, string[]]>([
    ['none', [GLIBC], env, []],
    ['one', [python('usr/bin/python3.11', '3.11.2')], env, ['3.11.2 /usr/bin/python3.11']],
    [
      'of a development version',
      [python('usr/bin/python3.14', '3.14.0rc2+')],
      env,
      ['3.14.0rc2 /usr/bin/python3.14'],
    ],
    [
      'whose version ends a longer string',
      [python('usr/bin/python3.11', 'x/versions/3.11.7')],
      env,
      ['3.11.7 /usr/bin/python3.11'],
    ],
    [
      'several, in the order of PATH',
      [
        python('usr/bin/python3.11', '3.11.2'),
        python('usr/local/bin/python3.12', '3.12.4'),
        python('srv/x/bin/python3.13', '3.13.0'),
        python('opt/python/bin/python3.10', '3.10.9'),
        { path: 'opt/bin/python3', link: '../python/bin/python3.10' },
      ],
      env,
      [
        '3.10.9 /opt/python/bin/python3.10',
        '3.12.4 /usr/local/bin/python3.12',
        '3.11.2 /usr/bin/python3.11',
        '3.13.0 /srv/x/bin/python3.13',
      ],
    ],
    [
      'whose version its library knows',
      [python('usr/local/bin/python3.12', undefined), python('usr/local/lib/libpython3.12.so.1.0', '3.12.4')],
      env,
      ['3.12.4 /usr/local/bin/python3.12'],
    ],
    [
      'whose version its headers know',
      [
        python('usr/local/bin/python3.12', undefined),
        { path: 'usr/local/include/python3.12/patchlevel.h', body: '#define PY_VERSION      \t"3.12.5+"\n' },
      ],
      env,
      ['3.12.5 /usr/local/bin/python3.12'],
    ],
    [
      'whose version the environment knows',
      [python('usr/local/bin/python3.12', undefined)],
      { ...env, PYTHON_VERSION: '3.12.6' },
      ['3.12.6 /usr/local/bin/python3.12'],
    ],
    [
      'but not of another one',
      [python('usr/local/bin/python3.12', undefined)],
      { ...env, PYTHON_VERSION: '3.11.6' },
      [],
    ],
    [
      'not another library’s version',
      [python('usr/bin/python3.11', undefined, { strings: ['3.40.1', '13.11.2', '3.11.2.1'] })],
      env,
      [],
    ],
    ['not of another machine', [python('usr/bin/python3.11', '3.11.2', { machine: 183 })], env, []],
    ['not scripts', [{ path: 'usr/bin/python3.11', mode: 0o755, body: '#!/bin/sh\n3.11.2\0' }], env, []],
    [
      'not virtual environments',
      [python('srv/venv/bin/python3.11', '3.11.2'), { path: 'srv/venv/pyvenv.cfg', body: '' }],
      env,
      [],
    ],
    ['not what cannot be run', [{ ...python('usr/bin/python3.11', '3.11.2'), mode: 0o644 }], env, []],
    [
      'one of several names',
      [
        python('usr/bin/python3', '3.11.2'),
        { path: 'usr/bin/python3.11', type: '1', link: 'usr/bin/python3' },
      ],
      env,
      ['3.11.2 /usr/bin/python3.11'],
    ],
    [
      'that came under a name that tells nothing',
      [python('usr/bin/py', '3.11.2'), { path: 'usr/bin/python3.11', type: '1', link: 'usr/bin/py' }],
      env,
      ['3.11.2 /usr/bin/python3.11'],
    ],
  ])('%s', async (_, members, environment, expected) => {
    const { facts } = await inspect(stage(), [members], { env: environment });
    expect(facts.pythons.map(({ version, executable }) => `${version} ${executable}`)).toEqual(expected);
  });
});

describe('the C library of a base', () => {
  const musl = '/lib/ld-musl-x86_64.so.1';
  it.each<[string, Member[], string | undefined]>([
    ['none', [], undefined],
    ['glibc', [GLIBC], 'glibc 2.36'],
    ['musl', [MUSL], 'musl 1.2'],
    [
      'both: what Python was linked with',
      [GLIBC, MUSL, python('usr/bin/python3.11', '3.11.2', { interpreter: musl, strings: ['3.11.2'] })],
      'musl 1.2',
    ],
    ['both the other way', [MUSL, GLIBC, python('usr/bin/python3.11', '3.11.2')], 'glibc 2.36'],
    [
      'not of another machine',
      [
        {
          path: 'lib32/libc.so.6',
          body: elf({ machine: 3, strings: ['GNU C Library (x) stable release version 2.30.'] }),
        },
        GLIBC,
      ],
      'glibc 2.36',
    ],
  ])('%s', async (_, members, expected) => {
    const { libc } = (await inspect(stage(), [members])).facts;
    expect(libc === undefined ? undefined : `${libc.family} ${libc.major}.${libc.minor}`).toBe(expected);
  });
});

describe('the facts of a base', () => {
  const layers: Member[][] = [
    [
      { path: './', mode: 0o755 },
      { path: 'etc/passwd', body: 'root:x:0:0::/root:/bin/sh\n' },
      { path: 'etc/group', body: 'root:x:0:\n' },
      { path: 'usr/big', body: 'x'.repeat(1000) },
      { path: 'usr/other', type: '1', link: 'usr/big' },
      { path: 'bin', link: 'usr/bin' },
      { path: 'home/me/', mode: 0o700, uid: 7, gid: 8 },
      { path: 'srv/code/a', body: '12345' },
    ],
    [
      { path: 'etc/passwd', body: 'root:x:0:0::/root:/bin/sh\nme:x:7:8::/home/me:\n' },
      { path: 'app/x', body: '123' },
      { path: 'app/y', type: '1', link: 'app/x' },
    ],
  ];

  it('are what the merged tree says', async () => {
    const settings = { user: 'me', workdir: '/srv', env: { A: '1' } };
    const { facts, layers: read } = await inspect(stage(), layers, settings, ['srv/code']);
    expect(facts).toEqual({
      platform: 'linux/amd64',
      pythons: [],
      passwd: 'root:x:0:0::/root:/bin/sh\nme:x:7:8::/home/me:\n',
      group: 'root:x:0:\n',
      env: { A: '1' },
      user: 'me',
      workdir: '/srv',
      paths: {
        '': [0o755, 0, 0],
        app: [0o755, 0, 0],
        bin: [0o644, 0, 0, 'usr/bin'],
        etc: [0o755, 0, 0],
        home: [0o755, 0, 0],
        'home/me': [0o700, 7, 8],
        srv: [0o755, 0, 0],
        'srv/code': [0o755, 0, 0],
        usr: [0o755, 0, 0],
      },
      // Hard links stay when one of them goes.
      files: { 'app/x': 0, 'app/y': 0, 'etc/group': 10, 'etc/passwd': 46, 'srv/code/a': 5 },
      unpacked: 46 + 10 + 1000 + 3 + 5,
    });
    expect(read.map(({ unpacked }) => unpacked)).toEqual([26 + 10 + 1000 + 5, 46 + 3]);
  });

  it('are remembered, and no layer is read twice', async () => {
    const at = stage();
    const first = await inspect(at, layers);
    expect(at.events.filter(({ type }) => type === 'blob-read')).toHaveLength(2);
    expect(await inspect(at, layers)).toEqual(first);
    expect(at.events.filter(({ type }) => type === 'blob-read')).toHaveLength(2);
    // Other files watched: other facts.
    expect((await inspect(at, layers, {}, ['srv/code'])).facts.files).toHaveProperty('srv/code/a', 5);
    expect(at.events.filter(({ type }) => type === 'blob-read')).toHaveLength(4);
  });
});

describe('a layer', () => {
  const members: Member[] = [{ path: 'etc/passwd', body: 'x'.repeat(300_000) }];

  it('may be of several gzip members', async () => {
    const at = stage();
    const layer = await layerOf(at, members);
    const tar = tarOf(members);
    const parts = [0, 100, 512, 70_000, tar.length].flatMap((start, index, all) =>
      index + 1 < all.length ? [gzipSync(tar.subarray(start, all[index + 1]))] : [],
    );
    const bytes = Buffer.concat([gzipSync(''), ...parts]);
    const blob = await at.cache.putBlob([bytes]);
    const image = found([
      { ...layer, digest: blob.digest, size: blob.size, blob: { path: blob.path, offset: 0 } },
    ]);
    expect((await inspectBase(image, files, [], at.context)).layers[0]).toMatchObject({
      digest: blob.digest,
      diffId: digestOf(tar),
      unpacked: 300_000,
    });
  });

  it.each([
    ['plain', 'none', 'application/vnd.oci.image.layer.v1.tar'],
    ['gzip', 'gzip', 'application/vnd.oci.image.layer.v1.tar+gzip'],
  ] as const)('may be %s', async (_, compression, mediaType) => {
    const at = stage();
    const layer = await layerOf(at, members, { compression });
    expect((await inspectBase(found([layer]), files, [], at.context)).layers[0]).toMatchObject({ mediaType });
  });

  it.each([
    ['zstd', (tar: Buffer) => zstdFrame(tar)],
    [
      'zstd in pieces, with a table of contents',
      (tar: Buffer) =>
        Buffer.concat([
          skippableFrame(Buffer.from('begin'), 5),
          zstdFrame(tar.subarray(0, 70_000)),
          zstdFrame(tar.subarray(70_000)),
          skippableFrame(Buffer.from('contents')),
        ]),
    ],
  ])('may be %s', async (_, pack) => {
    const at = stage();
    const layer = await layerOf(at, members);
    const blob = await at.cache.putBlob([pack(tarOf(members))]);
    const image = found([
      { ...layer, digest: blob.digest, size: blob.size, blob: { path: blob.path, offset: 0 } },
    ]);
    expect((await inspectBase(image, files, [], at.context)).layers[0]).toMatchObject({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd',
      digest: blob.digest,
      diffId: digestOf(tarOf(members)),
      unpacked: 300_000,
    });
  });

  it('may be followed by zeros', async () => {
    const at = stage();
    const layer = await layerOf(at, members);
    appendFileSync(localBlob(layer).path, Buffer.alloc(5000));
    const digest = digestOf(readFileSync(localBlob(layer).path));
    const image = found([{ ...layer, digest, size: layer.size + 5000 }]);
    expect((await inspectBase(image, files, [], at.context)).layers[0]).toMatchObject({ digest });
  });

  it.each<[string, (bytes: Buffer) => Buffer, string]>([
    [
      'changed',
      (bytes) => Buffer.concat([bytes.subarray(0, 400), Buffer.from([bytes[400]! ^ 1]), bytes.subarray(401)]),
      'BASE_INVALID',
    ],
    ['cut off', (bytes) => bytes.subarray(0, -20), 'BASE_INVALID'],
    ['emptied', () => Buffer.alloc(0), 'BASE_INVALID'],
    ['another one, whole', () => gzipSync(tarOf([{ path: 'other', body: 'x' }])), 'BASE_INVALID'],
    ['half a zstd frame', () => Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0]), 'BASE_INVALID'],
    ['xz', () => Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0]), 'BASE_UNSUPPORTED'],
  ])('must not be %s', async (_, change, code) => {
    const at = stage();
    const layer = await layerOf(at, members);
    const bytes = change(readFileSync(localBlob(layer).path));
    writeFileSync(localBlob(layer).path, bytes);
    const image = found([{ ...layer, size: bytes.length }]);
    expect(await codeOf(() => inspectBase(image, files, [], at.context))).toBe(code);
    // Nothing is remembered of it.
    expect(await codeOf(() => inspectBase(image, files, [], at.context))).toBe(code);
  });

  it('must be what the configuration says, unpacked', async () => {
    const at = stage();
    const layer = await layerOf(at, members);
    const image = found([{ ...layer, diffId: digestOf('other') }]);
    expect(await codeOf(() => inspectBase(image, files, [], at.context))).toBe('BASE_INVALID');
  });
});
