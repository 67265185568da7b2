import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Digest, digestOf } from '../../src/kernel/digest.ts';
import { BivyError } from '../../src/kernel/errors.ts';
import { assembleIndex } from '../../src/oci/assemble.ts';
import { imageIndex } from '../../src/oci/config.ts';
import {
  type AttachedManifest,
  type BuiltImage,
  type ImageIndex,
  type ImageLayer,
  localBlob,
} from '../../src/oci/image.ts';
import { CONFIG, MANIFEST } from '../../src/oci/spec.ts';
import { registryDestination } from '../../src/registry/destination.ts';
import { rememberSeen, seenIn } from '../../src/registry/seen.ts';
import { codeOf, documentOf, imageOf, layerOf, type Stage, stage } from '../support/images.ts';
import { type FakeRegistry, fakeRegistry, type Misbehaviour } from './fake-registry.ts';

const TAG = 'localhost:5000/team/a:1';

async function imageSaying(at: Stage, ...words: string[]): Promise<BuiltImage> {
  const layers = [];
  for (const word of words)
    layers.push(await layerOf(at, [{ path: `app/${word.slice(0, 20)}`, body: word }]));
  return imageOf(layers, { cmd: words.map((word) => word.slice(0, 20)) });
}

function push(
  at: Stage,
  registry: FakeRegistry,
  image: BuiltImage | ImageIndex,
  tags: readonly string[] = [TAG],
  options: Parameters<typeof registryDestination>[1] = {},
): ReturnType<ReturnType<typeof registryDestination>['write']> {
  return registryDestination(registry, options).write(image, tags, at.context);
}

const verbs = ({ log }: FakeRegistry): string[] => log.map((line) => line.split(' ')[0]!);
const blobSizes = (image: BuiltImage): number =>
  image.layers.reduce((sum, { size }) => sum + size, image.config.length);

/** Everything that a tag leads to, by digest, as somebody who pulls it gets it. */
async function pull(
  registry: FakeRegistry,
  repository: string,
  reference: string,
): Promise<ReadonlyMap<string, string>> {
  const slash = repository.indexOf('/');
  const where = { domain: repository.slice(0, slash), path: repository.slice(slash + 1) };
  const found = new Map<string, string>();
  const visit = async (name: string): Promise<void> => {
    const manifest = await registry.getManifest(where, name);
    if (manifest === undefined) throw new Error(`no manifest ${name} in ${repository}`);
    expect(digestOf(manifest.bytes)).toBe(manifest.digest);
    const body = JSON.parse(Buffer.from(manifest.bytes).toString('utf8'));
    expect(manifest.mediaType).toBe(body.mediaType);
    found.set(manifest.digest, Buffer.from(manifest.bytes).toString('base64'));
    for (const { digest } of body.manifests ?? []) await visit(digest);
    for (const { digest, size } of [...(body.layers ?? []), ...(body.config ? [body.config] : [])]) {
      const chunks = [];
      for await (const chunk of registry.readBlob(where, { digest, size })) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      expect(bytes.length).toBe(size);
      expect(digestOf(bytes)).toBe(digest);
      found.set(digest, bytes.toString('base64'));
    }
  };
  await visit(reference);
  return found;
}

function attachedTo(subject: BuiltImage, words: string): AttachedManifest {
  const statement = documentOf({ words });
  const config = documentOf({ architecture: 'unknown', os: 'unknown' });
  const manifest = documentOf({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, digest: config.digest, size: config.size },
    layers: [{ mediaType: 'application/vnd.in-toto+json', digest: statement.digest, size: statement.size }],
  });
  return {
    subject: subject.manifestDigest,
    manifest: manifest.bytes,
    manifestDigest: manifest.digest,
    config: config.bytes,
    configDigest: config.digest,
    blobs: [{ digest: statement.digest, bytes: statement.bytes }],
  };
}

function indexWith(images: readonly BuiltImage[], attached: readonly AttachedManifest[]): ImageIndex {
  const plain = [...images, ...attached].map(({ manifest, manifestDigest }) => ({
    mediaType: MANIFEST,
    digest: manifestDigest,
    size: manifest.length,
  }));
  const index = imageIndex(plain);
  return { index, indexDigest: digestOf(index), images, attached };
}

