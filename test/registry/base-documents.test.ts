import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/kernel/digest.ts';
import { openRemoteBase } from '../../src/registry/base.ts';
import { codeOf, stage } from '../support/images.ts';
import type { TestRegistry } from '../support/registry.ts';
import {
  addImage,
  addIndex,
  type Descriptor,
  DOCKER,
  failure,
  json,
  named,
  OCI,
  online,
  open,
  passwd,
  REPOSITORY,
  type Shape,
} from './base-fixture.ts';
import { connect, serve } from './client-fixture.ts';

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
