import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/kernel/digest.ts';
import { assembleImage, assembleIndex } from '../../src/oci/assemble.ts';
import { imageConfig, mergeEnv } from '../../src/oci/config.ts';
import type { ImageConfig } from '../../src/oci/spec.ts';
import { codeOf, imageOf, layerOf, stage } from '../support/images.ts';

const A = digestOf('a');
const B = digestOf('b');

function decode(bytes: Uint8Array): ImageConfig {
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as ImageConfig;
}

describe('the variables of an image', () => {
  const path = ['/app/.venv/bin'];
  const usual = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  it.each([
    ['nothing at all', [], {}, []],
    ['the usual path where the base has none', [], { path }, [`PATH=/app/.venv/bin:${usual}`]],
    ['an empty path counts as none', ['PATH='], { path }, [`PATH=/app/.venv/bin:${usual}`]],
    ['the base’s path goes on', ['PATH=/x:/y', 'A=1'], { path }, ['PATH=/app/.venv/bin:/x:/y', 'A=1']],
    ['no directory twice', ['PATH=/x:/app/.venv/bin'], { path }, ['PATH=/app/.venv/bin:/x']],
    ['the base’s value stays', ['LANG=C'], { defaults: { LANG: 'C.UTF-8', B: '2' } }, ['LANG=C', 'B=2']],
    ['an empty value is a value', ['LANG='], { defaults: { LANG: 'C.UTF-8' } }, ['LANG=']],
    ['the user’s wins', ['LANG=C'], { defaults: { LANG: 'D' }, env: { LANG: 'E' } }, ['LANG=E']],
    ['the user’s path wins whole', ['PATH=/x'], { path, env: { PATH: '/mine' } }, ['PATH=/mine']],
    [
      'new ones by name',
      [],
      { defaults: { Z: '1', A: '1' }, env: { Y: '1', B: '1' } },
      ['A=1', 'Z=1', 'B=1', 'Y=1'],
    ],
    ['the last of two holds, at the first one’s place', ['A=1', 'B=1', 'A=2'], {}, ['A=2', 'B=1']],
    ['what is no variable is dropped', ['nonsense', '=x', 'A=b=c'], {}, ['A=b=c']],
  ] as const)('%s', (_, base, settings, expected) => {
    expect(mergeEnv(base, settings)).toEqual(expected);
  });
});