/** The layer as a registry has it, and this disk not. */
function remote(layer: ImageLayer, repository: string): { layer: ImageLayer; fetched: () => number } {
  let count = 0;
  const blob = {
    repository,
    fetch: async () => {
      count += 1;
      return localBlob(layer);
    },
  };
  return { layer: { ...layer, blob }, fetched: () => count };
}

describe('what is pushed', () => {
  it('is every blob, then the manifest under its tag', async () => {
    const at = stage();
    const registry = fakeRegistry();
    const image = await imageSaying(at, 'one', 'two');
    expect(await push(at, registry, image)).toEqual({
      kind: 'registry',
      changed: true,
      moved: { uploaded: blobSizes(image), mounted: 0, present: 0 },
    });
    expect(verbs(registry)).toEqual(['HEAD', 'HEAD', 'HEAD', 'SEND', 'SEND', 'SEND', 'PUT']);
    expect(registry.log.at(-1)).toBe('PUT team/a manifest 1');
    expect((await pull(registry, 'localhost:5000/team/a', '1')).size).toBe(4);
  });

  it('is nothing where everything is there: only questions', async () => {
    const at = stage();
    const registry = fakeRegistry();
    const image = await imageSaying(at, 'one', 'two');
    await push(at, registry, image);
    registry.log.length = 0;
    expect(await push(at, registry, image)).toEqual({
      kind: 'registry',
      changed: false,
      moved: { uploaded: 0, mounted: 0, present: blobSizes(image) },
    });
    expect(new Set(verbs(registry))).toEqual(new Set(['HEAD']));
    expect(at.events.filter((event) => event.type === 'pushed' && event.how === 'present')).toHaveLength(3);
  });

  it('is the tag alone where another one leads to the image', async () => {
    const at = stage();
    const registry = fakeRegistry();
    const image = await imageSaying(at, 'one');
    await push(at, registry, image);
    registry.log.length = 0;
    expect(await push(at, registry, image, ['localhost:5000/team/a:2'])).toMatchObject({ changed: true });
    expect(registry.log.filter((line) => !line.startsWith('HEAD'))).toEqual(['PUT team/a manifest 2']);
  });

  it('is the new layer of a changed image', async () => {
    const at = stage();
    const registry = fakeRegistry();
    await push(at, registry, await imageSaying(at, 'one', 'two'));
    const image = await imageSaying(at, 'one', 'three');
    const [kept, fresh] = image.layers;
    expect(await push(at, registry, image)).toMatchObject({
      moved: { uploaded: fresh!.size + image.config.length, mounted: 0, present: kept!.size },
    });
  });

  it('goes the largest first, few at once', async () => {
    const at = stage();
    const registry = fakeRegistry();
    const layers = [];
    for (const size of [1000, 40_000, 200, 9000, 30_000, 5000]) {
      const body = Buffer.from(Array.from({ length: size }, (_, index) => (index * index * 31 + size) % 251));
      layers.push(await layerOf(at, [{ path: 'app/file', body }], { compression: 'none' }));
    }
    const image = imageOf(layers);
    await push(at, registry, image, [TAG], { jobs: 1 });
    const sent = registry.log.filter((line) => line.startsWith('SEND')).map((line) => line.split(' ')[3]);
    const expected = [...image.layers].sort((a, b) => b.size - a.size).map(({ digest }) => digest as string);
    expect(sent).toEqual([...expected, image.configDigest]);
    expect(registry.atOnce.most).toBe(1);
    const four = fakeRegistry();
    await push(at, four, image);
    expect(four.atOnce.most).toBe(4);
  });

  it('is a layer once, however often the image has it', async () => {
    const at = stage();
    const registry = fakeRegistry();
    const layer = await layerOf(at, [{ path: 'app/x', body: 'x' }]);
    await push(at, registry, imageOf([layer, layer]));
    expect(registry.log.filter((line) => line.startsWith('SEND'))).toHaveLength(2);
  });

  it('is an index last, with all that it names and what is attached to it', async () => {
    const at = stage();
    const registry = fakeRegistry();
    const shared = await layerOf(at, [{ path: 'app/shared', body: 'both' }]);
    const images = [
      imageOf([shared, await layerOf(at, [{ path: 'app/a', body: 'a' }])]),
      imageOf([shared, await layerOf(at, [{ path: 'app/b', body: 'b' }])], { cmd: ['b'] }, 'linux/arm64'),
    ];
    const index = indexWith(
      images,
      images.map((image, number) => attachedTo(image, `statement ${number}`)),
    );
    expect(await push(at, registry, index)).toMatchObject({ changed: true });
    expect(registry.log.at(-1)).toBe('PUT team/a manifest 1');
    // Index, two images, two statements' manifests; two configurations, one of both statements, three layers, two statements.
    expect((await pull(registry, 'localhost:5000/team/a', '1')).size).toBe(1 + 4 + 3 + 3 + 2);
    registry.log.length = 0;
    expect(await push(at, registry, index)).toMatchObject({ changed: false });
    expect(new Set(verbs(registry))).toEqual(new Set(['HEAD']));
  });

  it('is an index after what it names, under several tags too, however long that takes', async () => {
    const at = stage();
    const registry = fakeRegistry();
    const index = assembleIndex([await imageSaying(at, 'one')]);
    const slow: FakeRegistry = {
      ...registry,
      async putManifest(repository, reference, manifest) {
        if (manifest.digest !== index.indexDigest) await new Promise((resolve) => setTimeout(resolve, 20));
        await registry.putManifest(repository, reference, manifest);
      },
    };
    await push(at, slow, index, [TAG, 'localhost:5000/team/a:2']);
    expect(registry.log.filter((line) => line.startsWith('SEND'))).toHaveLength(2);
    expect(at.events.filter(({ type }) => type === 'note')).toEqual([]);
  });

  it('is put back where the registry lost a manifest or a blob', async () => {
    const at = stage();
    const registry = fakeRegistry();
    const index = assembleIndex([await imageSaying(at, 'one')]);
    await push(at, registry, index);
    const [image] = index.images;
    registry.manifests.get('localhost:5000/team/a')!.delete(image!.manifestDigest);
    expect(await push(at, registry, index)).toMatchObject({ changed: true, moved: { uploaded: 0 } });
    registry.blobs.get('localhost:5000/team/a')!.delete(image!.layers[0]!.digest);
    expect(await push(at, registry, index)).toMatchObject({
      changed: true,
      moved: { uploaded: image!.layers[0]!.size },
    });
    await pull(registry, 'localhost:5000/team/a', '1');
  });
});

