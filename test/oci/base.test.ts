import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { hexOf } from '../../src/kernel/digest.ts';
import { openBase } from '../../src/oci/base.ts';
import type { BuiltImage } from '../../src/oci/image.ts';
import {
  codeOf,
  type Document,
  documentOf,
  imageOf,
  layerOf,
  layoutFiles,
  type Member,
  type Stage,
  stage,
  tarOf,
  writeFiles,
} from '../support/images.ts';
import { zstdFrame } from '../support/zstd.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

/** The blobs of an image whose one file says its name. */
async function blobsOf(
  at: Stage,
  name: string,
  platform = 'linux/amd64',
): Promise<{ image: BuiltImage; blobs: Document[] }> {
  const layer = await layerOf(at, [{ path: 'etc/passwd', body: name }], { compression: 'none' });
  const image = imageOf([layer], { cmd: [name] }, platform);
  const blobs = [image.manifest, image.config, tarOf([{ path: 'etc/passwd', body: name }])];
  return { image, blobs: blobs.map((bytes) => documentOf(Buffer.from(bytes))) };
}

function descriptor({ manifest, manifestDigest }: BuiltImage, more: object = {}): object {
  return { mediaType: MANIFEST, digest: manifestDigest, size: manifest.length, ...more };
}

function index(manifests: readonly object[]): object {
  return { schemaVersion: 2, manifests };
}

const platformOf = (architecture: string, variant?: string): object => ({
  platform: { os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) },
});
const named = (name: string): object => ({ annotations: { 'org.opencontainers.image.ref.name': name } });

async function passwd(at: Stage, reference: string, platform = 'linux/amd64'): Promise<string | undefined> {
  return (await openBase(reference, platform, at.context, { directory: at.folder })).facts.passwd;
}

