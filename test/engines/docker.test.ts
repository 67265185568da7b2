import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { dockerDestination } from '../../src/engines/docker.ts';
import { hexOf } from '../../src/kernel/digest.ts';
import { assembleIndex } from '../../src/oci/assemble.ts';
import { type BuiltImage, localBlob } from '../../src/oci/image.ts';
import { type EngineOptions, type FakeEngine, startEngine } from '../support/docker-engine.ts';
import { codeOf, imageOf, layerOf, type Stage, stage } from '../support/images.ts';

const engines: FakeEngine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
});

interface Set {
  readonly at: Stage;
  readonly engine: FakeEngine;
  load(image: BuiltImage, ...tags: string[]): Promise<boolean>;
}

async function setUp(options: EngineOptions = {}): Promise<Set> {
  const at = stage();
  const engine = await startEngine(at.folder, options);
  engines.push(engine);
  return {
    at,
    engine,
    async load(image, ...tags) {
      const destination = dockerDestination(engine.environment);
      await destination.check(at.context);
      return (await destination.write(image, tags, at.context)).changed;
    },
  };
}

async function imageSaying(at: Stage, ...words: string[]): Promise<BuiltImage> {
  const layers = [];
  for (const word of words)
    layers.push(await layerOf(at, [{ path: `app/${word}`, body: word.repeat(50_000) }]));
  return imageOf(layers, { cmd: words });
}

const layersIn = (members: readonly string[], image: BuiltImage): number[] =>
  image.layers.flatMap(({ digest }, index) =>
    members.includes(`blobs/sha256/${hexOf(digest)}`) ? [index] : [],
  );

describe('an engine with a classic store', () => {
  it('is sent an image once', async () => {
    const { at, engine, load } = await setUp();
    const image = await imageSaying(at, 'one', 'two');
    expect(await load(image, 'a:1')).toBe(true);
    expect(engine.images.get('a:1')?.id).toBe(image.configDigest);
    expect(layersIn(engine.loads[0]!, image)).toEqual([0, 1]);
    engine.requests.length = 0;
    at.events.length = 0;
    expect(await load(image, 'a:1')).toBe(false);
    expect(engine.requests).toEqual(['GET /_ping', 'GET /images/docker.io/library/a:1/json']);
    expect(at.events).toEqual([]);
  });

  it('is sent only what is above the longest beginning that it has', async () => {
    const { at, engine, load } = await setUp();
    await load(await imageSaying(at, 'one', 'x'), 'x:1');
    await load(await imageSaying(at, 'one', 'two', 'three'), 'y:1');
    await load(await imageSaying(at, 'two', 'one'), 'z:1');
    at.events.length = 0;
    const image = await imageSaying(at, 'one', 'two', 'four', 'three');
    expect(await load(image, 'a:1')).toBe(true);
    expect(layersIn(engine.loads.at(-1)!, image)).toEqual([2, 3]);
    expect(at.events.filter(({ type }) => type === 'blob-read')).toMatchObject([
      { digest: image.layers[2]!.digest },
      { digest: image.layers[3]!.digest },
    ]);
    const last = at.events.at(-1);
    expect(last).toMatchObject({ type: 'upload', to: 'docker' });
    expect(last?.type === 'upload' && last.sent === last.total).toBe(true);
  });

  it('is sent no layer when only the configuration differs', async () => {
    const { at, engine, load } = await setUp();
    const image = await imageSaying(at, 'one', 'two');
    await load(image, 'a:1');
    const other = imageOf(image.layers, { cmd: ['other'] });
    expect(await load(other, 'a:1')).toBe(true);
    expect(layersIn(engine.loads[1]!, other)).toEqual([]);
    expect(engine.images.get('a:1')?.id).toBe(other.configDigest);
  });

  it('is told another name for what it has', async () => {
    const { at, engine, load } = await setUp();
    const image = await imageSaying(at, 'one');
    await load(image, 'a:1');
    expect(await load(image, 'a:1', 'team/b:2')).toBe(true);
    expect(engine.loads).toHaveLength(1);
    expect(engine.requests.at(-1)).toBe(
      `POST /images/${image.configDigest}/tag?repo=docker.io%2Fteam%2Fb&tag=2`,
    );
  });

  it('is sent everything when what it had is gone meanwhile', async () => {
    let vanish = true;
    const { at, engine, load } = await setUp({
      interfere: (request) => {
        if (request.url?.startsWith('/images/load') === true && vanish) engine.images.clear();
        return false;
      },
    });
    vanish = false;
    await load(await imageSaying(at, 'one'), 'x:1');
    vanish = true;
    const image = await imageSaying(at, 'one', 'two');
    expect(await load(image, 'a:1')).toBe(true);
    expect(engine.loads.slice(1).map((members) => layersIn(members, image))).toEqual([[1], [0, 1]]);
  });

  it('needs no name', async () => {
    const { at, engine, load } = await setUp();
    const image = await imageSaying(at, 'one');
    expect(await load(image)).toBe(true);
    expect(await load(image)).toBe(false);
    expect(engine.images.has(image.configDigest)).toBe(true);
  });

  it('does not mind images that go while they are looked at', async () => {
    const { at, load } = await setUp({
      interfere: (request, response) => {
        if (request.url !== '/images/json') return false;
        response.end(JSON.stringify([{ Id: `sha256:${'0'.repeat(64)}` }, { Id: 7 }, {}]));
        return true;
      },
    });
    expect(await load(await imageSaying(at, 'one'), 'a:1')).toBe(true);
  });
});