describe('a layer that was begun', () => {
  it('is not asked for and not sent again', async () => {
    const at = stage();
    const registry = fakeRegistry();
    const image = await imageSaying(at, 'one', 'two');
    const destination = registryDestination(registry);
    const [first] = image.layers;
    const made = { digest: first!.digest, size: first!.size, blob: localBlob(first!) };
    destination.begin?.(made, [TAG], at.context);
    destination.begin?.(made, [TAG], at.context);
    const published = await destination.write(image, [TAG], at.context);
    expect(published.moved).toEqual({ uploaded: blobSizes(image), mounted: 0, present: 0 });
    const about = registry.log.filter((line) => line.endsWith(first!.digest));
    expect(about.map((line) => line.split(' ')[0])).toEqual(['HEAD', 'SEND']);
    expect((await pull(registry, 'localhost:5000/team/a', '1')).size).toBe(4);
  });

  it('and failed is sent again, and what it fails with then is told', async () => {
    const at = stage();
    let refusals = 0;
    const image = await imageSaying(at, 'one');
    const [layer] = image.layers;
    const made = { digest: layer!.digest, size: layer!.size, blob: localBlob(layer!) };
    const registry = fakeRegistry({
      refusesBlob: (digest) => (digest === made.digest && refusals++ < 1 ? new Error('once') : undefined),
    });
    const destination = registryDestination(registry);
    destination.begin?.(made, [TAG], at.context);
    expect((await destination.write(image, [TAG], at.context)).changed).toBe(true);
    const never = fakeRegistry({ refusesBlob: () => new BivyError('REGISTRY_DENIED', 'no') });
    const denied = registryDestination(never);
    denied.begin?.(made, [TAG], at.context);
    expect(await codeOf(() => denied.write(image, [TAG], at.context))).toBe('REGISTRY_DENIED');
  });

  it('is given up where the build is', async () => {
    const at = stage();
    const registry = fakeRegistry();
    const image = await imageSaying(at, 'one', 'two', 'three', 'four', 'five', 'six');
    const destination = registryDestination(registry, { jobs: 1 });
    for (const layer of image.layers) {
      const { digest, size } = layer;
      destination.begin?.({ digest, size, blob: localBlob(layer) }, [TAG], at.context);
    }
    await destination.close?.();
    const count = registry.log.length;
    expect(count).toBeLessThan(2 * image.layers.length);
    await new Promise((resolve) => setImmediate(resolve));
    expect(registry.log).toHaveLength(count);
    expect(registry.manifests.size).toBe(0);
  });
});