describe('an OCI layout as a base', () => {
  it('gives its layers where they stand', async () => {
    const at = stage();
    const { image, blobs } = await blobsOf(at, 'one');
    writeFiles(join(at.folder, 'x'), layoutFiles(index([descriptor(image)]), blobs));
    const base = await openBase('oci:x', 'linux/amd64', at.context, { directory: at.folder });
    expect(base).toMatchObject({ name: 'oci:x', config: { config: { Cmd: ['one'] } } });
    expect(base.layers).toEqual([
      {
        kind: 'base',
        mediaType: 'application/vnd.oci.image.layer.v1.tar',
        digest: image.layers[0]!.digest,
        diffId: image.layers[0]!.diffId,
        size: image.layers[0]!.size,
        unpacked: 3,
        packages: [],
        cached: true,
        blob: { path: join(at.folder, 'x/blobs/sha256', hexOf(image.layers[0]!.digest)), offset: 0 },
      },
    ]);
  });

  it('is searched for the platform, in indexes of indexes and in configurations', async () => {
    const at = stage();
    const amd = await blobsOf(at, 'amd', 'linux/amd64');
    const arm = await blobsOf(at, 'arm', 'linux/arm64');
    const old = await blobsOf(at, 'old', 'linux/arm/v6');
    const inner = documentOf(
      index([
        descriptor(arm.image, platformOf('arm64', 'v8')),
        descriptor(old.image, platformOf('arm', 'v6')),
      ]),
    );
    const attestation = { ...descriptor(amd.image), platform: { os: 'unknown', architecture: 'unknown' } };
    const outer = index([
      { mediaType: INDEX, digest: inner.digest, size: inner.size },
      descriptor(amd.image),
      attestation,
    ]);
    const blobs = [...amd.blobs, ...arm.blobs, ...old.blobs, inner];
    writeFiles(join(at.folder, 'x'), layoutFiles(outer, blobs));
    expect(await passwd(at, 'oci:x', 'linux/amd64')).toBe('amd');
    expect(await passwd(at, 'oci:x', 'linux/arm64')).toBe('arm');
    expect(await passwd(at, 'oci:x', 'linux/arm/v6')).toBe('old');
    expect(await passwd(at, 'oci:x', 'linux/arm/v7')).toBe('old');
    await expect(passwd(at, 'oci:x', 'linux/arm/v5')).rejects.toMatchObject({
      code: 'BASE_MISSING',
      causes: ['it has linux/amd64, linux/arm/v6, linux/arm64'],
    });
  });

  it('may be named with a tag, in a directory whose name has colons', async () => {
    const at = stage();
    const one = await blobsOf(at, 'one');
    const two = await blobsOf(at, 'two');
    const both = index([descriptor(one.image, named('1')), descriptor(two.image, named('2:x'))]);
    writeFiles(join(at.folder, 'a:b'), layoutFiles(both, [...one.blobs, ...two.blobs]));
    expect(await passwd(at, 'oci:a:b:1')).toBe('one');
    expect(await passwd(at, 'oci:a:b:2:x')).toBe('two');
    expect(await codeOf(() => passwd(at, 'oci:a:b'))).toBe('BASE_INVALID');
    expect(await codeOf(() => passwd(at, 'oci:a:b:3'))).toBe('BASE_MISSING');
    expect(await codeOf(() => passwd(at, 'oci:a:c'))).toBe('BASE_MISSING');
  });

  it('may be one image under two tags', async () => {
    const at = stage();
    const { image, blobs } = await blobsOf(at, 'one');
    writeFiles(
      join(at.folder, 'x'),
      layoutFiles(index([descriptor(image, named('1')), descriptor(image, named('2'))]), blobs),
    );
    expect(await passwd(at, 'oci:x')).toBe('one');
  });

  it('may have Docker’s media types', async () => {
    const at = stage();
    const { image, blobs } = await blobsOf(at, 'one');
    const { config, layers } = JSON.parse(Buffer.from(image.manifest).toString('utf8')) as {
      config: object;
      layers: object[];
    };
    const manifest = documentOf({
      schemaVersion: 2,
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      config: { ...config, mediaType: 'application/vnd.docker.container.image.v1+json' },
      layers: layers.map((layer) => ({
        ...layer,
        mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
      })),
    });
    const list = documentOf(
      index([
        {
          mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
          digest: manifest.digest,
          size: manifest.size,
          ...platformOf('amd64'),
        },
      ]),
    );
    const outer = index([
      {
        mediaType: 'application/vnd.docker.distribution.manifest.list.v2+json',
        digest: list.digest,
        size: list.size,
      },
    ]);
    writeFiles(join(at.folder, 'x'), layoutFiles(outer, [...blobs, manifest, list]));
    const base = await openBase('oci:x', 'linux/amd64', at.context, { directory: at.folder });
    // What the bytes are counts, in OCI's words.
    expect(base.layers[0]!.mediaType).toBe('application/vnd.oci.image.layer.v1.tar');
  });

  const broken: [string, (files: Record<string, Uint8Array | string>, image: BuiltImage) => void, string][] =
    [
      ['no oci-layout', (files) => delete files['oci-layout'], 'BASE_INVALID'],
      [
        'another version',
        (files) => {
          files['oci-layout'] = '{"imageLayoutVersion":"2.0.0"}';
        },
        'BASE_UNSUPPORTED',
      ],
      ['no index', (files) => delete files['index.json'], 'BASE_INVALID'],
      [
        'an index that is no JSON',
        (files) => {
          files['index.json'] = '{';
        },
        'BASE_INVALID',
      ],
      [
        'an index that is no index',
        (files) => {
          files['index.json'] = '{"manifests":{"a":1}}';
        },
        'BASE_INVALID',
      ],
      [
        'an index of 5 MiB',
        (files) => {
          files['index.json'] = ' '.repeat(5 << 20);
        },
        'BASE_INVALID',
      ],
      [
        'no manifest',
        (files, image) => delete files[`blobs/sha256/${hexOf(image.manifestDigest)}`],
        'BASE_INVALID',
      ],
      [
        'a changed manifest',
        (files, image) => {
          const path = `blobs/sha256/${hexOf(image.manifestDigest)}`;
          files[path] = Buffer.from(files[path]!)
            .toString('latin1')
            .replace('"schemaVersion":2', '"schemaVersion":3');
        },
        'BASE_INVALID',
      ],
      [
        'no layer',
        (files, image) => delete files[`blobs/sha256/${hexOf(image.layers[0]!.digest)}`],
        'BASE_INVALID',
      ],
      [
        'a layer of another size',
        (files, image) => {
          files[`blobs/sha256/${hexOf(image.layers[0]!.digest)}`] = 'x';
        },
        'BASE_INVALID',
      ],
      [
        'a digest that leads elsewhere',
        (files) => {
          files['index.json'] = JSON.stringify(
            index([{ mediaType: MANIFEST, digest: 'sha256:../../../etc/passwd', size: 1 }]),
          );
        },
        'BASE_INVALID',
      ],
      [
        'a digest of another kind',
        (files) => {
          files['index.json'] = JSON.stringify(
            index([{ mediaType: MANIFEST, digest: `sha512:${'0'.repeat(128)}`, size: 1 }]),
          );
        },
        'BASE_UNSUPPORTED',
      ],
      [
        'a negative size',
        (files, image) => {
          files['index.json'] = JSON.stringify(index([descriptor(image, { size: -1 })]));
        },
        'BASE_INVALID',
      ],
      [
        'nothing in it',
        (files) => {
          files['index.json'] = JSON.stringify(index([]));
        },
        'BASE_MISSING',
      ],
    ];
  it.each(broken)('must not have %s', async (_, breakIt, code) => {
    const at = stage();
    const { image, blobs } = await blobsOf(at, 'one');
    const files = { ...layoutFiles(index([descriptor(image)]), blobs) };
    breakIt(files, image);
    writeFiles(join(at.folder, 'x'), files);
    expect(await codeOf(() => passwd(at, 'oci:x'))).toBe(code);
  });

  it('must not nest for ever', async () => {
    const at = stage();
    const blobs: Document[] = [];
    let inner = documentOf(index([]));
    for (let depth = 0; depth < 8; depth++) {
      blobs.push(inner);
      inner = documentOf(index([{ mediaType: INDEX, digest: inner.digest, size: inner.size }]));
    }
    writeFiles(join(at.folder, 'x'), layoutFiles(JSON.parse(inner.bytes.toString()), blobs));
    expect(await codeOf(() => passwd(at, 'oci:x'))).toBe('BASE_INVALID');
  });

  it('must not have layers that may not be copied, or as many as its configuration does not', async () => {
    const at = stage();
    const { image, blobs } = await blobsOf(at, 'one');
    const { config, layers } = JSON.parse(Buffer.from(image.manifest).toString('utf8')) as {
      config: object;
      layers: object[];
    };
    for (const [changed, code] of [
      [
        layers.map((layer) => ({
          ...layer,
          mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
        })),
        'BASE_UNSUPPORTED',
      ],
      [
        layers.map((layer) => ({ ...layer, mediaType: 'application/vnd.oci.image.layer.v1.tar+encrypted' })),
        'BASE_UNSUPPORTED',
      ],
      [[...layers, ...layers], 'BASE_INVALID'],
    ] as const) {
      const manifest = documentOf({ schemaVersion: 2, config, layers: changed });
      const outer = index([{ mediaType: MANIFEST, digest: manifest.digest, size: manifest.size }]);
      writeFiles(join(at.folder, 'x'), layoutFiles(outer, [...blobs, manifest]));
      expect(await codeOf(() => passwd(at, 'oci:x'))).toBe(code);
    }
  });
});