describe('an engine with containerd’s store', () => {
  it('is sent every layer, and a layout', async () => {
    const { at, engine, load } = await setUp({ store: 'containerd' });
    await load(await imageSaying(at, 'one'), 'x:1');
    const image = await imageSaying(at, 'one', 'two');
    expect(await load(image, 'a:1')).toBe(true);
    expect(layersIn(engine.loads[1]!, image)).toEqual([0, 1]);
    expect(engine.loads[1]).toEqual(expect.arrayContaining(['oci-layout', 'index.json', 'manifest.json']));
    expect(engine.images.get('a:1')?.id).toBe(image.manifestDigest);
    expect(await load(image, 'a:1')).toBe(false);
    expect(await load(image, 'b:1')).toBe(true);
    expect(engine.loads).toHaveLength(2);
  });
});

describe('several platforms', () => {
  it('are the engine’s own one', async () => {
    const { at, engine } = await setUp({ architecture: 'arm64' });
    const images = [imageOf([], { cmd: ['a'] }, 'linux/amd64'), imageOf([], { cmd: ['b'] }, 'linux/arm64')];
    await dockerDestination(engine.environment).write(assembleIndex(images), ['a:1'], at.context);
    expect(engine.images.get('a:1')?.id).toBe(images[1]!.configDigest);
    const other = assembleIndex([images[0]!]);
    expect(await codeOf(() => dockerDestination(engine.environment).write(other, ['a:1'], at.context))).toBe(
      'DESTINATION_INVALID',
    );
  });
});

describe('an engine that misbehaves', () => {
  const onLoad = (answer: (response: ServerResponse) => void): EngineOptions => ({
    interfere: (request, response) => {
      if (request.method !== 'POST') return false;
      // As Go's server does: the connection stays while the answer is read.
      response.shouldKeepAlive = true;
      request.resume();
      answer(response);
      return true;
    },
  });

  const saying = (answer: (response: ServerResponse) => void, except = ''): EngineOptions => ({
    interfere: (request, response) => {
      if (request.url === except) return false;
      answer(response);
      return true;
    },
  });

  it.each<[string, EngineOptions, string, RegExp]>([
    [
      'refuses the image',
      onLoad((r) => r.end('{"stream":"x"}\n{"error":"no space left on device"}\n')),
      'ENGINE_FAILED',
      /no space left on device/,
    ],
    [
      'refuses it with a status',
      onLoad((r) => r.writeHead(500).end('{"message":"boom"}')),
      'ENGINE_FAILED',
      /boom/,
    ],
    [
      'refuses it without words',
      onLoad((r) => r.writeHead(502).end('<html>')),
      'ENGINE_FAILED',
      /status 502: <html>/,
    ],
    ['answers nonsense', onLoad((r) => r.end('hello')), 'ENGINE_FAILED', /hello/],
    ['hangs up', onLoad((r) => r.destroy()), 'ENGINE_FAILED', /hang up|ECONNRESET|EPIPE/],
    [
      'forgets the image',
      onLoad((r) => r.end('{"stream":"Loaded image: a:1"}\n')),
      'ENGINE_FAILED',
      /does not have `a:1`/,
    ],
    ['is no engine', saying((r) => r.end('<html>'), '/_ping'), 'ENGINE_FAILED', /<html>/],
    ['is broken', saying((r) => r.writeHead(500).end('{"message":"broken"}')), 'ENGINE_FAILED', /broken/],
  ])('%s', async (_, options, code, words) => {
    const { at, load } = await setUp(options);
    const image = await imageSaying(at, 'one', 'two');
    const error = await load(image, 'a:1').catch(
      (thrown: unknown) => thrown as { code: string; message: string; causes: string[]; hint: string },
    );
    expect(error).toMatchObject({ code, hint: expect.stringMatching(/./) });
    expect(typeof error === 'object' && [error.message, ...error.causes].join('\n')).toMatch(words);
  });

  it('is told nothing of a damaged layer', async () => {
    const { at, engine, load } = await setUp();
    const image = await imageSaying(at, 'one', 'two');
    const { path } = localBlob(image.layers[1]!);
    const bytes = readFileSync(path);
    bytes[30]! ^= 1;
    writeFileSync(path, bytes);
    expect(await codeOf(() => load(image, 'a:1'))).toBe('HASH_MISMATCH');
    expect(engine.images.size).toBe(0);
  });

  it('can be left', async () => {
    const { at, load } = await setUp({
      interfere: (request) => {
        if (request.method === 'POST') at.controller.abort();
        return request.method === 'POST';
      },
    });
    await expect(load(await imageSaying(at, 'one'), 'a:1')).rejects.toThrow(/abort/i);
  });
});

