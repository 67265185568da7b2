import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Context } from '../../src/kernel/context.ts';
import { type Digest, digestOf } from '../../src/kernel/digest.ts';
import type { Base } from '../../src/oci/base.ts';
import { openBase } from '../../src/oci/base.ts';
import { openRemoteBase } from '../../src/registry/base.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { codeOf, layoutFiles, type Member, type Stage, stage, tarOf, writeFiles } from '../support/images.ts';
import type { TestRegistry } from '../support/registry.ts';
import { skippableFrame, zstdFrame } from '../support/zstd.ts';
import { connect, serve } from './client-fixture.ts';

const OCI = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
};
const DOCKER = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  index: 'application/vnd.docker.distribution.manifest.list.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
};
const REPOSITORY = 'team/base';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: object;
}

interface LayerOf {
  readonly packed: Buffer;
  readonly diffId: string;
  readonly mediaType: string;
}

interface Shape {
  readonly architecture?: string;
  readonly variant?: string;
  readonly layers?: readonly LayerOf[];
  readonly types?: typeof OCI;
  /** Of the manifest and its descriptor. */
  readonly change?: (manifest: Record<string, unknown>) => Record<string, unknown>;
  readonly diffIds?: readonly string[];
}

function layer(members: readonly Member[], pack: 'gzip' | 'zstd' | 'chunked' | 'none' = 'gzip'): LayerOf {
  const tar = tarOf(members);
  const packed = {
    gzip: () => gzipSync(tar),
    zstd: () => zstdFrame(tar),
    chunked: () =>
      Buffer.concat([zstdFrame(tar.subarray(0, 700)), zstdFrame(tar.subarray(700)), skippableFrame(tar)]),
    none: () => tar,
  }[pack]();
  const suffix = { gzip: '+gzip', zstd: '+zstd', chunked: '+zstd', none: '' }[pack];
  return { packed, diffId: digestOf(tar), mediaType: `${OCI.layer}${suffix}` };
}

/** A layer that says who it is. */
function named(name: string, pack?: Parameters<typeof layer>[1]): LayerOf {
  return layer([{ path: 'etc/passwd', body: name }], pack);
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Adds an image; its descriptor, with the platform. */
function addImage(served: TestRegistry, shape: Shape = {}, tag?: string): Required<Descriptor> {
  const { architecture = 'amd64', variant, types = OCI, layers = [named('one')] } = shape;
  const platform = { os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) };
  const config = json({
    ...platform,
    config: { Cmd: ['sh'], Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: shape.diffIds ?? layers.map(({ diffId }) => diffId) },
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: {
      mediaType: types.config,
      digest: served.addBlob(REPOSITORY, config),
      size: config.length,
    },
    layers: layers.map(({ packed, mediaType }) => ({
      mediaType: types === OCI ? mediaType : types.layer,
      digest: served.addBlob(REPOSITORY, packed),
      size: packed.length,
    })),
  };
  const bytes = json(shape.change?.(manifest) ?? manifest);
  const digest = served.addManifest(REPOSITORY, tag, bytes, types.manifest);
  return { mediaType: types.manifest, digest, size: bytes.length, platform };
}

function addIndex(
  served: TestRegistry,
  manifests: readonly object[],
  tag?: string,
  mediaType = OCI.index,
): Descriptor {
  const bytes = json({ schemaVersion: 2, mediaType, manifests });
  return { mediaType, digest: served.addManifest(REPOSITORY, tag, bytes, mediaType), size: bytes.length };
}

/** All but the question whether there is a registry at all. */
function asked(served: TestRegistry): string[] {
  return served.log.flatMap(({ method, path }) => (path === '/v2/' ? [] : [`${method} ${path}`]));
}

function online(at: Stage): Context {
  return { ...at.context, offline: false };
}

async function open(
  at: Stage,
  served: TestRegistry,
  name = ':1',
  platform = 'linux/amd64',
  registry: Registry = connect().registry,
): Promise<Base> {
  return openRemoteBase(`${served.domain}/${REPOSITORY}${name}`, platform, registry, online(at));
}

const passwd = async (...args: Parameters<typeof open>): Promise<string | undefined> =>
  (await open(...args)).facts.passwd;

function failure(
  work: Promise<unknown>,
): Promise<{ code: string; message: string; causes: string[]; hint: string }> {
  return work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => error as never,
  );
}