describe('names', () => {
  it('of several repositories and registries each get the image', async () => {
    const at = stage();
    const registry = fakeRegistry();
    const image = await imageSaying(at, 'one', 'two');
    const tags = [TAG, 'localhost:5000/team/a:latest', 'localhost:5000/team/b:1', 'other.example/c/d:1'];
    expect(await push(at, registry, image, tags)).toEqual({
      kind: 'registry',
      changed: true,
      moved: { uploaded: 2 * blobSizes(image), mounted: blobSizes(image), present: 0 },
    });
    for (const [repository, tag] of [
      ['localhost:5000/team/a', '1'],
      ['localhost:5000/team/a', 'latest'],
      ['localhost:5000/team/b', '1'],
      ['other.example/c/d', '1'],
    ] as const) {
      expect((await pull(registry, repository, tag)).size).toBe(4);
    }
    // No tag moves before every repository has everything.
    const first = registry.log.findIndex((line) => /^PUT \S+ manifest (1|latest)$/.test(line));
    const rest = registry.log.slice(first);
    expect(rest.every((line) => /^PUT \S+ manifest (1|latest)$/.test(line))).toBe(true);
    expect(rest).toHaveLength(4);
  });

  it.each([
    ['none', [], 'DESTINATION_INVALID'],
    ['one of Docker’s own', ['annapurna:1.0.0'], 'DESTINATION_INVALID'],
    ['one that is none', ['localhost:5000/Team/a:1'], 'USAGE'],
  ])('are refused before anything is sent: %s', async (_, tags, code) => {
    const at = stage();
    const registry = fakeRegistry();
    const image = await imageSaying(at, 'one');
    const destination = registryDestination(registry);
    const online = { ...at.context, offline: false };
    expect(await codeOf(() => destination.check(online, tags))).toBe(code);
    expect(await codeOf(() => destination.write(image, tags, online))).toBe(code);
    expect(registry.log).toEqual([]);
  });

  it('of a user on Docker Hub are good', async () => {
    const at = stage();
    const registry = fakeRegistry();
    await push(at, registry, await imageSaying(at, 'one'), ['someone/app']);
    expect([...registry.manifests.keys()]).toEqual(['docker.io/someone/app']);
  });

  it('cannot be pushed to offline', async () => {
    const at = stage();
    expect(await codeOf(() => registryDestination(fakeRegistry()).check(at.context, [TAG]))).toBe('OFFLINE');
  });
});

