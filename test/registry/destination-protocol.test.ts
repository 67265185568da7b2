// Pushes over the wire: the destination and the client together, against a registry that misbehaves.

import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { withContext } from '../../src/app/context.ts';
import type { Context } from '../../src/kernel/context.ts';
import { digestOf } from '../../src/kernel/digest.ts';
import { assembleIndex } from '../../src/oci/assemble.ts';
import type { Published } from '../../src/oci/destination.ts';
import { type BuiltImage, type ImageIndex, localBlob } from '../../src/oci/image.ts';
import { createRegistry } from '../../src/registry/client.ts';
import type { Credential } from '../../src/registry/credential.ts';
import { registryDestination } from '../../src/registry/destination.ts';
import type { Registry, RegistryOptions } from '../../src/registry/registry.ts';
import { codeOf, imageOf, layerOf, type Stage, stage } from '../support/images.ts';
import { startRegistry, type TestRegistry, type TestRegistryOptions } from '../support/registry.ts';
import type { RegistryStep } from '../support/registry-step.ts';

const open: TestRegistry[] = [];

afterEach(async () => {
  for (const registry of open.splice(0)) await registry.close();
});

async function start(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  open.push(registry);
  return registry;
}

/** What does not grow in a test's time: retries follow at once. */
const PATIENCE = { backoffMs: 1, pauseMs: 5, retryAfterMs: 1000 };

function online<T>(
  at: Stage,
  use: (registry: Registry, context: Context) => Promise<T>,
  { credential, mirrors = {} }: { credential?: Credential; mirrors?: RegistryOptions['mirrors'] } = {},
): Promise<T> {
  const { cache, controller, events } = at;
  return withContext(
    {
      environment: {},
      emit: (event) => events.push(event),
      signal: controller.signal,
      offline: false,
      cache,
      patience: PATIENCE,
    },
    (context) => {
      const options = { environment: {}, insecure: [], mirrors, patience: PATIENCE };
      return use(
        createRegistry(options, context, async () => credential),
        context,
      );
    },
  );
}

function push(
  at: Stage,
  image: BuiltImage | ImageIndex,
  tags: readonly string[],
  credential?: Credential,
): Promise<Published> {
  return online(
    at,
    (registry, context) => registryDestination(registry).write(image, tags, context),
    credential === undefined ? {} : { credential },
  );
}

/** Pulls everything that the reference leads to, each by its digest, and holds it against what was pushed. */
function expectPulled(
  at: Stage,
  published: BuiltImage | ImageIndex,
  domain: string,
  path: string,
  tag: string,
) {
  return online(at, async (registry) => {
    const repository = { domain, path };
    const images = 'images' in published ? published.images : [published];
    const top = 'images' in published ? published.index : published.manifest;
    expect(Buffer.from((await registry.getManifest(repository, tag))!.bytes).equals(top)).toBe(true);
    for (const image of images) {
      const manifest = await registry.getManifest(repository, image.manifestDigest);
      expect(Buffer.from(manifest!.bytes).equals(image.manifest)).toBe(true);
      for (const { digest, size } of [
        ...image.layers,
        { digest: image.configDigest, size: image.config.length },
      ]) {
        const chunks = [];
        for await (const chunk of registry.readBlob(repository, { digest, size })) chunks.push(chunk);
        expect(digestOf(Buffer.concat(chunks))).toBe(digest);
      }
    }
  });
}

/** Its first layer holds `size` bytes, a multiple of four, no two pieces of which are alike. */
async function imageWith(at: Stage, size = 1000, word = 'x'): Promise<BuiltImage> {
  const body = Buffer.alloc(size);
  for (let position = 0; position < size; position += 4) {
    body.writeUInt32LE(Math.imul(position, 2654435761) >>> 0, position);
  }
  return imageOf([
    await layerOf(at, [{ path: 'app/numbers', body }], { compression: 'none' }),
    await layerOf(at, [{ path: `app/${word}`, body: word }]),
  ]);
}

const blobBytes = (image: BuiltImage): number =>
  image.layers.reduce((sum, { size }) => sum + size, image.config.length);