describe('a configuration', () => {
  it('is these very bytes', () => {
    const bytes = imageConfig({
      platform: 'linux/arm/v7',
      layers: [
        { diffId: A, kind: 'wheels', packages: ['fastapi==0.95.1', 'starlette==0.26.1'] },
        { diffId: B, kind: 'app', packages: [] },
      ],
      settings: {
        path: ['/app/.venv/bin'],
        user: '65532:65532',
        workdir: '/app',
        cmd: ['python', '-m', 'x'],
        labels: { b: '1', a: '2' },
        expose: [8000, '53/udp'],
        volumes: ['/data'],
        stopsignal: 'SIGTERM',
        healthcheck: { test: ['CMD', 'true'], interval: 30e9, timeout: 1e9, startPeriod: 2e9, retries: 3 },
      },
    });
    expect(Buffer.from(bytes).toString('utf8')).toBe(
      '{"architecture":"arm","config":{"Cmd":["python","-m","x"],"Env":["PATH=/app/.venv/bin:/usr/local/sbin:' +
        '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"ExposedPorts":{"53/udp":{},"8000/tcp":{}},' +
        '"Healthcheck":{"Interval":30000000000,"Retries":3,"StartPeriod":2000000000,"Test":["CMD","true"],' +
        '"Timeout":1000000000},"Labels":{"a":"2","b":"1"},"StopSignal":"SIGTERM","User":"65532:65532",' +
        '"Volumes":{"/data":{}},"WorkingDir":"/app"},"created":"1970-01-01T00:00:00Z","history":[' +
        '{"created":"1970-01-01T00:00:00Z","created_by":"bivy: wheels fastapi==0.95.1 starlette==0.26.1"},' +
        '{"created":"1970-01-01T00:00:00Z","created_by":"bivy: app"}],"os":"linux","rootfs":{"diff_ids":' +
        `["${A}","${B}"],"type":"layers"},"variant":"v7"}`,
    );
  });

  it('takes an epoch for every time it states', () => {
    const bytes = imageConfig({
      platform: 'linux/amd64',
      layers: [{ diffId: A, kind: 'app', packages: [] }],
      settings: {},
      epoch: 1_700_000_000,
    });
    expect(decode(bytes)).toMatchObject({
      created: '2023-11-14T22:13:20Z',
      history: [{ created: '2023-11-14T22:13:20Z' }],
    });
  });

  it('keeps what the base says, but not its entry point', () => {
    const base: ImageConfig = {
      os: 'linux',
      architecture: 'arm64',
      variant: 'v8',
      created: '2020-01-01T00:00:00Z',
      author: 'somebody',
      config: {
        User: 'app',
        Env: ['A=1'],
        Entrypoint: ['/entry'],
        Cmd: ['python3'],
        WorkingDir: '/srv',
        Labels: { theirs: '1', both: 'theirs' },
        ExposedPorts: { '80/tcp': {} },
        Volumes: { '/old': {} },
        StopSignal: 'SIGINT',
        Healthcheck: { Test: ['NONE'] },
        Shell: ['/bin/sh', '-c'],
      },
      rootfs: { type: 'layers', diff_ids: [A] },
      history: [{ created_by: 'ADD' }, { created_by: 'CMD', empty_layer: true }],
    };
    const settings = { labels: { both: 'ours' }, expose: [8000], volumes: ['/new'], cmd: ['run'] };
    const config = decode(
      imageConfig({
        platform: 'linux/arm64',
        base,
        layers: [{ diffId: B, kind: 'app', packages: [] }],
        settings,
      }),
    );
    expect(config).toEqual({
      os: 'linux',
      architecture: 'arm64',
      variant: 'v8',
      created: '1970-01-01T00:00:00Z',
      config: {
        User: 'app',
        Env: ['A=1'],
        Cmd: ['run'],
        WorkingDir: '/srv',
        Labels: { theirs: '1', both: 'ours' },
        ExposedPorts: { '80/tcp': {}, '8000/tcp': {} },
        Volumes: { '/old': {}, '/new': {} },
        StopSignal: 'SIGINT',
        Healthcheck: { Test: ['NONE'] },
        Shell: ['/bin/sh', '-c'],
      },
      rootfs: { type: 'layers', diff_ids: [A, B] },
      history: [
        { created_by: 'ADD' },
        { created_by: 'CMD', empty_layer: true },
        { created: '1970-01-01T00:00:00Z', created_by: 'bivy: app' },
      ],
    });
  });

  it.each([
    ['no history', undefined],
    ['a history that does not count like its layers', [{ created_by: 'one' }]],
  ])('gives a base with %s an entry for each layer', (_, history) => {
    const base: ImageConfig = {
      os: 'linux',
      architecture: 'amd64',
      rootfs: { type: 'layers', diff_ids: [A, B] },
      ...(history === undefined ? {} : { history }),
    };
    const config = decode(imageConfig({ platform: 'linux/amd64', base, layers: [], settings: {} }));
    expect(config.history).toHaveLength(2);
  });
});

describe('an image', () => {
  it('names its configuration and layers by their digests', async () => {
    const layer = await layerOf(stage(), [{ path: 'a', body: 'x' }]);
    const image = imageOf([layer]);
    expect(image.manifestDigest).toBe(digestOf(image.manifest));
    expect(image.configDigest).toBe(digestOf(image.config));
    expect(JSON.parse(Buffer.from(image.manifest).toString('utf8'))).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: image.configDigest,
        size: image.config.length,
      },
      layers: [{ mediaType: layer.mediaType, digest: layer.digest, size: layer.size }],
    });
  });

  it('has no more layers than Docker takes', async () => {
    const layer = await layerOf(stage(), []);
    const many = (count: number) => Array.from({ length: count }, () => layer);
    const base = {
      config: { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } },
    } as const;
    const make = (below: number, above: number) =>
      assembleImage({
        platform: 'linux/amd64',
        base: { ...base, layers: many(below) },
        layers: many(above),
        settings: {},
        unpacked: 0,
      });
    expect(make(100, 25).layers).toHaveLength(125);
    expect(await codeOf(() => make(100, 26))).toBe('BASE_UNSUPPORTED');
  });

  it('stands in an index with its platform', () => {
    const images = [imageOf([], {}, 'linux/amd64'), imageOf([], {}, 'linux/arm/v7')];
    const { index, indexDigest } = assembleIndex(images);
    expect(indexDigest).toBe(digestOf(index));
    const { manifests } = JSON.parse(Buffer.from(index).toString('utf8')) as { manifests: unknown[] };
    expect(manifests).toMatchObject([
      { digest: images[0]!.manifestDigest, platform: { os: 'linux', architecture: 'amd64' } },
      { digest: images[1]!.manifestDigest, platform: { os: 'linux', architecture: 'arm', variant: 'v7' } },
    ]);
  });
});
