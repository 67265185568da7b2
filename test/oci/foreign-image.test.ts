import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { digestOf, hexOf } from '../../src/kernel/digest.ts';
import { attachAttestations } from '../../src/oci/attach.ts';
import { imageArchive } from '../../src/oci/destinations/archive.ts';
import { blobsOf } from '../../src/oci/destinations/contents.ts';
import { ociLayout } from '../../src/oci/destinations/oci-layout.ts';
import { readForeignImage } from '../../src/oci/foreign-image.ts';
import { type BuiltImage, type ImageIndex, localBlob } from '../../src/oci/image.ts';
import { codeOf, imageOf, layerOf, type Stage, stage, tarOf, writeFiles } from '../support/images.ts';

const MEMBERS = [{ path: 'etc/' }, { path: 'etc/x', body: 'one' }];

async function imageWith(at: Stage, compression: 'none' | 'gzip'): Promise<BuiltImage> {
  const layers = [
    await layerOf(at, MEMBERS, { compression }),
    await layerOf(at, [{ path: 'big', body: 'abc'.repeat(100_000) }], { compression }),
  ];
  return imageOf(layers, { cmd: ['/x'] });
}

async function read(
  at: Stage,
  image: BuiltImage | ImageIndex,
  kind: 'oci' | 'oci-archive' | 'docker-archive',
) {
  const path = join(at.folder, kind);
  const destination = kind === 'oci' ? ociLayout(path) : imageArchive(kind, path);
  await destination.write(image, ['x:1'], at.context);
  return readForeignImage({ kind, path, name: kind }, at.context);
}

function single(image: BuiltImage | ImageIndex): BuiltImage {
  if ('images' in image) throw new Error('several');
  return image;
}

describe('an image from elsewhere', () => {
  it.each(['oci', 'oci-archive'] as const)('%s: its documents stay as they are', async (kind) => {
    const at = stage();
    const image = await imageWith(at, 'gzip');
    const found = single(await read(at, image, kind));
    expect(found.manifestDigest).toBe(image.manifestDigest);
    expect(found.configDigest).toBe(image.configDigest);
    expect(digestOf(found.manifest)).toBe(image.manifestDigest);
    expect(found.unpacked).toBe(300_003);
    expect(found.layers.map(({ digest, size, kind: of }) => [digest, size, of])).toEqual(
      image.layers.map(({ digest, size }) => [digest, size, 'dockerfile']),
    );
  });

  it.each(['oci-archive', 'docker-archive'] as const)(
    '%s: plain layers are packed, always alike',
    async (kind) => {
      const at = stage();
      const image = await imageWith(at, 'none');
      const found = single(await read(at, image, kind));
      expect(found.configDigest).toBe(image.configDigest);
      expect(found.layers.map(({ diffId }) => diffId)).toEqual(image.layers.map(({ diffId }) => diffId));
      for (const [index, layer] of found.layers.entries()) {
        expect(layer.mediaType).toBe('application/vnd.oci.image.layer.v1.tar+gzip');
        const bytes = readFileSync(localBlob(layer).path);
        expect(digestOf(bytes)).toBe(layer.digest);
        expect(digestOf(gunzipSync(bytes))).toBe(image.layers[index]?.diffId);
      }
      const other = stage();
      expect(single(await read(other, await imageWith(other, 'none'), kind)).manifestDigest).toBe(
        found.manifestDigest,
      );
      // What was packed once is taken from the cache.
      expect(single(await read(at, image, kind)).manifestDigest).toBe(found.manifestDigest);
    },
  );

  it('an index with attestations stays whole', async () => {
    const at = stage();
    const statement = Buffer.from('{"predicate":{}}');
    const attestations = [{ predicateType: 'https://slsa.dev/provenance/v1', statement }];
    const index = attachAttestations([{ image: await imageWith(at, 'gzip'), attestations }]);
    const found = await read(at, index, 'oci-archive');
    if (!('images' in found)) throw new Error('one');
    expect(found.indexDigest).toBe(index.indexDigest);
    const digests = (image: ImageIndex): string[] =>
      blobsOf(image)
        .map(({ digest }) => digest)
        .sort();
    expect(digests(found)).toEqual(digests(index));
  });
});

describe('what is refused', () => {
  it('a layout of several images without a tag', async () => {
    const at = stage();
    const image = await imageWith(at, 'gzip');
    await read(at, image, 'oci');
    const path = join(at.folder, 'oci');
    const index = JSON.parse(readFileSync(join(path, 'index.json'), 'utf8'));
    const other = { ...index.manifests[0], digest: `sha256:${'0'.repeat(64)}`, annotations: {} };
    writeFileSync(
      join(path, 'index.json'),
      JSON.stringify({ ...index, manifests: [...index.manifests, other] }),
    );
    const place = { kind: 'oci', path, name: 'oci' } as const;
    expect(await codeOf(() => readForeignImage(place, at.context))).toBe('BASE_MISSING');
    expect(await codeOf(() => readForeignImage({ ...place, tag: '2' }, at.context))).toBe('BASE_MISSING');
    expect(single(await readForeignImage({ ...place, tag: '1' }, at.context)).manifestDigest).toBe(
      image.manifestDigest,
    );
  });

  it('a layer that is not what it is called', async () => {
    const at = stage();
    const image = await imageWith(at, 'gzip');
    const path = join(at.folder, 'layout');
    await ociLayout(path).write(image, [], at.context);
    const hex = hexOf(image.layers[0]!.digest);
    const changed = tarOf([{ path: 'etc/x', body: 'two' }]).subarray(0, image.layers[0]!.size);
    writeFiles(path, { [`blobs/sha256/${hex}`]: changed });
    expect(await codeOf(() => readForeignImage({ kind: 'oci', path, name: 'l' }, at.context))).toMatch(
      /_INVALID$/,
    );
  });

  it.each([
    ['nothing there', 'nowhere', ''],
    ['no archive', 'file', 'no tar'],
  ])('%s', async (_, name, text) => {
    const at = stage();
    if (text !== '') writeFileSync(join(at.folder, name), text);
    const path = join(at.folder, name);
    for (const kind of ['oci-archive', 'docker-archive'] as const) {
      const code = await codeOf(() => readForeignImage({ kind, path, name }, at.context));
      expect(['BASE_MISSING', 'BASE_INVALID', 'IMAGE_MISSING']).toContain(code);
    }
  });
});
