import { describe, expect, it } from 'vitest';
import { DOCKER_INDEX, DOCKER_MANIFEST, INDEX, MANIFEST } from '../../src/oci/spec.ts';
import type { Repository } from '../../src/registry/registry.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import type { RegistryStep } from '../support/registry-step.ts';
import { connect, digestOf, failureOf, readAll, serve, someBytes } from './client-fixture.ts';

const MANIFESTS = /\/manifests\//;
const BLOBS = /\/blobs\/sha256:/;

function at(server: TestRegistry, path = 'team/app'): Repository {
  return { domain: server.domain, path };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

const IMAGE = json({ schemaVersion: 2, mediaType: MANIFEST, config: {}, layers: [] });

describe('a manifest', () => {
  it.each<[string, unknown]>([
    [MANIFEST, { schemaVersion: 2, mediaType: MANIFEST, config: {}, layers: [] }],
    [MANIFEST, { schemaVersion: 2, config: {}, layers: [] }],
    [INDEX, { schemaVersion: 2, mediaType: INDEX, manifests: [] }],
    [DOCKER_MANIFEST, { schemaVersion: 2, mediaType: DOCKER_MANIFEST, config: {}, layers: [] }],
    [DOCKER_INDEX, { schemaVersion: 2, mediaType: DOCKER_INDEX, manifests: [] }],
  ])('%s is got by tag and by digest', async (mediaType, value) => {
    const server = await serve();
    const bytes = json(value);
    const digest = server.addManifest('team/app', '1.0', bytes, mediaType);
    const { registry } = connect();
    for (const reference of ['1.0', digest]) {
      const found = await registry.getManifest(at(server), reference);
      expect(found).toMatchObject({ mediaType, digest });
      expect(Buffer.from(found?.bytes ?? []).equals(bytes)).toBe(true);
      expect(await registry.findManifest(at(server), reference)).toBe(digest);
    }
    expect(server.count('GET', MANIFESTS)).toBe(2);
    expect(server.count('HEAD', MANIFESTS)).toBe(2);
  });

  it('that is not there is nothing', async () => {
    const server = await serve();
    const { registry } = connect();
    expect(await registry.getManifest(at(server), 'none')).toBeUndefined();
    expect(await registry.findManifest(at(server), 'none')).toBeUndefined();
  });

  it.each<[string, RegistryStep]>([
    ['tells no digest at HEAD', { kind: 'headers', headers: { 'docker-content-digest': '' } }],
    ['knows no HEAD', { kind: 'answer', status: 405 }],
  ])('is found where the registry %s', async (_, step) => {
    const server = await serve();
    const digest = server.addManifest('team/app', '1.0', IMAGE, MANIFEST);
    server.always('HEAD', MANIFESTS, step);
    expect(await connect().registry.findManifest(at(server), '1.0')).toBe(digest);
  });

  it.each<[string, string, Buffer, string, RegExp]>([
    ['changed on the way', MANIFEST, IMAGE, '1.0', /is not what was promised$/],
    [
      'in schema 1',
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
      json({ schemaVersion: 1 }),
      '1.0',
      /is in Docker's schema 1, which is not supported$/,
    ],
    [
      'of an unknown type',
      'application/else',
      json({ schemaVersion: 2, mediaType: 'application/\u0007else' }),
      '1.0',
      /is of the unknown type `application\/else`$/,
    ],
    [
      'both at once',
      MANIFEST,
      json({ mediaType: MANIFEST, config: {}, layers: [], manifests: [] }),
      '1.0',
      /is a manifest and an index at once$/,
    ],
    [
      'both at once, otherwise',
      INDEX,
      json({ mediaType: INDEX, manifests: [], layers: [] }),
      '1.0',
      /is a manifest and an index at once$/,
    ],
    ['no JSON', MANIFEST, Buffer.from('<html>'), '1.0', /is no JSON object$/],
    ['no object', MANIFEST, Buffer.from('[]'), '1.0', /is no JSON object$/],
    ['no UTF-8', MANIFEST, Buffer.from([0x22, 0xff, 0x22]), '1.0', /is no JSON object$/],
    [
      'too large',
      MANIFEST,
      Buffer.alloc((4 << 20) + 1, ' '),
      '1.0',
      /may have at most 4194304 bytes, but declares 4194305 bytes$/,
    ],
  ])('%s is refused', async (name, mediaType, bytes, tag, message) => {
    const server = await serve();
    const digest = server.addManifest('team/app', tag, bytes, mediaType);
    const headers = { 'content-type': mediaType, 'docker-content-digest': digest };
    const answer: RegistryStep = { kind: 'answer', status: 200, headers, body: bytes };
    server.always('GET', MANIFESTS, name.startsWith('changed') ? { kind: 'corrupt' } : answer);
    const { registry } = connect();
    const ask = registry.getManifest(at(server), tag);
    expect(await failureOf(ask)).toMatchObject({
      code: 'REGISTRY_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('of another digest than the one asked for is refused', async () => {
    const server = await serve();
    const digest = server.addManifest('team/app', undefined, IMAGE, MANIFEST);
    server.manifests.set(`team/app@${digest}`, { mediaType: MANIFEST, bytes: json({ mediaType: MANIFEST }) });
    const { registry } = connect();
    expect(await failureOf(registry.getManifest(at(server), digest))).toMatchObject({
      code: 'REGISTRY_INVALID',
      causes: [expect.stringContaining('its digest is'), `expected \`${digest}\``],
    });
    expect(await failureOf(registry.findManifest(at(server), digest))).toMatchObject({
      code: 'REGISTRY_INVALID',
    });
  });

  it('that breaks off is asked for again', async () => {
    const server = await serve();
    const digest = server.addManifest('team/app', '1.0', IMAGE, MANIFEST);
    server.script(
      'GET',
      MANIFESTS,
      { kind: 'truncate', after: 10 },
      { kind: 'reset' },
      { kind: 'answer', status: 503 },
    );
    expect(await connect().registry.getManifest(at(server), '1.0')).toMatchObject({ digest });
  });

  it('is put, and what is missing is named', async () => {
    const server = await serve();
    const { registry } = connect();
    const layer = server.addBlob('team/app', Buffer.from('layer'));
    const bytes = json({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { digest: layer },
      layers: [{ digest: layer }],
    });
    const manifest = { mediaType: MANIFEST, digest: digestOf(bytes), bytes };
    await registry.putManifest(at(server), manifest.digest, manifest);
    await registry.putManifest(at(server), '1.0', manifest);
    expect(server.manifests.get('team/app:1.0')).toEqual({ mediaType: MANIFEST, bytes });
    server.blobs.clear();
    expect(await failureOf(registry.putManifest(at(server), '1.0', manifest))).toMatchObject({
      code: 'REGISTRY_INVALID',
      message: `\`${server.domain}\` was asked to push \`team/app:1.0\` and answered with status 400`,
      causes: [`MANIFEST_BLOB_UNKNOWN: blob unknown to registry ({"digest":"${layer}"})`],
    });
    server.always('PUT', MANIFESTS, {
      kind: 'answer',
      status: 201,
      headers: { 'docker-content-digest': digestOf('other') },
    });
    expect(await failureOf(registry.putManifest(at(server), '1.0', manifest))).toMatchObject({
      code: 'REGISTRY_INVALID',
    });
  });

  it('that stays out of reach is told with what the registry said', async () => {
    const server = await serve();
    const body = json({
      errors: [{ code: 'TOOMANYREQUESTS', message: 'You have reached your pull rate limit.' }],
    });
    server.always('GET', MANIFESTS, { kind: 'answer', status: 429, body });
    expect(await failureOf(connect().registry.getManifest(at(server), '1.0'))).toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: `\`${server.domain}\` was asked to pull \`team/app:1.0\` and answered with status 429`,
      causes: ['TOOMANYREQUESTS: You have reached your pull rate limit.'],
      hint: expect.stringContaining('asked too often'),
    });
    expect(server.count('GET', MANIFESTS)).toBe(4);
  });
});

describe('a blob', () => {
  it.each<[string, RegistryStep[], boolean]>([
    ['as it is', [], true],
    [
      'that breaks off',
      [
        { kind: 'truncate', after: 100_000 },
        { kind: 'truncate', after: 70_000 },
      ],
      true,
    ],
    ['that breaks off, without ranges', [{ kind: 'truncate', after: 100_000 }], false],
    ['that stalls', [{ kind: 'stall', after: 100_000 }], true],
    ['that is busy', [{ kind: 'answer', status: 503 }, { kind: 'reset' }], true],
  ])('comes whole: %s', async (_, steps, ranges) => {
    const server = await serve({ ranges });
    const bytes = someBytes(300_000);
    server.addBlob('team/app', bytes);
    server.script('GET', BLOBS, ...steps);
    const { registry } = connect({ patience: { idleMs: 200 } });
    const blob = { digest: digestOf(bytes), size: bytes.length };
    expect((await readAll(registry.readBlob(at(server), blob))).equals(bytes)).toBe(true);
  });

  it('goes on with a fresh token', async () => {
    const login = { kind: 'password', username: 'me', password: 'pw' } as const;
    const server = await serve({ auth: { kind: 'bearer', username: 'me', password: 'pw', tokenUses: 1 } });
    const bytes = someBytes(300_000);
    server.addBlob('team/app', bytes);
    server.script('GET', BLOBS, { kind: 'truncate', after: 100_000 });
    const { registry } = connect({ login });
    const blob = { digest: digestOf(bytes), size: bytes.length };
    expect((await readAll(registry.readBlob(at(server), blob))).equals(bytes)).toBe(true);
    expect(server.tokens()).toBe(2);
    expect(server.log.at(-1)?.headers['range']).toBe('bytes=100000-');
  });

  it.each<[string, number, RegistryStep | undefined, RegExp]>([
    ['larger', 10, undefined, /may have at most 10 bytes, but declares 1000 bytes$/],
    ['shorter', 2000, undefined, /has 1000 bytes instead of 2000$/],
    ['not there', 1000, { kind: 'answer', status: 404 }, /lacks the blob `sha256:/],
    [
      'refused',
      1000,
      { kind: 'answer', status: 400 },
      /was asked to pull `team\/app@sha256:.* answered with status 400$/,
    ],
  ])('that is %s is refused', async (_, size, step, message) => {
    const server = await serve();
    const bytes = someBytes(1000);
    server.addBlob('team/app', bytes);
    if (step !== undefined) server.always('GET', BLOBS, step);
    const { registry } = connect();
    const reading = readAll(registry.readBlob(at(server), { digest: digestOf(bytes), size }));
    expect(await failureOf(reading)).toMatchObject({
      code: 'REGISTRY_INVALID',
      message: expect.stringMatching(message),
    });
  });
});

describe('a mirror', () => {
  it('is asked first, with its own login', async () => {
    const mirror = await serve({ auth: { kind: 'basic', username: 'm', password: 'of-the-mirror' } });
    const server = await serve({ auth: { kind: 'basic', username: 'o', password: 'of-the-origin' } });
    const digest = mirror.addManifest('team/app', '1.0', IMAGE, MANIFEST);
    mirror.addBlob('team/app', Buffer.from('blob'));
    const { registry, asked } = connect({
      mirrors: { [server.domain]: [mirror.domain] },
      login: ({ domain }) =>
        domain === mirror.domain
          ? { kind: 'password', username: 'm', password: 'of-the-mirror' }
          : { kind: 'password', username: 'o', password: 'of-the-origin' },
    });
    expect(await registry.getManifest(at(server), '1.0')).toMatchObject({ digest });
    expect(await registry.findManifest(at(server), '1.0')).toBe(digest);
    const blob = { digest: digestOf('blob'), size: 4 };
    expect((await readAll(registry.readBlob(at(server), blob))).toString()).toBe('blob');
    expect(server.log).toEqual([]);
    expect(asked).toEqual([at(mirror)]);
  });

  it('may be below a path', async () => {
    const mirror = await serve();
    const server = await serve();
    const digest = mirror.addManifest('proxy/hub/team/app', '1.0', IMAGE, MANIFEST);
    const { registry } = connect({ mirrors: { [server.domain]: [`${mirror.domain}/proxy/hub`] } });
    expect(await registry.findManifest(at(server), '1.0')).toBe(digest);
  });

  it.each<[string, RegistryStep | undefined]>([
    ['lacks it', undefined],
    ['denies it', { kind: 'answer', status: 403 }],
    ['changes it', { kind: 'corrupt' }],
    ['is down', { kind: 'answer', status: 503 }],
  ])('that %s is passed over', async (_, step) => {
    const mirror = await serve();
    const server = await serve();
    if (step?.kind === 'corrupt') mirror.addManifest('team/app', '1.0', IMAGE, MANIFEST);
    if (step !== undefined) mirror.always('GET', MANIFESTS, step);
    const digest = server.addManifest('team/app', '1.0', IMAGE, MANIFEST);
    const { registry, events } = connect({ mirrors: { [server.domain]: [mirror.domain] } });
    for (let times = 0; times < 2; times++) {
      expect(await registry.getManifest(at(server), '1.0')).toMatchObject({ digest });
    }
    const notes = events.filter(({ type }) => type === 'note');
    expect(notes).toHaveLength(step === undefined ? 0 : 1);
    if (step?.kind === 'answer' && step.status === 503) expect(mirror.count('GET', MANIFESTS)).toBe(4);
  });

  it('that is not there at all is passed over', async () => {
    const gone = await startRegistry();
    await gone.close();
    const server = await serve();
    server.addBlob('team/app', Buffer.from('blob'));
    const { registry } = connect({ mirrors: { [server.domain]: [gone.domain] } });
    const blob = { digest: digestOf('blob'), size: 4 };
    expect((await readAll(registry.readBlob(at(server), blob))).toString()).toBe('blob');
  });

  it('that breaks off in the middle of a blob is gone on for', async () => {
    const mirror = await serve();
    const server = await serve();
    const bytes = someBytes(200_000);
    mirror.addBlob('team/app', bytes);
    server.addBlob('team/app', bytes);
    mirror.always('GET', BLOBS, { kind: 'truncate', after: 30_000 });
    const { registry } = connect({ mirrors: { [server.domain]: [mirror.domain] } });
    const blob = { digest: digestOf(bytes), size: bytes.length };
    expect((await readAll(registry.readBlob(at(server), blob))).equals(bytes)).toBe(true);
    expect(server.count('GET', BLOBS)).toBe(1);
  });

  it('has no say where one pushes to', async () => {
    const mirror = await serve();
    const server = await serve();
    mirror.addManifest('team/app', '1.0', IMAGE, MANIFEST);
    mirror.addBlob('team/app', Buffer.from('blob'));
    const mirrors = { [server.domain]: [mirror.domain] };
    const own = connect({ mirrors, own: server.domain });
    expect(await own.registry.findManifest(at(server), '1.0')).toBeUndefined();
    const other = connect({ mirrors });
    expect(await other.registry.hasBlob(at(server), digestOf('blob'))).toBe(false);
    await other.registry.sendBlob(at(server), { digest: digestOf(''), size: 0, open: async function* () {} });
    expect(await other.registry.findManifest(at(server), '1.0')).toBeUndefined();
    expect(mirror.log).toEqual([]);
  });
});
