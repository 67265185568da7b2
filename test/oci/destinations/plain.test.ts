import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { dockerDestination } from '../../../src/engines/docker.ts';
import { digestOf, hexOf } from '../../../src/kernel/digest.ts';
import { readTar } from '../../../src/kernel/untar.ts';
import { imageArchive } from '../../../src/oci/destinations/archive.ts';
import { parseDestination } from '../../../src/oci/destinations/parse.ts';
import type { BuiltImage, ImageLayer } from '../../../src/oci/image.ts';
import { type FakeEngine, startEngine } from '../../support/docker-engine.ts';
import { imageOf, layerOf, type Stage, stage, tarOf } from '../../support/images.ts';
import { zstdFrame } from '../../support/zstd.ts';

const engines: FakeEngine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
});

/** A base's layer as a registry may have it. */
async function zstdLayer(at: Stage, word: string): Promise<ImageLayer> {
  const members = [{ path: `srv/${word}`, body: word }];
  const blob = await at.cache.putBlob([zstdFrame(tarOf(members))]);
  return {
    ...(await layerOf(at, members)),
    kind: 'base',
    mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd',
    digest: blob.digest,
    size: blob.size,
    blob: { path: blob.path, offset: 0 },
  };
}

async function imageOverZstd(at: Stage): Promise<BuiltImage> {
  const base = await zstdLayer(at, 'base');
  const app = await layerOf(at, [{ path: 'app/x', body: 'x' }]);
  return imageOf([base, await zstdLayer(at, 'more'), base, app]);
}

const path = (digest: string): string => `blobs/sha256/${digest.slice(7)}`;

async function membersOf(file: string): Promise<Map<string, Buffer>> {
  const members = new Map<string, Buffer>();
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield readFileSync(file);
  }
  for await (const entry of readTar(bytes())) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry.content) chunks.push(Buffer.from(chunk));
    members.set(entry.path, Buffer.concat(chunks));
  }
  return members;
}

describe('layers that are compressed with zstd', () => {
  it.each(['oci', 'oci-archive'] as const)('are kept as they are in %s', async (kind) => {
    const at = stage();
    const image = await imageOverZstd(at);
    const target = join(at.folder, 'out');
    await (await parseDestination(`${kind}:${target}`)).write(image, ['a:1'], at.context);
    const [layer] = image.layers;
    const bytes =
      kind === 'oci'
        ? readFileSync(join(target, path(layer!.digest)))
        : (await membersOf(target)).get(path(layer!.digest))!;
    expect(digestOf(bytes)).toBe(layer!.digest);
    expect(Buffer.from(image.manifest).toString()).toContain('+zstd');
  });

  it('are laid out in a directory', async () => {
    const at = stage();
    const target = join(at.folder, 'out');
    await (await parseDestination(`dir:${target}`)).write(await imageOverZstd(at), ['a:1'], at.context);
    expect(readFileSync(join(target, 'srv/base'), 'utf8')).toBe('base');
    expect(readFileSync(join(target, 'srv/more'), 'utf8')).toBe('more');
  });

  it('are plain tars for Docker in an archive, and what they were for others', async () => {
    const at = stage();
    const image = await imageOverZstd(at);
    const file = join(at.folder, 'out.tar');
    const destination = imageArchive('docker-archive', file);
    expect(await destination.write(image, ['a:1'], at.context)).toMatchObject({ changed: true });
    const members = await membersOf(file);
    for (const [name, bytes] of members) {
      if (name.startsWith('blobs/')) expect(hexOf(digestOf(bytes))).toBe(name.slice(-64));
    }
    const [item] = JSON.parse(members.get('manifest.json')!.toString()) as [{ Layers: string[] }];
    const [first, second, , app] = image.layers;
    expect(item.Layers).toEqual([
      path(first!.diffId),
      path(second!.diffId),
      path(first!.diffId),
      path(app!.digest),
    ]);
    for (const name of [...item.Layers, ...image.layers.map(({ digest }) => path(digest))]) {
      expect([...members.keys()]).toContain(name);
    }
    expect(members.get('index.json')!.toString()).toContain(image.manifestDigest);
    expect(await destination.write(image, ['a:1'], at.context)).toMatchObject({ changed: false });
  });

  it('are unpacked anew where the plain ones were damaged', async () => {
    const at = stage();
    const image = await imageOverZstd(at);
    await imageArchive('docker-archive', join(at.folder, 'one.tar')).write(image, ['a:1'], at.context);
    const plain = at.cache.blobPath(image.layers[0]!.diffId);
    writeFileSync(plain, Buffer.alloc(statSync(plain).size));
    await imageArchive('docker-archive', join(at.folder, 'two.tar')).write(image, ['a:1'], at.context);
    const [one, two] = ['one.tar', 'two.tar'].map((name) => readFileSync(join(at.folder, name)));
    expect(one!.equals(two!)).toBe(true);
  });

  it.each(['classic', 'containerd'] as const)('are loaded into a %s store', async (store) => {
    const at = stage();
    const engine = await startEngine(at.folder, { store });
    engines.push(engine);
    const image = await imageOverZstd(at);
    const destination = dockerDestination(engine.environment);
    expect(await destination.write(image, ['a:1'], at.context)).toMatchObject({ changed: true });
    expect(engine.images.get('a:1')?.diffIds).toEqual(image.layers.map(({ diffId }) => diffId));
    expect(await destination.write(image, ['a:1'], at.context)).toMatchObject({ changed: false });
    if (store === 'containerd') return;
    // Above what the store has nothing is sent but what it reads.
    const next = imageOf([...image.layers, await zstdLayer(at, 'next')]);
    await destination.write(next, ['a:2'], at.context);
    expect(engine.loads.at(-1)!.filter((name) => name.startsWith('blobs/'))).toEqual([
      path(next.configDigest),
      path(next.layers[4]!.diffId),
    ]);
  });
});
