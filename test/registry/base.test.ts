import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Context } from '../../src/kernel/context.ts';
import { type Digest, digestOf } from '../../src/kernel/digest.ts';
import { type Base, openBase } from '../../src/oci/base.ts';
import { openRemoteBase } from '../../src/registry/base.ts';
import { codeOf, layoutFiles, type Stage, stage, writeFiles } from '../support/images.ts';
import {
  addImage,
  addIndex,
  asked,
  failure,
  layer,
  named,
  OCI,
  online,
  open,
  passwd,
  REPOSITORY,
} from './base-fixture.ts';
import { connect, serve } from './client-fixture.ts';

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
    const methods = asked(served).map((line) => line.split(' ')[0]);
    expect(methods).toEqual(['GET', 'GET', 'GET', 'GET', 'GET']);
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
    expect(served.count('GET', /\/manifests\/1$/)).toBe(1);
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
    expect(served.count('GET', new RegExp(digestOf(wanted.packed)))).toBe(2);
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