describe('a layer that is somewhere else', () => {
  it('is mounted from where bivy saw it, and remembered', async () => {
    const at = stage();
    const registry = fakeRegistry();
    const image = await imageSaying(at, 'one', 'two');
    await push(at, registry, image);
    registry.log.length = 0;
    expect(await push(at, registry, image, ['localhost:5000/team/b:1'])).toEqual({
      kind: 'registry',
      changed: true,
      moved: { uploaded: 0, mounted: blobSizes(image), present: 0 },
    });
    expect(verbs(registry)).not.toContain('SEND');
    const [layer] = image.layers;
    expect(seenIn(at.cache, 'localhost:5000', layer!.digest).map(({ path }) => path)).toEqual([
      'team/b',
      'team/a',
    ]);
    expect(seenIn(at.cache, 'other.example', layer!.digest)).toEqual([]);
  });

  it('is mounted from the sources named', async () => {
    const [at, other] = [stage(), stage()];
    const registry = fakeRegistry();
    const image = await imageSaying(at, 'one');
    await push(other, registry, image);
    const sources = [
      { domain: 'elsewhere.example', path: 'team/a' },
      { domain: 'localhost:5000', path: 'team/a' },
    ];
    expect(await push(at, registry, image, ['localhost:5000/team/b:1'], { sources })).toMatchObject({
      moved: { uploaded: 0, mounted: blobSizes(image) },
    });
  });

  it('is sent where no mount is to be had', async () => {
    const at = stage();
    const registry = fakeRegistry({ refusesMounts: true });
    const image = await imageSaying(at, 'one');
    await push(at, registry, image);
    expect(await push(at, registry, image, ['localhost:5000/team/b:1'])).toMatchObject({
      moved: { uploaded: blobSizes(image), mounted: 0 },
    });
    await pull(registry, 'localhost:5000/team/b', '1');
  });

  it('is asked to be mounted from few, once each, never from itself', async () => {
    const at = stage();
    const registry = fakeRegistry();
    const image = await imageSaying(at, 'one');
    const digests = image.layers.map(({ digest }) => digest);
    for (const path of ['a', 'b', 'c', 'd', 'e', 'team/a']) {
      rememberSeen(at.cache, { domain: 'localhost:5000', path }, digests);
    }
    const sources = ['e', 'f'].map((path) => ({ domain: 'localhost:5000', path }));
    await push(at, registry, image, [TAG], { sources });
    const asked = registry.log.flatMap(
      (line) => new RegExp(`^MOUNT team/a blob ${digests[0]} from (.*)`).exec(line)?.[1] ?? [],
    );
    expect(asked).toEqual(['e', 'd', 'c', 'b']);
  });

  it('stays there where it is in the same registry: mounted, not fetched', async () => {
    const at = stage();
    const registry = fakeRegistry();
    const base = await layerOf(at, [{ path: 'etc/base', body: 'base' }]);
    await push(at, registry, imageOf([base]), ['localhost:5000/base/python:3']);
    const fresh = stage();
    const { layer, fetched } = remote(base, 'localhost:5000/base/python');
    const own = await layerOf(fresh, [{ path: 'app/x', body: 'x' }]);
    expect(await push(fresh, registry, imageOf([layer, own]))).toMatchObject({
      moved: { mounted: base.size },
    });
    expect(fetched()).toBe(0);
    await pull(registry, 'localhost:5000/team/a', '1');
  });

  it.each([
    [
      'in the same registry, which refuses to mount it',
      'localhost:5000/base/python',
      { refusesMounts: true },
    ],
    ['in another registry', 'docker.io/library/python', {}],
  ] as const)('is fetched and sent: %s', async (_, repository, misbehaviour: Misbehaviour) => {
    const at = stage();
    const registry = fakeRegistry(misbehaviour);
    const { layer, fetched } = remote(await layerOf(at, [{ path: 'etc/base', body: 'base' }]), repository);
    const image = imageOf([layer]);
    expect(await push(at, registry, image)).toMatchObject({ moved: { uploaded: blobSizes(image) } });
    expect(fetched()).toBe(1);
    await pull(registry, 'localhost:5000/team/a', '1');
    await push(at, registry, image);
    expect(fetched()).toBe(1);
  });
});