describe('an image of a registry', () => {
  it('is a base whose layers stay there', async () => {
    const at = stage();
    const served = await serve();
    const { digest } = addImage(served, {}, '1');
    const base = await open(at, served);
    const { packed, diffId } = named('one');
    expect(base).toMatchObject({
      name: `${served.domain}/${REPOSITORY}:1`,
      reference: `${served.domain}/${REPOSITORY}:1`,
      digest,
      config: { config: { Cmd: ['sh'] } },
      facts: { passwd: 'one', platform: 'linux/amd64' },
      layers: [
        {
          kind: 'base',
          mediaType: `${OCI.layer}+gzip`,
          digest: digestOf(packed),
          diffId,
          size: packed.length,
          unpacked: 3,
          packages: [],
          cached: true,
          blob: { repository: `${served.domain}/${REPOSITORY}` },
        },
      ],
    });
  });

  it('is read once: then one HEAD is all that is asked', async () => {
    const at = stage();
    const served = await serve();
    const twice = named('two');
    const image = addImage(served, { layers: [named('one'), twice, twice] });
    addIndex(served, [image], '1');
    const first = await open(at, served);
    expect(asked(served).map((line) => line.split(' ')[0])).toEqual([
      'HEAD',
      'GET',
      'GET',
      'GET',
      'GET',
      'GET',
    ]);
    const before = asked(served).length;
    const again = await open(at, served);
    expect(asked(served).slice(before)).toEqual([`HEAD /v2/${REPOSITORY}/manifests/1`]);
    expect(JSON.stringify(again)).toBe(JSON.stringify(first));
  });

  it('has one tag for all platforms of a build', async () => {
    const at = stage();
    const served = await serve();
    addIndex(served, [addImage(served), addImage(served, { architecture: 'arm64' })], '1');
    const { registry } = connect();
    const [amd, arm] = await Promise.all([
      open(at, served, ':1', 'linux/amd64', registry),
      open(at, served, ':1', 'linux/arm64', registry),
    ]);
    expect(amd.digest).toBe(arm.digest);
    expect(served.count('HEAD')).toBe(1);
  });

  it('is found again under its new digest once the tag has moved', async () => {
    const at = stage();
    const served = await serve();
    addImage(served, { layers: [named('old')] }, '1');
    expect(await passwd(at, served)).toBe('old');
    addImage(served, { layers: [named('new')] }, '1');
    expect(await passwd(at, served)).toBe('new');
  });

  it('may be named by its digest: then nobody is asked where a tag leads', async () => {
    const at = stage();
    const served = await serve();
    const { digest } = addImage(served, {}, '1');
    addImage(served, { layers: [named('other')] }, '1');
    expect(await passwd(at, served, `@${digest}`)).toBe('one');
    const before = asked(served).length;
    expect(await passwd(at, served, `:1@${digest}`)).toBe('one');
    expect(served.count('HEAD')).toBe(0);
    expect(asked(served)).toHaveLength(before);
  });

  it('has facts and layers like the same image on a disk, and one record', async () => {
    const at = stage();
    const served = await serve();
    const image = addImage(served, { layers: [named('one'), named('two', 'zstd')] }, '1');
    const blobs = [...served.blobs.values(), ...[...served.manifests.values()].map(({ bytes }) => bytes)];
    writeFiles(
      join(at.folder, 'x'),
      layoutFiles(
        { schemaVersion: 2, manifests: [image] },
        blobs.map((bytes) => ({ bytes, digest: digestOf(bytes), size: bytes.length })),
      ),
    );
    const local = await openBase('oci:x', 'linux/amd64', at.context, { directory: at.folder });
    const remote = await open(at, served);
    const shown = ({ layers, facts, config }: Base): unknown => ({
      facts,
      config,
      layers: layers.map((one) => ({ ...one, blob: undefined })),
    });
    expect(shown(remote)).toEqual(shown(local));
    // No layer was asked for.
    expect(served.count('GET', /blobs/)).toBe(1);
  });

  it('is not there: says what to do', async () => {
    const at = stage();
    const served = await serve();
    addImage(served, {}, '1');
    for (const name of [':2', `@${digestOf('x')}`]) {
      expect(await failure(open(at, served, name))).toMatchObject({
        code: 'BASE_MISSING',
        message: `the base \`${served.domain}/${REPOSITORY}${name}\` is not there`,
        hint: expect.stringMatching(new RegExp(`docker login ${served.domain}.*docker-archive:FILE`)),
      });
    }
  });

  it('offline is what it was when it was last asked for', async () => {
    const at = stage();
    const served = await serve();
    addIndex(served, [addImage(served)], '1');
    const { registry } = connect();
    const name = `${served.domain}/${REPOSITORY}:1`;
    const offline = (): Promise<Base> => openRemoteBase(name, 'linux/amd64', connect().registry, at.context);
    expect(await codeOf(offline)).toBe('OFFLINE');
    const base = await openRemoteBase(name, 'linux/amd64', registry, online(at));
    const before = asked(served).length;
    expect(JSON.stringify(await offline())).toBe(JSON.stringify(base));
    expect(asked(served)).toHaveLength(before);
    at.cache.discardBlob(base.digest!);
    expect(await codeOf(offline)).toBe('OFFLINE');
  });
});

