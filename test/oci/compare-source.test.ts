import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { assembleIndex } from '../../src/oci/assemble.ts';
import { attachAttestations } from '../../src/oci/attach.ts';
import { compareImages } from '../../src/oci/compare.ts';
import { type OpenedImages, openLocalImages } from '../../src/oci/compare-source.ts';
import { imageArchive } from '../../src/oci/destinations/archive.ts';
import { ociLayout } from '../../src/oci/destinations/oci-layout.ts';
import type { BuiltImage } from '../../src/oci/image.ts';
import { isLocalImage } from '../../src/oci/local-image.ts';
import {
  codeOf,
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

const MEMBERS: readonly Member[] = [{ path: 'app/' }, { path: 'app/main.py', body: 'pass\n' }];

async function built(on: Stage, platform?: string): Promise<BuiltImage> {
  return imageOf([await layerOf(on, MEMBERS)], { cmd: ['/bin/true'] }, platform);
}

async function equalTo(on: Stage, image: BuiltImage, found: OpenedImages): Promise<boolean> {
  const [only, ...others] = found.images;
  expect(others).toEqual([]);
  return (await compareImages({ name: 'built', ...image }, only!.image, on.context)).equal;
}

describe('what was written', () => {
  it('is a name of this disk', () => {
    expect(['oci:x', 'oci-archive:x', 'docker-archive:x'].map(isLocalImage)).toEqual([true, true, true]);
    expect(['oci', 'team/app:oci', 'localhost:5000/x', 'oci/x:1'].map(isLocalImage)).toEqual(
      Array(4).fill(false),
    );
  });

  it('is read back from layouts and archives', async () => {
    const on = stage();
    const image = await built(on);
    const tags = ['app:1', 'app:2', 'other:1'];
    await ociLayout(join(on.folder, 'layout')).write(image, tags, on.context);
    await imageArchive('oci-archive', join(on.folder, 'oci.tar')).write(image, tags, on.context);
    await imageArchive('docker-archive', join(on.folder, 'docker.tar')).write(image, tags, on.context);
    for (const name of [
      'oci:layout',
      'oci:layout:2',
      'oci:layout:docker.io/library/other:1',
      'oci-archive:oci.tar',
      'oci-archive:oci.tar:1',
      'docker-archive:docker.tar',
    ]) {
      const found = await openLocalImages(name, on.context, on.folder);
      expect([name, found.digest, found.images.map(({ platform, digest }) => [platform, digest])]).toEqual([
        name,
        image.manifestDigest,
        [['linux/amd64', image.manifestDigest]],
      ]);
      expect(await equalTo(on, image, found)).toBe(true);
    }
  });

  it('is read back from an index, without what is attested', async () => {
    const on = stage();
    const images = [await built(on), await built(on, 'linux/arm64')];
    const attested = attachAttestations(
      images.map((image) => ({
        image,
        attestations: [{ predicateType: 'https://example.com/x', statement: Buffer.from('{}') }],
      })),
    );
    for (const index of [assembleIndex(images), attested]) {
      rmSync(join(on.folder, 'layout'), { recursive: true, force: true });
      await ociLayout(join(on.folder, 'layout')).write(index, ['app:1'], on.context);
      const found = await openLocalImages('oci:layout', on.context, on.folder);
      expect(found.digest).toBe(index.indexDigest);
      expect(found.images.map(({ platform, digest }) => [platform, digest])).toEqual([
        ['linux/amd64', images[0]!.manifestDigest],
        ['linux/arm64', images[1]!.manifestDigest],
      ]);
    }
  });
});

describe('what Docker saved', () => {
  async function save(on: Stage, image: BuiltImage, tar = tarOf(MEMBERS)): Promise<string> {
    const archive = tarOf([
      { path: 'layer/layer.tar', body: tar },
      { path: 'config.json', body: image.config },
      {
        path: 'manifest.json',
        body: JSON.stringify([
          { Config: 'config.json', RepoTags: ['app:1'], Layers: ['layer/layer.tar'] },
          { Config: 'config.json', RepoTags: null, Layers: ['layer/layer.tar'] },
        ]),
      },
    ]);
    writeFileSync(join(on.folder, 'saved.tar'), archive);
    return 'docker-archive:saved.tar';
  }

  it('has no manifest, and the same files', async () => {
    const on = stage();
    const image = await built(on);
    const name = await save(on, image);
    const found = await openLocalImages(name, on.context, on.folder);
    expect([found.digest, found.images[0]?.digest]).toEqual([null, null]);
    expect(await equalTo(on, image, found)).toBe(true);
    expect(await equalTo(on, image, await openLocalImages(`${name}:app:1`, on.context, on.folder))).toBe(
      true,
    );
    expect(await codeOf(() => openLocalImages(`${name}:app:2`, on.context, on.folder))).toBe('IMAGE_MISSING');
  });

  it('has other files', async () => {
    const on = stage();
    const image = await built(on);
    const name = await save(on, image, tarOf([MEMBERS[0]!, { path: 'app/main.py', body: 'fail\n' }]));
    const found = await openLocalImages(name, on.context, on.folder);
    const { layer } = await compareImages({ name: 'built', ...image }, found.images[0]!.image, on.context);
    expect(layer?.files).toEqual([
      { path: 'app/main.py', field: 'content', offset: 0, left: 0x70, right: 0x66 },
    ]);
  });
});

describe('what is not there or not sound', () => {
  it.each([
    ['oci:nowhere', 'IMAGE_MISSING'],
    ['oci:file', 'IMAGE_MISSING'],
    ['oci-archive:folder', 'IMAGE_MISSING'],
    ['docker-archive:nowhere', 'IMAGE_MISSING'],
    ['docker-archive:empty.tar', 'BASE_INVALID'],
    ['oci-archive:empty.tar', 'BASE_INVALID'],
    ['oci:folder', 'BASE_INVALID'],
    ['oci:two', 'IMAGE_MISSING'],
    ['oci:two:none', 'IMAGE_MISSING'],
    ['oci:two:one', 'BASE_INVALID'],
    ['oci:typed', 'BASE_UNSUPPORTED'],
  ])('%s', async (name, code) => {
    const on = stage();
    const manifest = documentOf({ schemaVersion: 2 });
    const describe = (tag: string, digest = manifest.digest, mediaType?: string): object => ({
      mediaType: mediaType ?? 'application/vnd.oci.image.manifest.v1+json',
      digest,
      size: manifest.size,
      annotations: { 'org.opencontainers.image.ref.name': tag },
    });
    writeFiles(on.folder, {
      file: 'x',
      'empty.tar': tarOf([]),
      'folder/oci-layout': '{}',
      ...Object.fromEntries(
        Object.entries({
          two: layoutFiles({ manifests: [describe('one'), describe('two', documentOf('x').digest)] }, [
            manifest,
          ]),
          typed: layoutFiles({ manifests: [describe('one', manifest.digest, 'text/plain')] }, [manifest]),
        }).flatMap(([folder, files]) =>
          Object.entries(files).map(([path, bytes]) => [`${folder}/${path}`, bytes]),
        ),
      ),
    });
    expect(await codeOf(() => openLocalImages(name, on.context, on.folder))).toBe(code);
  });

  it('is read from a compressed archive all the same', async () => {
    const on = stage();
    const image = await built(on);
    const plain = join(on.folder, 'docker.tar');
    await imageArchive('docker-archive', plain).write(image, ['app:1'], on.context);
    writeFileSync(join(on.folder, 'docker.tar.gz'), gzipSync(readFileSync(plain)));
    const found = await openLocalImages('docker-archive:docker.tar.gz', on.context, on.folder);
    expect(await equalTo(on, image, found)).toBe(true);
  });
});