describe('a registry that misbehaves', () => {
  it.each([
    ['said at HEAD that it has a blob', { claims: () => true }],
    ['said that it mounted a blob', { feignsMounts: true }],
  ] as const)('and %s is sent every blob for real', async (_, misbehaviour: Misbehaviour) => {
    const at = stage();
    const registry = fakeRegistry(misbehaviour);
    const sources = [{ domain: 'localhost:5000', path: 'other' }];
    const image = await imageSaying(at, 'one', 'two');
    expect(await push(at, registry, image, [TAG], { sources })).toEqual({
      kind: 'registry',
      changed: true,
      moved: { uploaded: blobSizes(image), mounted: 0, present: 0 },
    });
    expect(at.events.filter(({ type }) => type === 'note')).toHaveLength(1);
    await pull(registry, 'localhost:5000/team/a', '1');
  });

  it('and lacks blobs of an index is sent them once', async () => {
    const at = stage();
    const registry = fakeRegistry({ claims: () => true });
    const index = assembleIndex([
      await imageSaying(at, 'one', 'two'),
      imageOf([await layerOf(at, [{ path: 'b', body: 'b' }])], { cmd: ['b'] }, 'linux/arm64'),
    ]);
    await push(at, registry, index, [TAG, 'localhost:5000/team/a:2']);
    expect(registry.log.filter((line) => line.startsWith('SEND'))).toHaveLength(5);
    expect((await pull(registry, 'localhost:5000/team/a', '2')).size).toBe(8);
  });

  it('and lacks them again is believed, and the tag stays', async () => {
    const at = stage();
    const unknown = new BivyError('REGISTRY_INVALID', 'refused', {
      causes: ['BLOB_UNKNOWN: never heard of it'],
    });
    let broken = false;
    const registry = fakeRegistry({ refusesManifest: () => (broken ? unknown : undefined) });
    const old = await imageSaying(at, 'old');
    await push(at, registry, old);
    broken = true;
    await expect(push(at, registry, await imageSaying(at, 'new'))).rejects.toBe(unknown);
    expect(registry.log.filter((line) => line.startsWith('PUT'))).toHaveLength(3);
    expect((await registry.getManifest({ domain: 'localhost:5000', path: 'team/a' }, '1'))?.digest).toBe(
      old.manifestDigest,
    );
  });

  it('and refuses a manifest for another reason is not sent anything twice', async () => {
    const at = stage();
    const denied = new BivyError('REGISTRY_DENIED', 'denied');
    const registry = fakeRegistry({ refusesManifest: () => denied });
    await expect(push(at, registry, await imageSaying(at, 'one'))).rejects.toBe(denied);
    expect(registry.log.filter((line) => line.startsWith('SEND'))).toHaveLength(2);
  });

  it('in one of several repositories keeps every tag from moving', async () => {
    const at = stage();
    const denied = new BivyError('REGISTRY_DENIED', 'denied');
    const registry = fakeRegistry({
      refusesManifest: (repository) => (repository === 'localhost:5000/team/b' ? denied : undefined),
    });
    const image = await imageSaying(at, 'one');
    await expect(push(at, registry, image, [TAG, 'localhost:5000/team/b:1'])).rejects.toBe(denied);
    expect(registry.manifests.get('localhost:5000/team/a')?.has('1')).toBe(false);
  });

  it('and takes no blob keeps its old image whole, and the next push completes', async () => {
    const at = stage();
    const full = new BivyError('REGISTRY_INVALID', 'no space');
    let refused: Digest | undefined;
    const registry = fakeRegistry({ refusesBlob: (digest) => (digest === refused ? full : undefined) });
    const old = await imageSaying(at, 'old');
    await push(at, registry, old);
    const image = await imageSaying(at, 'one', 'two', 'three');
    refused = image.layers[1]!.digest;
    await expect(push(at, registry, image)).rejects.toBe(full);
    expect((await pull(registry, 'localhost:5000/team/a', '1')).has(old.manifestDigest)).toBe(true);
    refused = undefined;
    await push(at, registry, image);
    expect((await pull(registry, 'localhost:5000/team/a', '1')).has(image.manifestDigest)).toBe(true);
  });

  it('and breaks off in the middle gets the rest', async () => {
    const at = stage();
    const registry = fakeRegistry({ breaksAt: 1_500_000 });
    const body = Buffer.alloc(3_000_000, 'some words and then more ');
    const layer = await layerOf(at, [{ path: 'app/large', body }], { compression: 'none' });
    const image = imageOf([layer]);
    await push(at, registry, image);
    await pull(registry, 'localhost:5000/team/a', '1');
    const progress = at.events.flatMap((event) => (event.type === 'upload' ? [event] : []));
    expect(progress.length).toBeGreaterThan(2);
    expect(progress.every(({ sent, total }) => sent <= total)).toBe(true);
    expect(progress.at(-1)).toEqual({
      type: 'upload',
      to: 'localhost:5000/team/a',
      sent: blobSizes(image),
      total: blobSizes(image),
    });
  });
});