describe('no engine', () => {
  it.each([
    ['unix:///nowhere/docker.sock', /DOCKER_HOST/, /ENOENT/],
    ['tcp://127.0.0.1:1', /DOCKER_CONTEXT/, /ECONNREFUSED/],
  ])('at %s', async (address, hint, cause) => {
    const { context } = stage();
    await expect(dockerDestination({ DOCKER_HOST: address }).check(context)).rejects.toMatchObject({
      code: 'ENGINE_UNREACHABLE',
      message: `no answer from Docker's engine at \`${address}\``,
      hint: expect.stringMatching(hint),
      causes: expect.arrayContaining([expect.stringMatching(cause), 'the address comes from `DOCKER_HOST`']),
    });
  });
});

describe('an engine behind tcp', () => {
  const pem = readFileSync(new URL('../kernel/fixtures/loopback.pem', import.meta.url));

  it('is sent images', async () => {
    const { at, engine, load } = await setUp({ tcp: {} });
    expect(await load(await imageSaying(at, 'one'), 'a:1')).toBe(true);
    expect(engine.images.has('a:1')).toBe(true);
  });

  it('may speak TLS, if it is the one that is known', async () => {
    const { at, engine } = await setUp({ tcp: { pem } });
    const image = await imageSaying(at, 'one');
    const load = async (environment: NodeJS.ProcessEnv): Promise<boolean> => {
      const destination = dockerDestination({ ...engine.environment, ...environment });
      await destination.check(at.context);
      return (await destination.write(image, ['a:1'], at.context)).changed;
    };
    writeFileSync(join(at.folder, 'ca.pem'), pem);
    const known = { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: at.folder };
    expect(await codeOf(() => load({ DOCKER_TLS_VERIFY: '1' }))).toBe('ENGINE_UNREACHABLE');
    expect(await codeOf(() => load({}))).toBe('ENGINE_UNREACHABLE');
    expect(await load(known)).toBe(true);
    expect(await load({ DOCKER_TLS: '1' })).toBe(false);
  });
});

describe('an engine behind ssh', () => {
  const path = process.env['PATH'];
  afterEach(() => {
    process.env['PATH'] = path;
  });

  /** A stand-in for ssh that runs the command here, with a `docker` that joins its streams to a socket. */
  function standIn(folder: string): void {
    const programs = {
      ssh: '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nhost=$1\nshift\n[ "$host" = good ] || { echo "ssh: no $host" >&2; exit 255; }\nexec /bin/sh -c "$*"\n',
      docker: `#!${process.execPath}\nconst s = require('node:net').connect(${JSON.stringify(join(folder, 'docker.sock'))});\nprocess.stdin.pipe(s).pipe(process.stdout);\n`,
    };
    mkdirSync(join(folder, 'bin'));
    for (const [name, text] of Object.entries(programs)) {
      writeFileSync(join(folder, 'bin', name), text);
      chmodSync(join(folder, 'bin', name), 0o755);
    }
    process.env['PATH'] = `${join(folder, 'bin')}${delimiter}${path}`;
  }

  it('is sent images', async () => {
    const { at, engine } = await setUp();
    standIn(at.folder);
    const image = await imageSaying(at, 'one', 'two');
    const destination = dockerDestination({ HOME: at.folder, DOCKER_HOST: 'ssh://good' });
    await destination.check(at.context);
    expect(await destination.write(image, ['a:1'], at.context)).toMatchObject({ changed: true });
    expect(await destination.write(image, ['a:1'], at.context)).toMatchObject({ changed: false });
    expect(engine.images.get('a:1')?.id).toBe(image.configDigest);
  });

  it('says what ssh said', async () => {
    const { at } = await setUp();
    standIn(at.folder);
    await expect(dockerDestination({ DOCKER_HOST: 'ssh://bad' }).check(at.context)).rejects.toMatchObject({
      code: 'ENGINE_UNREACHABLE',
      causes: expect.arrayContaining(['ssh: no bad']),
    });
  });
});