describe('the blobs of a base', () => {
  const blobOf = (base: Base, index = 0) => {
    const { blob } = base.layers[index]!;
    if (!('fetch' in blob)) throw new Error('it is here');
    return blob;
  };

  it('are here once its layers were read, in one download', async () => {
    const at = stage();
    const served = await serve();
    const layers = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => named(name));
    addImage(served, { layers }, '1');
    const base = await open(at, served);
    expect(served.count('GET', /blobs/)).toBe(7);
    for (const [index, { packed }] of layers.entries()) {
      const { path, offset } = await blobOf(base, index).fetch();
      expect({ path, offset }).toEqual({ path: at.cache.blobPath(digestOf(packed)), offset: 0 });
    }
    expect(served.count('GET', /blobs/)).toBe(7);
    const names = at.events.flatMap((event) => (event.type === 'downloaded' ? [event.name] : []));
    expect([...names].sort()[5]).toBe(`layer 6 of the base \`${base.name}\``);
  });

  it('come one by one where only some are wanted, each once', async () => {
    const at = stage();
    const served = await serve();
    addImage(served, { layers: [named('one'), named('two')] }, '1');
    await open(at, served);
    for (const { packed } of [named('one'), named('two')]) at.cache.discardBlob(digestOf(packed));
    const before = asked(served).length;
    const blob = blobOf(await open(at, served), 1);
    const [first, second] = await Promise.all([blob.fetch(), blob.fetch()]);
    expect(first).toEqual(second);
    expect(asked(served).slice(before)).toEqual([
      `HEAD /v2/${REPOSITORY}/manifests/1`,
      `GET /v2/${REPOSITORY}/blobs/${digestOf(named('two').packed)}`,
    ]);
    expect(await at.cache.verifyBlob(digestOf(named('two').packed))).toBeDefined();
  });

  it('that were damaged here come again when facts are wanted anew', async () => {
    const at = stage();
    const served = await serve();
    addImage(served, {}, '1');
    const path = at.cache.blobPath(digestOf(named('one').packed));
    await open(at, served);
    writeFileSync(path, Buffer.alloc(named('one').packed.length));
    const { registry } = connect();
    const name = `${served.domain}/${REPOSITORY}:1`;
    const base = await openRemoteBase(name, 'linux/amd64', registry, online(at), { watch: ['srv'] });
    expect(base.facts.passwd).toBe('one');
  });

  it('that are damaged documents come again too', async () => {
    const at = stage();
    const served = await serve();
    const { digest, size } = addImage(served, {}, '1');
    await open(at, served);
    writeFileSync(at.cache.blobPath(digest as Digest), Buffer.alloc(size));
    expect(await passwd(at, served)).toBe('one');
  });

  it.each([
    ['of other bytes', { kind: 'corrupt' } as const, 'REGISTRY_INVALID'],
    ['cut short', { kind: 'truncate', after: 20 } as const, 'REGISTRY_UNREACHABLE'],
    ['gone', { kind: 'answer', status: 404 } as const, 'REGISTRY_INVALID'],
    ['of another length', { kind: 'answer', status: 200, body: 'x' } as const, 'REGISTRY_INVALID'],
    ['denied', { kind: 'answer', status: 403 } as const, 'REGISTRY_DENIED'],
  ])('%s are refused, and nothing of them is kept', async (_, step, code) => {
    const at = stage();
    const served = await serve({ ranges: false });
    const wanted = named('two');
    addImage(served, { layers: [named('one'), wanted, named('three')] }, '1');
    served.always('GET', new RegExp(`blobs/${digestOf(wanted.packed)}`), step);
    const error = await failure(open(at, served));
    expect(error.code).toBe(code);
    expect(at.cache.findBlob(digestOf(wanted.packed))).toBeUndefined();
  });

  it('that break off once go on', async () => {
    const at = stage();
    const served = await serve();
    const wanted = layer([{ path: 'etc/passwd', body: 'x'.repeat(300_000) }], 'none');
    addImage(served, { layers: [wanted] }, '1');
    served.script('GET', new RegExp(`blobs/${digestOf(wanted.packed)}`), {
      kind: 'truncate',
      after: 100_000,
    });
    expect((await open(at, served)).facts.passwd).toHaveLength(300_000);
    expect(served.bytes.out).toBeLessThan(320_000);
  });

  it('end when the build does', async () => {
    const at = stage();
    const served = await serve();
    addImage(served, { layers: [layer([{ path: 'x', body: Buffer.alloc(1 << 20) }], 'none')] }, '1');
    const { registry } = connect();
    const emit: Context['emit'] = (event) => {
      if (event.type === 'download') at.controller.abort();
    };
    const opening = openRemoteBase(`${served.domain}/${REPOSITORY}:1`, 'linux/amd64', registry, {
      ...online(at),
      emit,
    });
    expect(await codeOf(() => opening)).not.toBe('none');
  });
});