describe('a layer that is damaged on this disk', () => {
  it.each([
    ['other bytes', (path: string, size: number) => writeFileSync(path, Buffer.alloc(size))],
    ['too few', (path: string, size: number) => truncateSync(path, size - 1)],
    [
      'a changed last byte',
      (path: string, size: number) => {
        truncateSync(path, size - 1);
        appendFileSync(path, '!');
      },
    ],
  ])('never becomes a blob: %s', async (_, damage) => {
    const at = stage();
    const registry = fakeRegistry();
    const body = Buffer.alloc(2_500_000, 'words');
    const layer = await layerOf(at, [{ path: 'app/large', body }], { compression: 'none' });
    const { path } = localBlob(layer);
    damage(path, layer.size);
    expect(await codeOf(() => push(at, registry, imageOf([layer])))).toBe('HASH_MISMATCH');
    expect(registry.blobs.get('localhost:5000/team/a')?.has(layer.digest)).not.toBe(true);
    expect(verbs(registry)).not.toContain('PUT');
  });
});

describe('an interrupted push', () => {
  it('ends, and moves no tag', async () => {
    const at = stage();
    const registry = fakeRegistry({
      refusesBlob: () => {
        at.controller.abort();
        return undefined;
      },
    });
    const image = await imageSaying(at, 'one', 'two', 'three', 'four', 'five', 'six');
    await expect(push(at, registry, image)).rejects.toMatchObject({ name: 'AbortError' });
    expect(registry.manifests.get('localhost:5000/team/a')?.size ?? 0).toBe(0);
  });
});

describe('seen', () => {
  it('keeps few, the most recent first, each once', () => {
    const { cache } = stage();
    const digest = digestOf('x');
    for (const number of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 3]) {
      rememberSeen(cache, { domain: 'd', path: `p${number}` }, [digest]);
    }
    expect(seenIn(cache, 'd', digest).map(({ path }) => path)).toEqual(
      [3, 10, 9, 8, 7, 6, 5, 4].map((number) => `p${number}`),
    );
  });
});

describe('whatever was there before', () => {
  it('a pull by digest gives the same bytes', async () => {
    const words = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ words, repository: fc.constantFrom('x', 'y'), index: fc.boolean() }), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.record({
          refusesMounts: fc.boolean(),
          feignsMounts: fc.boolean(),
          lies: fc.boolean(),
          breaksAt: fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined }),
        }),
        async (pushes, { lies, breaksAt, ...misbehaviour }) => {
          const at = stage();
          const registry = fakeRegistry({
            ...misbehaviour,
            ...(lies ? { claims: (digest) => /[0-7]$/.test(digest) } : {}),
            ...(breaksAt === undefined ? {} : { breaksAt }),
          });
          for (const { words: said, repository, index } of pushes) {
            const image = await imageSaying(at, ...said);
            const published = index ? assembleIndex([image]) : image;
            await push(at, registry, published, [`localhost:5000/${repository}:1`]);
            const pulled = await pull(registry, `localhost:5000/${repository}`, '1');
            const expected = [image.manifestDigest, image.configDigest, ...image.layers.map((l) => l.digest)];
            if ('images' in published) expected.push(published.indexDigest);
            expect(new Set(pulled.keys())).toEqual(new Set(expected));
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