describe('a registry over the wire', () => {
  it('takes an image once: afterwards there are only questions', async () => {
    const at = stage();
    const registry = await start();
    const image = await imageWith(at);
    const tags = [`${registry.domain}/team/a:1`];
    expect(await push(at, image, tags)).toMatchObject({
      changed: true,
      moved: { uploaded: blobBytes(image) },
    });
    await expectPulled(at, image, registry.domain, 'team/a', '1');
    const before = registry.log.length;
    expect(await push(at, image, tags)).toMatchObject({
      changed: false,
      moved: { present: blobBytes(image) },
    });
    const asked = registry.log.slice(before).filter(({ path }) => path !== '/v2/');
    expect(asked.map(({ method }) => method)).toEqual(['HEAD', 'HEAD', 'HEAD', 'HEAD']);
  });

  it('mounts what another repository has', async () => {
    const at = stage();
    const registry = await start();
    const image = await imageWith(at);
    await push(at, image, [`${registry.domain}/team/a:1`]);
    const before = registry.bytes.in;
    expect(await push(at, image, [`${registry.domain}/team/b:1`])).toMatchObject({
      moved: { uploaded: 0, mounted: blobBytes(image) },
    });
    expect(registry.bytes.in - before).toBe(image.manifest.length);
    await expectPulled(at, image, registry.domain, 'team/b', '1');
  });

  it.each(['session', 'refuse'] as const)('is sent what it does not mount: %s', async (mounts) => {
    const at = stage();
    const registry = await start({ mounts });
    const image = await imageWith(at);
    await push(at, image, [`${registry.domain}/team/a:1`]);
    expect(await push(at, image, [`${registry.domain}/team/b:1`])).toMatchObject({
      moved: { uploaded: blobBytes(image), mounted: 0 },
    });
    await expectPulled(at, image, registry.domain, 'team/b', '1');
  });

  it('leaves a layer of another repository unread, and fetches it only where no mount is to be had', async () => {
    const at = stage();
    for (const [mounts, times] of [
      ['yes', 0],
      ['session', 1],
      ['refuse', 1],
    ] as const) {
      const registry = await start({ mounts });
      const base = await layerOf(at, [{ path: 'etc/base', body: mounts }]);
      await push(stage(), imageOf([base]), [`${registry.domain}/base:1`]);
      let fetched = 0;
      const fetch = async () => {
        fetched += 1;
        return localBlob(base);
      };
      const image = imageOf([{ ...base, blob: { repository: `${registry.domain}/base`, fetch } }]);
      await push(at, image, [`${registry.domain}/app:1`]);
      expect(fetched).toBe(times);
      await expectPulled(at, image, registry.domain, 'app', '1');
    }
  });

  it('that has a blob at HEAD and not at the manifest’s PUT is sent every blob', async () => {
    const at = stage();
    const registry = await start();
    const image = await imageWith(at);
    registry.always('HEAD', /\/blobs\//, { kind: 'answer', status: 200 });
    expect(await push(at, image, [`${registry.domain}/team/a:1`])).toMatchObject({
      moved: { uploaded: blobBytes(image), present: 0 },
    });
    await expectPulled(at, image, registry.domain, 'team/a', '1');
    const next = stage();
    const index = assembleIndex([await imageWith(next, 2000, 'y')]);
    await push(next, index, [`${registry.domain}/team/b:1`, `${registry.domain}/team/b:2`]);
    await expectPulled(next, index, registry.domain, 'team/b', '2');
  });

  it('keeps its old image whole while a new one cannot be taken', async () => {
    const at = stage();
    const registry = await start();
    const tag = `${registry.domain}/team/a:1`;
    const old = await imageWith(at);
    await push(at, old, [tag]);
    const image = await imageWith(at, 5000, 'new');
    const wrong = { kind: 'answer', status: 400, body: '{"errors":[{"code":"DIGEST_INVALID"}]}' } as const;
    registry.always('PUT', /\/blobs\/uploads\//, wrong);
    expect(await codeOf(() => push(at, image, [tag]))).toBe('REGISTRY_INVALID');
    expect(registry.count('PUT', /\/manifests\//)).toBe(1);
    await expectPulled(at, old, registry.domain, 'team/a', '1');
  });

  it('gets a layer of many pieces, and the rest of it where it broke off', async () => {
    const at = stage();
    const registry = await start();
    registry.script('PATCH', /./, { kind: 'break', after: 5_500_000 }, { kind: 'break', after: 2_300_000 });
    const image = await imageWith(at, 12_000_000);
    await push(at, image, [`${registry.domain}/team/a:1`]);
    await expectPulled(at, image, registry.domain, 'team/a', '1');
    // What had come was not sent again, but for what was on its way.
    expect(registry.bytes.in).toBeLessThan(1.5 * blobBytes(image));
    expect(registry.count('PATCH')).toBe(3);
  });

  it('refuses a layer that is damaged on this disk, and is believed only after a look at it', async () => {
    const at = stage();
    const registry = await start();
    const image = await imageWith(at, 100_000);
    writeFileSync(localBlob(image.layers[0]!).path, Buffer.alloc(image.layers[0]!.size));
    expect(await codeOf(() => push(at, image, [`${registry.domain}/team/a:1`]))).toBe('HASH_MISMATCH');
    expect(registry.blobs.has(`team/a@${image.layers[0]!.digest}`)).toBe(false);
    expect(registry.count('PUT', /\/manifests\//)).toBe(0);
    const whole = await imageWith(at, 100_000, 'whole');
    registry.always('PUT', /\/blobs\//, { kind: 'answer', status: 400 });
    expect(await codeOf(() => push(at, whole, [`${registry.domain}/team/b:1`]))).toBe('REGISTRY_INVALID');
  });

  it('is asked itself where its tags lead, whatever a mirror of it says', async () => {
    const at = stage();
    const [registry, mirror] = [await start(), await start()];
    const tags = [`${registry.domain}/team/a:1`];
    const image = await imageWith(at);
    await push(at, image, tags);
    for (const [name, manifest] of registry.manifests) mirror.manifests.set(name, manifest);
    await push(at, await imageWith(at, 2000), tags);
    const mirrors = { [registry.domain]: [mirror.domain] };
    await online(at, (client, context) => registryDestination(client).write(image, tags, context), {
      mirrors,
    });
    await expectPulled(at, image, registry.domain, 'team/a', '1');
    expect(mirror.log).toEqual([]);
  });

  it('that never answers is left at once on Ctrl-C', async () => {
    const at = stage();
    const registry = await start({
      on: ({ method }) => {
        if (method !== 'PATCH' && method !== 'PUT') return undefined;
        at.controller.abort();
        return { kind: 'hang' };
      },
    });
    expect(await codeOf(async () => push(at, await imageWith(at), [`${registry.domain}/a/b:1`]))).toBe(
      'INTERRUPTED',
    );
    expect(registry.manifests.size).toBe(0);
  });

  it('that denies is believed', async () => {
    const at = stage();
    const registry = await start({ auth: { kind: 'bearer', username: 'me', password: 'secret word' } });
    const image = await imageWith(at);
    const tags = [`${registry.domain}/team/a:1`];
    expect(await codeOf(() => push(at, image, tags))).toBe('REGISTRY_DENIED');
    const me = { kind: 'password', username: 'me', password: 'secret word' } as const;
    expect(await push(at, image, tags, me)).toMatchObject({ changed: true });
    expect(JSON.stringify(at.events)).not.toContain('secret word');
  });

  it.each<[string, TestRegistryOptions]>([
    ['relative locations', { locations: 'relative' }],
    ['chunks of a least size', { minChunk: 50_000 }],
    [
      'tokens that expire on the way',
      { auth: { kind: 'bearer', username: 'me', password: 'pw', tokenUses: 3 } },
    ],
    ['Basic', { auth: { kind: 'basic', username: 'me', password: 'pw' } }],
  ])('is pushed to: %s', async (_, options) => {
    const at = stage();
    const registry = await start(options);
    const image = await imageWith(at, 200_000);
    const me = { kind: 'password', username: 'me', password: 'pw' } as const;
    await push(at, image, [`${registry.domain}/team/a:1`], me);
    for (const { digest } of image.layers) expect(registry.blobs.has(`team/a@${digest}`)).toBe(true);
    expect(registry.manifests.has('team/a:1')).toBe(true);
  });
});

describe('whatever breaks on the way', () => {
  const fault = fc.constantFrom<RegistryStep>(
    { kind: 'reset' },
    { kind: 'silent' },
    { kind: 'answer', status: 503 },
    { kind: 'answer', status: 429, headers: { 'retry-after': '0' } },
    { kind: 'break', after: 10_000 },
    { kind: 'break', after: 70_000, keep: false },
  );

  it('a pull by digest gives the same bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(25), fault), { maxLength: 3 }),
        fc.constantFrom('yes', 'session', 'refuse'),
        fc.boolean(),
        async (faults, mounts, several) => {
          const at = stage();
          const steps = new Map(faults);
          let count = 0;
          const registry = await startRegistry({ mounts, on: () => steps.get(count++) });
          try {
            const image = await imageWith(at, 150_000);
            const published = several ? assembleIndex([image]) : image;
            await push(at, published, [`${registry.domain}/team/a:1`]);
            await push(at, published, [`${registry.domain}/team/b:1`]);
            steps.clear();
            await expectPulled(at, published, registry.domain, 'team/b', '1');
          } finally {
            await registry.close();
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