/** What `docker save` wrote until version 24: a directory a layer, equal ones linked. */
async function saved(
  at: Stage,
  name: string,
  more: readonly Member[] = [],
): Promise<{ members: Member[]; item: object }> {
  const layers = await Promise.all([
    layerOf(at, [{ path: 'etc/passwd', body: name }], { compression: 'none' }),
    layerOf(at, [{ path: 'etc/group', body: 'g' }], { compression: 'none' }),
  ]);
  const image = imageOf([...layers, layers[0]!]);
  const config = `${hexOf(image.configDigest)}.json`;
  return {
    members: [
      { path: `${name}0/` },
      { path: `${name}0/VERSION`, body: '1.0' },
      { path: `${name}0/layer.tar`, body: tarOf([{ path: 'etc/passwd', body: name }]) },
      { path: `${name}1/layer.tar`, body: tarOf([{ path: 'etc/group', body: 'g' }]) },
      { path: `${name}2/layer.tar`, link: `../${name}0/layer.tar` },
      { path: config, body: image.config },
      ...more,
    ],
    item: {
      Config: config,
      RepoTags: [`${name}:1`],
      Layers: [`${name}0/layer.tar`, `${name}1/layer.tar`, `${name}2/layer.tar`],
    },
  };
}

describe('an archive of `docker save` as a base', () => {
  it.each([
    ['plain', (bytes: Buffer) => bytes],
    ['compressed', (bytes: Buffer) => gzipSync(bytes)],
    [
      'compressed in pieces',
      (bytes: Buffer) => Buffer.concat([gzipSync(bytes.subarray(0, 700)), gzipSync(bytes.subarray(700))]),
    ],
    ['compressed with zstd', (bytes: Buffer) => zstdFrame(bytes, { block: 1000 })],
  ])('is read, %s', async (_, pack) => {
    const at = stage();
    const { members, item } = await saved(at, 'one');
    const bytes = tarOf([...members, { path: 'manifest.json', body: JSON.stringify([item]) }]);
    writeFileSync(join(at.folder, 'x.tar'), pack(bytes));
    const base = await openBase('docker-archive:x.tar', 'linux/amd64', at.context, { directory: at.folder });
    expect(base.facts).toMatchObject({ passwd: 'one', group: 'g' });
    expect(base.layers.map(({ diffId, digest }) => diffId === digest)).toEqual([true, true, true]);
    expect(base.layers[2]!.blob).toEqual(base.layers[0]!.blob);
    const again = await openBase('docker-archive:x.tar', 'linux/amd64', at.context, { directory: at.folder });
    expect(again).toEqual(base);
    expect(at.events.filter(({ type }) => type === 'blob-read' || type === 'note')).toHaveLength(
      3 + at.events.filter(({ type }) => type === 'note').length,
    );
  });

  it('that was compressed is unpacked again when the cache lost it', async () => {
    const at = stage();
    const { members, item } = await saved(at, 'one');
    writeFileSync(
      join(at.folder, 'x.tar'),
      gzipSync(tarOf([...members, { path: 'manifest.json', body: JSON.stringify([item]) }])),
    );
    const open = () => openBase('docker-archive:x.tar', 'linux/amd64', at.context, { directory: at.folder });
    const base = await open();
    at.cache.discardBlob(base.layers[0]!.digest);
    expect(await open()).toEqual(base);
    expect(await at.cache.verifyBlob(base.layers[0]!.digest)).toBeDefined();
  });

  it('is read anew when it was replaced', async () => {
    const at = stage();
    for (const name of ['one', 'two']) {
      const { members, item } = await saved(at, name);
      writeFileSync(
        join(at.folder, 'new'),
        tarOf([...members, { path: 'manifest.json', body: JSON.stringify([item]) }]),
      );
      renameSync(join(at.folder, 'new'), join(at.folder, 'x.tar'));
      expect(await passwd(at, 'docker-archive:x.tar')).toBe(name);
    }
  });

  it('may hold several images', async () => {
    const at = stage();
    const one = await saved(at, 'one');
    const two = await saved(at, 'two');
    const manifest = { path: 'manifest.json', body: JSON.stringify([one.item, two.item]) };
    writeFileSync(join(at.folder, 'x.tar'), tarOf([...one.members, ...two.members, manifest]));
    expect(await passwd(at, 'docker-archive:x.tar:two:1')).toBe('two');
    expect(await codeOf(() => passwd(at, 'docker-archive:x.tar'))).toBe('BASE_INVALID');
    expect(await codeOf(() => passwd(at, 'docker-archive:x.tar:three:1'))).toBe('BASE_MISSING');
    expect(await codeOf(() => passwd(at, 'docker-archive:x.tar:two:1', 'linux/arm64'))).toBe('BASE_MISSING');
  });

  it.each<[string, (members: Member[], item: Record<string, unknown>) => Buffer, string]>([
    ['not its own', (members) => tarOf(members), 'BASE_INVALID'],
    [
      'cut off',
      (members, item) =>
        tarOf([{ path: 'manifest.json', body: JSON.stringify([item]) }, ...members]).subarray(0, 4000),
      'BASE_INVALID',
    ],
    ['no tar', () => Buffer.from('<html>'.repeat(200)), 'BASE_INVALID'],
    ['empty', () => Buffer.alloc(0), 'BASE_INVALID'],
    ['xz', () => Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0]), 'BASE_UNSUPPORTED'],
    [
      'with a member that climbs out',
      (members, item) =>
        tarOf([
          ...members,
          { path: '../x', body: '' },
          { path: 'manifest.json', body: JSON.stringify([item]) },
        ]),
      'BASE_INVALID',
    ],
    [
      'with a layer outside',
      (members, item) =>
        tarOf([
          ...members,
          {
            path: 'manifest.json',
            body: JSON.stringify([
              { ...item, Layers: ['/etc/passwd', '../../etc/passwd', 'one0/layer.tar'] },
            ]),
          },
        ]),
      'BASE_INVALID',
    ],
    [
      'with links in circles',
      (members, item) =>
        tarOf([
          ...members,
          { path: 'a', link: 'b' },
          { path: 'b', link: 'a' },
          { path: 'manifest.json', body: JSON.stringify([{ ...item, Layers: ['a', 'a', 'a'] }]) },
        ]),
      'BASE_INVALID',
    ],
  ])('must not be %s', async (_, make, code) => {
    const at = stage();
    const { members, item } = await saved(at, 'one');
    writeFileSync(join(at.folder, 'x.tar'), make(members, item as Record<string, unknown>));
    expect(await codeOf(() => passwd(at, 'docker-archive:x.tar'))).toBe(code);
  });
});

describe('a reference', () => {
  it('to nothing is a base without anything', async () => {
    const base = await openBase('scratch', 'linux/arm64', stage().context);
    expect(base).toMatchObject({
      layers: [],
      config: { os: 'linux', architecture: 'arm64' },
      facts: { pythons: [], unpacked: 0 },
    });
  });

  it.each([
    ['python:3.11-slim', /as `docker pull` names it/],
    ['example.com/team/base', /`oci:DIR`/],
    ['ocii:./dir/x', /did you mean `oci:.\/dir\/x`/],
  ])('%s is none of this disk, and says what would be', async (reference, hint) => {
    await expect(openBase(reference, 'linux/amd64', stage().context)).rejects.toMatchObject({
      code: 'BASE_UNSUPPORTED',
      hint: expect.stringMatching(hint),
    });
  });

  it.each([
    ['oci:', 'BASE_INVALID'],
    ['oci:/nowhere/at/all', 'BASE_MISSING'],
    ['docker-archive:/nowhere/at/all', 'BASE_MISSING'],
    ['oci-archive:/nowhere', 'BASE_MISSING'],
  ])('%s: %s', async (reference, code) => {
    expect(await codeOf(() => openBase(reference, 'linux/amd64', stage().context))).toBe(code);
  });
});