describe('layers', () => {
  it.each(['gzip', 'zstd', 'chunked', 'none'] as const)('may be %s', async (pack) => {
    const at = stage();
    const served = await serve();
    const one = named('one', pack);
    addImage(served, { layers: [one] }, '1');
    const base = await open(at, served);
    expect(base.facts.passwd).toBe('one');
    expect(base.layers[0]).toMatchObject({
      mediaType: one.mediaType,
      digest: digestOf(one.packed),
      diffId: one.diffId,
    });
  });

  it('of Docker’s types are called by OCI’s', async () => {
    const at = stage();
    const served = await serve();
    addIndex(served, [addImage(served, { types: DOCKER })], '1', DOCKER.index);
    expect((await open(at, served)).layers[0]?.mediaType).toBe(`${OCI.layer}+gzip`);
  });

  it.each<[string, Shape, string, RegExp]>([
    [
      'of another diffID',
      { diffIds: [digestOf('other')] },
      'BASE_INVALID',
      /layer 1 of the base .* unpacked, is not what it is called/,
    ],
    [
      'fewer than diffIDs',
      { diffIds: [named('one').diffId, digestOf('x')] },
      'BASE_INVALID',
      /has 1 layers, its configuration 2/,
    ],
    [
      'that are no tar',
      { layers: [{ packed: gzipSync('x'), diffId: digestOf('x'), mediaType: `${OCI.layer}+gzip` }] },
      'ARCHIVE_INVALID',
      /layer 1/,
    ],
    [
      'that are damaged gzip',
      {
        layers: [
          { packed: gzipSync('x').subarray(0, 15), diffId: digestOf('x'), mediaType: `${OCI.layer}+gzip` },
        ],
      },
      'BASE_INVALID',
      /cannot be unpacked/,
    ],
    [
      'that are to be had elsewhere',
      {
        layers: [{ ...named('one'), mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' }],
      },
      'BASE_UNSUPPORTED',
      /has a layer of the type/,
    ],
    [
      'of no layer’s type',
      { layers: [{ ...named('one'), mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip' }] },
      'BASE_UNSUPPORTED',
      /helm/,
    ],
  ])('%s are refused', async (_, shape, code, message) => {
    const at = stage();
    const served = await serve();
    addImage(served, shape, '1');
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await failure(open(at, served));
      expect(error.code).toBe(code);
      expect(error.message).toMatch(message);
    }
  });
});

describe('documents', () => {
  const withSize = (size: number) => (manifest: Record<string, unknown>) => ({
    ...manifest,
    config: { ...(manifest['config'] as object), size },
  });

  const answerAlways = (served: TestRegistry, type: string, body: Buffer): void =>
    served.always('*', /manifests/, {
      kind: 'answer',
      status: 200,
      headers: { 'content-type': type, 'docker-content-digest': digestOf(body) },
      body,
    });

  it.each<[string, (served: TestRegistry) => void, string, RegExp]>([
    ['that do not exist', (served) => void served.manifests.clear(), 'BASE_MISSING', /is not there/],
    [
      'of another digest than the index says',
      (served) => {
        const image = addImage(served);
        addIndex(served, [image], '1');
        served.always('GET', new RegExp(`manifests/${image.digest}`), { kind: 'corrupt' });
      },
      'REGISTRY_INVALID',
      /is not what was promised/,
    ],
    [
      'of another digest than the manifest says',
      (served) => {
        addImage(served, {}, '1');
        served.always('GET', /blobs/, { kind: 'corrupt' });
      },
      'REGISTRY_INVALID',
      /is not what was promised/,
    ],
    [
      'of another length than the index says',
      (served) => void addIndex(served, [{ ...addImage(served), size: 7 }], '1'),
      'BASE_INVALID',
      /bytes instead of 7/,
    ],
    [
      'of another length than the manifest says',
      (served) => void addImage(served, { change: withSize(7) }, '1'),
      'REGISTRY_INVALID',
      /at most 7 bytes/,
    ],
    [
      'that are too large',
      (served) => void addImage(served, { change: withSize(9 << 20) }, '1'),
      'BASE_INVALID',
      /more than the 8388608 it may have/,
    ],
    [
      'that are lost',
      (served) => {
        const image = addImage(served);
        addIndex(served, [image], '1');
        served.manifests.delete(`${REPOSITORY}@${image.digest}`);
      },
      'BASE_INVALID',
      /is incomplete in its registry/,
    ],
    [
      'that could be read in two ways',
      (served) => void addImage(served, { change: (manifest) => ({ ...manifest, manifests: [] }) }, '1'),
      'REGISTRY_INVALID',
      /a manifest and an index at once/,
    ],
    [
      'of no known type',
      (served) => answerAlways(served, 'a/b', json({ schemaVersion: 2 })),
      'REGISTRY_INVALID',
      /of the unknown type `a\/b`/,
    ],
    [
      'in schema 1',
      (served) => answerAlways(served, 'application/json', json({ schemaVersion: 1, fsLayers: [] })),
      'REGISTRY_INVALID',
      /schema 1/,
    ],
    [
      'that nest too deep',
      (served) => {
        let inner: Descriptor = addImage(served);
        for (let depth = 0; depth < 5; depth++) inner = addIndex(served, [inner]);
        addIndex(served, [inner], '1');
      },
      'BASE_INVALID',
      /nests too many indexes/,
    ],
    [
      'for another machine than the index says',
      (served) =>
        void addIndex(
          served,
          [
            {
              ...addImage(served, { architecture: 'arm64' }),
              platform: { os: 'linux', architecture: 'amd64' },
            },
          ],
          '1',
        ),
      'BASE_INVALID',
      /is called one for `linux\/amd64`/,
    ],
  ])('%s are refused', async (_, prepare, code, message) => {
    const at = stage();
    const served = await serve();
    addImage(served, { layers: [named('other')] }, 'other');
    prepare(served);
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await failure(open(at, served));
      expect(error.code).toBe(code);
      expect(error.message).toMatch(message);
    }
  });

  it('never make anything but a base or a refusal', async () => {
    const served = await serve();
    const image = addImage(served);
    const index = json({ schemaVersion: 2, mediaType: OCI.index, manifests: [image] });
    const manifest = served.manifests.get(`${REPOSITORY}@${image.digest}`)!.bytes;
    const { registry } = connect();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(index, manifest),
        fc.array(fc.tuple(fc.nat(1000), fc.constantFrom(...'"{}[],:0 nl\\'), fc.boolean()), {
          minLength: 1,
          maxLength: 4,
        }),
        async (document, edits) => {
          let text = document.toString();
          for (const [position, character, insert] of edits) {
            const at = position % text.length;
            text = text.slice(0, at) + character + text.slice(insert ? at : at + 1);
          }
          const type = document === index ? OCI.index : OCI.manifest;
          const digest = served.addManifest(REPOSITORY, undefined, Buffer.from(text), type);
          const at = stage();
          const name = `${served.domain}/${REPOSITORY}@${digest}`;
          const code = await codeOf(() => openRemoteBase(name, 'linux/amd64', registry, online(at)));
          expect(code).toMatch(/^(?:none|BASE_(?:INVALID|MISSING|UNSUPPORTED)|REGISTRY_INVALID)$/);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('the platform', () => {
  it('is looked for in nested lists, in Docker’s and in configurations; attestations are none', async () => {
    const at = stage();
    const served = await serve();
    const amd = addImage(served, { layers: [named('amd')] });
    const arm = addImage(served, { architecture: 'arm64', layers: [named('arm')], types: DOCKER });
    const silent = addImage(served, { architecture: 's390x', layers: [named('silent')] });
    const inner = addIndex(served, [arm], undefined, DOCKER.index);
    const attestation = {
      mediaType: OCI.manifest,
      digest: digestOf('not there'),
      size: 10,
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
    };
    const artifact = { mediaType: 'application/vnd.example', digest: digestOf('nor this'), size: 10 };
    const { platform: _, ...untold } = silent;
    addIndex(served, [attestation, artifact, inner, amd, untold], '1');
    expect(await passwd(at, served, ':1', 'linux/amd64')).toBe('amd');
    expect(await passwd(at, served, ':1', 'linux/arm64')).toBe('arm');
    expect(await passwd(at, served, ':1', 'linux/s390x')).toBe('silent');
    expect(await failure(open(at, served, ':1', 'linux/riscv64'))).toMatchObject({
      code: 'BASE_MISSING',
      message: `the base \`${served.domain}/${REPOSITORY}:1\` has no image for \`linux/riscv64\``,
      causes: ['it has linux/amd64, linux/arm64, linux/s390x'],
    });
  });

  it('is that of the configuration where there is no list', async () => {
    const at = stage();
    const served = await serve();
    addImage(served, { architecture: 'arm64' }, '1');
    expect(await passwd(at, served, ':1', 'linux/arm64')).toBe('one');
    expect(await codeOf(() => open(at, served, ':1', 'linux/amd64'))).toBe('BASE_MISSING');
  });

  it('of an index without anything is none', async () => {
    const at = stage();
    const served = await serve();
    addIndex(served, [], '1');
    expect(await failure(open(at, served))).toMatchObject({
      code: 'BASE_MISSING',
      causes: ['it has no image at all'],
    });
  });

  it('is the next best variant, as containerd has it', async () => {
    const at = stage();
    const served = await serve();
    const add = (architecture: string, variant: string): object =>
      addImage(served, { architecture, variant, layers: [named(`${architecture}/${variant}`)] });
    addIndex(served, [add('arm', 'v5'), add('arm', 'v6'), add('arm64', 'v8'), add('amd64', 'v2')], '1');
    expect(await passwd(at, served, ':1', 'linux/arm/v7')).toBe('arm/v6');
    expect(await passwd(at, served, ':1', 'linux/arm/v5')).toBe('arm/v5');
    expect(await passwd(at, served, ':1', 'linux/arm64')).toBe('arm64/v8');
    expect(await passwd(at, served, ':1', 'linux/amd64/v3')).toBe('amd64/v2');
    expect(await codeOf(() => open(at, served, ':1', 'linux/amd64'))).toBe('BASE_MISSING');
  });
});

describe('what an image above says of its base', () => {
  const remembering = (at: Stage, change: (value: Record<string, unknown>) => unknown): Context => ({
    ...online(at),
    cache: new Proxy(at.cache, {
      get(cache, key) {
        if (key !== 'readRecord') {
          const value: unknown = Reflect.get(cache, key);
          return typeof value === 'function' ? value.bind(cache) : value;
        }
        return (kind: string, of: Digest) => {
          const value = cache.readRecord<Record<string, unknown>>(kind, of);
          return kind === 'bases' && value !== undefined ? change(structuredClone(value)) : value;
        };
      },
    }),
  });
  const layers = (value: Record<string, unknown>): Record<string, unknown>[] =>
    value['layers'] as Record<string, unknown>[];
  const facts = (value: Record<string, unknown>): Record<string, unknown> =>
    value['facts'] as Record<string, unknown>;

  const layerWith =
    (more: object) =>
    (value: Record<string, unknown>): object => ({ ...value, layers: [{ ...layers(value)[0], ...more }] });
  const factsWith =
    (more: object) =>
    (value: Record<string, unknown>): object => ({ ...value, facts: { ...facts(value), ...more } });

  it.each<[string, (value: Record<string, unknown>) => unknown, boolean]>([
    ['as it was', (value) => value, false],
    ['nothing', () => undefined, true],
    ['a list', () => [], true],
    ['of other layers', layerWith({ digest: digestOf('x') }), true],
    ['of another diffID', layerWith({ diffId: digestOf('x') }), true],
    ['of another size', layerWith({ size: 1 }), true],
    ['of another type', layerWith({ mediaType: 'a/b' }), true],
    ['of fewer layers', (value) => ({ ...value, layers: [] }), true],
    ['of more layers', (value) => ({ ...value, layers: [...layers(value), ...layers(value)] }), true],
    ['of another platform', factsWith({ platform: 'linux/arm64' }), true],
    ['with a user that is none', factsWith({ passwd: 7 }), true],
    ['with paths that are none', factsWith({ paths: { x: [1, 2] } }), true],
    ['with Pythons that are none', factsWith({ pythons: [{}] }), true],
    ['with a C library that is none', factsWith({ libc: { family: 'x' } }), true],
    ['without facts', (value) => ({ layers: layers(value) }), true],
  ])('%s', async (_, change, read) => {
    const at = stage();
    const served = await serve();
    addImage(served, {}, '1');
    const name = `${served.domain}/${REPOSITORY}:1`;
    const first = await openRemoteBase(name, 'linux/amd64', connect().registry, online(at));
    const events = at.events.length;
    const again = await openRemoteBase(name, 'linux/amd64', connect().registry, remembering(at, change));
    expect(JSON.stringify(again)).toBe(JSON.stringify(first));
    expect(at.events.slice(events).some(({ type }) => type === 'blob-read')).toBe(read);
  });
});
