import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withContext } from '../../src/app/context.ts';
import { digestOf, hexOf } from '../../src/kernel/digest.ts';
import { DirectoryCache } from '../../src/kernel/directory-cache.ts';
import type { Event } from '../../src/kernel/events.ts';
import { assembleIndex } from '../../src/oci/assemble.ts';
import type { Published } from '../../src/oci/destination.ts';
import type { BuiltImage, ImageIndex } from '../../src/oci/image.ts';
import { INDEX, MANIFEST, type Manifest } from '../../src/oci/spec.ts';
import { createRegistry } from '../../src/registry/client.ts';
import { registryDestination } from '../../src/registry/destination.ts';
import { imageOf, isThere } from '../support/images.ts';
import { imageOfLayout } from '../support/layout-image.ts';
import { CERTIFICATE } from '../support/registry.ts';
import { docker, haveEngine } from './support/engine.ts';
import { goProgram } from './support/go-programs.ts';
import { scratchFolder, start, succeed } from './support/program.ts';
import {
  haveProgram,
  haveRegistry,
  type RealRegistry,
  type RealRegistryOptions,
  startRealRegistry,
} from './support/registries.ts';
import { sharedCache } from './support/shared-folders.ts';

const folder = scratchFolder();
const DAEMON = 'containerd';
const root = process.getuid?.() === 0;
const login = { username: 'pusher', password: 'correct horse, battery: staple' };
const debian = haveRegistry();
const current = goProgram('registry');
const crane = goProgram('crane');
const have = {
  skopeo: haveProgram('skopeo', '--version'),
  podman: haveProgram('podman', '--version') && root,
  containerd: haveProgram(DAEMON, '--version') && haveProgram('ctr', '--version') && root,
  docker: haveEngine(),
};

const KINDS: readonly (readonly [string, boolean, RealRegistryOptions])[] = [
  ['Distribution 2.8', debian, {}],
  ['Distribution 2.8 with a login', debian, { login }],
  ['Distribution 2.8 with TLS and a login', debian, { login, tls: true }],
  ['Distribution 3', current !== undefined, { program: current ?? '' }],
  ['Distribution 3 with TLS', current !== undefined, { program: current ?? '', tls: true }],
];

let annapurna: BuiltImage;
let everest: BuiltImage;

beforeAll(async () => {
  mkdirSync(join(folder, 'docker'));
  writeFileSync(join(folder, 'docker', 'config.json'), '{}');
  for (const example of ['annapurna', 'everest']) {
    const layout = join(folder, example);
    await succeed(['build', join('examples', example), '--base', 'debian:12', '-o', `oci:${layout}`]);
  }
  annapurna = imageOfLayout(join(folder, 'annapurna'));
  everest = imageOfLayout(join(folder, 'everest'));
});

interface Push extends Published {
  readonly events: readonly Event[];
}

/** @param cache of its own where left out: what was seen before is not known */
async function push(
  image: BuiltImage | ImageIndex,
  tags: readonly string[],
  { login: asked, tls = false }: RealRegistryOptions,
  cache: string = join(folder, `cache-${Math.random().toString(36).slice(2)}`),
): Promise<Push> {
  const events: Event[] = [];
  const environment = tls ? { SSL_CERT_FILE: CERTIFICATE } : {};
  const published = await withContext(
    {
      environment,
      emit: (event) => events.push(event),
      signal: new AbortController().signal,
      offline: false,
      cache: new DirectoryCache(cache),
    },
    (context) => {
      const credential = asked === undefined ? undefined : ({ kind: 'password', ...asked } as const);
      const registry = createRegistry(
        { environment, insecure: [], mirrors: {} },
        context,
        async () => credential,
      );
      return registryDestination(registry).write(image, tags, context);
    },
  );
  return { ...published, events };
}

function blobBytes(image: BuiltImage): number {
  return image.layers.reduce((sum, { size }) => sum + size, image.config.length);
}

function run(command: string, ...parameters: readonly string[]): string {
  return execFileSync(command, parameters, {
    encoding: 'utf8',
    env: { ...process.env, SSL_CERT_FILE: CERTIFICATE, DOCKER_CONFIG: join(folder, 'docker') },
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 << 20,
  });
}

/** The two platforms of an index that shares its layers: what the second one would run is nobody's business here. */
function indexOf(image: BuiltImage): ImageIndex {
  return assembleIndex([image, imageOf(image.layers, { cmd: ['true'] }, 'linux/arm64')]);
}

describe.each(KINDS)('%s', (_, there, options) => {
  let registry: RealRegistry;
  beforeAll(async () => {
    if (there) registry = await startRealRegistry(options);
  });
  afterAll(() => registry?.stop());

  it.runIf(there)('takes an image, and the next time only questions', async () => {
    const tags = [`${registry.domain}/team/annapurna:1`, `${registry.domain}/team/annapurna:latest`];
    expect(await push(annapurna, tags, options)).toMatchObject({
      kind: 'registry',
      changed: true,
      moved: { uploaded: blobBytes(annapurna), mounted: 0, present: 0 },
    });
    expect(await push(annapurna, tags, options)).toMatchObject({
      changed: false,
      moved: { uploaded: 0, mounted: 0, present: blobBytes(annapurna) },
    });
    if (crane === undefined) return;
    if (options.login !== undefined) run(crane, 'auth', 'login', registry.domain, ...loginArguments());
    for (const tag of tags) {
      expect(run(crane, 'digest', tag).trim()).toBe(annapurna.manifestDigest);
      expect(run(crane, 'validate', '--remote', tag)).toContain('PASS');
    }
  });

  it.runIf(there)('takes an index of two platforms', async () => {
    const index = indexOf(annapurna);
    const tag = `${registry.domain}/team/index:1`;
    expect(await push(index, [tag], options)).toMatchObject({ changed: true });
    expect(await push(index, [tag], options)).toMatchObject({ changed: false });
    if (crane === undefined) return;
    expect(run(crane, 'digest', tag).trim()).toBe(index.indexDigest);
    expect(run(crane, 'validate', '--remote', tag)).toContain('PASS');
  });

  it.runIf(there)('gives a second repository by mounting what the first has', async () => {
    const cache = join(folder, `cache-of-${registry.domain.replace(':', '-')}`);
    await push(everest, [`${registry.domain}/team/everest:1`], options, cache);
    const second = await push(everest, [`${registry.domain}/other/everest:1`], options, cache);
    expect(second).toMatchObject({ moved: { uploaded: 0, mounted: blobBytes(everest), present: 0 } });
    expect(second.events.filter(({ type }) => type === 'blob-read')).toEqual([]);
    // Of another project: the base and the wheels that both have.
    const shared = annapurna.layers.filter(({ digest }) =>
      everest.layers.some((layer) => layer.digest === digest),
    );
    expect(shared.length).toBeGreaterThan(0);
    const { moved } = await push(annapurna, [`${registry.domain}/third/annapurna:1`], options, cache);
    expect(moved?.mounted).toBeGreaterThanOrEqual(shared.reduce((sum, { size }) => sum + size, 0));
  });
});

function loginArguments(): readonly string[] {
  return ['-u', login.username, '-p', login.password];
}

const LOGINS = KINDS.filter(([, , { login: asked }]) => asked !== undefined);

describe.runIf(debian).each(LOGINS)('%s', (_, __, options) => {
  let registry: RealRegistry;
  beforeAll(async () => {
    registry = await startRealRegistry(options);
  });
  afterAll(() => registry?.stop());

  it('refuses who does not log in, and says no word of the password', async () => {
    const tag = `${registry.domain}/team/denied:1`;
    const wrong = { ...options, login: { username: 'pusher', password: 'not the password' } };
    for (const refused of [wrong, { tls: options.tls ?? false }]) {
      const failure = await push(annapurna, [tag], refused).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'REGISTRY_DENIED' });
      expect(JSON.stringify(failure) + String((failure as Error).stack)).not.toContain('not the password');
    }
    const cache = join(folder, 'cache-without-secrets');
    const { events } = await push(annapurna, [tag], options, cache);
    const secrets = [login.password, Buffer.from(`${login.username}:${login.password}`).toString('base64')];
    const kept = readdirSync(cache, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
    expect(kept.length).toBeGreaterThan(0);
    for (const text of [JSON.stringify(events), ...kept]) {
      for (const secret of secrets) expect(text).not.toContain(secret);
    }
  });
});

describe.runIf(debian)('what was pushed', () => {
  let registry: RealRegistry;
  let tag: string;

  beforeAll(async () => {
    registry = await startRealRegistry();
    tag = `${registry.domain}/team/annapurna:1`;
    await push(annapurna, [tag], {});
  });
  afterAll(() => registry?.stop());

  it.runIf(have.skopeo)('is copied whole by skopeo, digest for digest', async () => {
    const index = indexOf(annapurna);
    const several = `${registry.domain}/team/several:1`;
    await push(index, [several], {});
    for (const [reference, digest] of [
      [tag, annapurna.manifestDigest],
      [several, index.indexDigest],
    ] as const) {
      const layout = join(folder, `copied-${hexOf(digest).slice(0, 8)}`);
      run(
        'skopeo',
        '--insecure-policy',
        'copy',
        '--all',
        '--src-tls-verify=false',
        `docker://${reference}`,
        `oci:${layout}:1`,
      );
      const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
      expect(manifests.map((manifest: { digest: string }) => manifest.digest)).toEqual([digest]);
      const blobs = join(layout, 'blobs', 'sha256');
      const held = readdirSync(blobs);
      for (const name of held) expect(hexOf(digestOf(readFileSync(join(blobs, name))))).toBe(name);
      expect(held).toEqual(expect.arrayContaining(annapurna.layers.map((layer) => hexOf(layer.digest))));
    }
  });

  it.runIf(have.podman)('is pulled by podman', () => {
    const storage = [
      '--root',
      join(folder, 'podman'),
      '--runroot',
      join(folder, 'podman-run'),
      '--storage-driver',
      'vfs',
    ];
    const policy = join(folder, 'policy.json');
    writeFileSync(policy, '{"default":[{"type":"insecureAcceptAnything"}]}');
    run('podman', ...storage, 'pull', '--quiet', '--tls-verify=false', '--signature-policy', policy, tag);
    const [inspected] = JSON.parse(run('podman', ...storage, 'image', 'inspect', tag));
    expect(inspected.Digest).toBe(annapurna.manifestDigest);
    expect(`sha256:${inspected.Id}`).toBe(annapurna.configDigest);
    run('podman', ...storage, 'rmi', '--force', tag);
  });

  it.runIf(have.containerd)('is pulled and unpacked by containerd', async () => {
    const at = join(folder, 'containerd');
    mkdirSync(at);
    const socket = join(at, 'containerd.sock');
    const config = join(at, 'config.toml');
    writeFileSync(config, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
    const parameters = [
      '--config',
      config,
      '--root',
      join(at, 'root'),
      '--state',
      join(at, 'state'),
      '--address',
      socket,
    ];
    const daemon = spawn(DAEMON, parameters, { stdio: 'ignore' });
    const ended = new Promise((resolve) => daemon.once('exit', resolve));
    try {
      for (let tries = 0; tries < 100 && !isThere('ctr', '-a', socket, 'version'); tries++) await sleep(100);
      run('ctr', '-a', socket, 'image', 'pull', '--plain-http', '--snapshotter', 'native', tag);
      const listed = run('ctr', '-a', socket, 'image', 'ls');
      expect(listed).toContain(tag);
      expect(listed).toContain(annapurna.manifestDigest);
    } finally {
      daemon.kill();
      await ended;
    }
  });

  it.runIf(have.docker)('is pulled and run by Docker', async () => {
    const { stdout } = await docker('pull', tag);
    try {
      expect(stdout).toContain(annapurna.manifestDigest);
      const ran = await docker('run', '--rm', '--network', 'none', '--read-only', '--tmpfs', '/tmp', tag);
      expect(JSON.parse(ran.stdout)).toMatchObject({ mountain: 'annapurna' });
    } finally {
      await docker('rmi', '--force', tag);
    }
  });
});

describe.runIf(debian)('`bivy build --push`', () => {
  let registry: RealRegistry;
  beforeAll(async () => {
    registry = await startRealRegistry();
  });
  afterAll(() => registry?.stop());

  function build(example: string, tag: string): string[] {
    return [
      'build',
      join('examples', example),
      '--base',
      'debian:12',
      '--push',
      '-t',
      `${registry.domain}/${tag}`,
    ];
  }

  /** What a tag leads to: each blob is there, and is what it is called. */
  async function expectWhole(repository: string, tag: string): Promise<string> {
    const get = async (path: string): Promise<Buffer> => {
      const accept = `${MANIFEST}, ${INDEX}`;
      const response = await fetch(`${registry.url}/v2/${repository}/${path}`, { headers: { accept } });
      expect(response.status, path).toBe(200);
      return Buffer.from(await response.arrayBuffer());
    };
    const manifest = await get(`manifests/${tag}`);
    const { config, layers } = JSON.parse(manifest.toString('utf8')) as Manifest;
    for (const { digest, size } of [config, ...layers]) {
      const blob = await get(`blobs/${digest}`);
      expect(blob.length).toBe(size);
      expect(digestOf(blob)).toBe(digest);
    }
    return digestOf(manifest);
  }

  it('sends what is not there, says where it went, and the next time sends nothing', async () => {
    const arguments_ = [...build('annapurna', 'team/said:1'), '--json'];
    const first = JSON.parse((await succeed(arguments_)).stdout);
    const [{ moved }] = first.destinations;
    expect(moved).toMatchObject({ uploaded: blobBytes(annapurna), mounted: 0, present: 0 });
    expect(await expectWhole('team/said', '1')).toBe(first.digest);
    const { stdout, stderr } = await succeed([...arguments_, '--verbose']);
    const [again] = JSON.parse(stdout).destinations;
    expect(again.moved).toMatchObject({ uploaded: 0, mounted: 0, present: blobBytes(annapurna) });
    expect(stderr).toMatch(/already in 127\.0\.0\.1:\d+\/team\/said: sha256:/);
    expect(stderr).not.toMatch(/sent to|mounted into/);
  });

  it.each([
    ['SIGKILL', 1],
    ['SIGKILL', 12],
    ['SIGKILL', 40],
    ['SIGINT', 2],
    ['SIGTERM', 25],
  ] as const)(
    'ended by %s after %i pieces leaves the old image whole, and goes on the next time',
    async (signal, piece) => {
      const repository = `ended/${signal.toLowerCase()}-${piece}`;
      const old = (await succeed(build('annapurna', `${repository}:1`))).stdout.trim();
      const { child, ended } = start([...build('everest', `${repository}:1`), '--verbose'], {
        environment: { BIVY_CACHE_DIR: withoutSeen(`${signal}-${piece}`) },
      });
      let pieces = 0;
      child.stderr?.on('data', (text: string) => {
        const before = pieces;
        pieces += text.split('sending to').length - 1;
        if (before < piece && pieces >= piece) child.kill(signal);
      });
      const { status, signal: by, stderr } = await ended;
      if (signal === 'SIGKILL') expect(by, stderr).toBe('SIGKILL');
      else expect(status, stderr).toBe(130);
      expect(await expectWhole(repository, '1')).toBe(old);
      const next = (await succeed(build('everest', `${repository}:1`))).stdout.trim();
      expect(next).not.toBe(old);
      expect(await expectWhole(repository, '1')).toBe(next);
    },
  );

  it('makes a layer anew whose file was damaged', async () => {
    const cache = withoutSeen('damaged');
    const environment = { BIVY_CACHE_DIR: cache };
    const largest = [...annapurna.layers].sort((a, b) => b.size - a.size)[0]!;
    const file = join(cache, 'blobs', 'sha256', hexOf(largest.digest));
    // The shared cache has the same file.
    rmSync(file);
    writeFileSync(file, Buffer.alloc(largest.size));
    const { stdout, stderr } = await succeed(build('annapurna', 'team/healed:1'), { environment });
    expect(stderr).toContain('damaged');
    expect(await expectWhole('team/healed', '1')).toBe(stdout.trim());
  });

  /** A cache like the shared one that knows of no other repository: everything has to be sent. */
  function withoutSeen(name: string): string {
    const cache = join(folder, `cache-${name}`);
    execFileSync('cp', ['-rl', sharedCache(), cache]);
    rmSync(join(cache, 'records', 'seen'), { recursive: true, force: true });
    return cache;
  }

  it('puts a password into no message, no cache and no image', async () => {
    const closed = await startRealRegistry({ login });
    try {
      const tag = `${closed.domain}/team/secret:1`;
      const cache = join(folder, 'cache-of-secrets');
      execFileSync('cp', ['-rl', sharedCache(), cache]);
      const arguments_ = [
        'build',
        'examples/annapurna',
        '--base',
        'debian:12',
        '--push',
        '-t',
        tag,
        '--verbose',
      ];
      const environment = { BIVY_CACHE_DIR: cache, BIVY_REGISTRY_USERNAME: login.username };
      const denied = await start(arguments_, {
        environment: { ...environment, BIVY_REGISTRY_PASSWORD: 'guessed wrongly' },
      }).ended;
      expect(denied.status, denied.stderr).toBe(2);
      expect(denied.stderr).toContain('docker login');
      const right = { ...environment, BIVY_REGISTRY_PASSWORD: login.password };
      const { stdout, stderr } = await succeed(arguments_, { environment: right });
      const secrets = ['guessed wrongly', login.password].flatMap((word) => [
        word,
        Buffer.from(`${login.username}:${word}`).toString('base64'),
        encodeURIComponent(word),
      ]);
      for (const text of [denied.stdout, denied.stderr, stdout, stderr]) {
        for (const secret of secrets) expect(text).not.toContain(secret);
      }
      for (const place of [cache, closed.storage]) {
        const found = secrets.filter((secret) => isFound(secret, place));
        expect(found).toEqual([]);
      }
    } finally {
      await closed.stop();
    }
  });
});

function isFound(secret: string, folderOf: string): boolean {
  const { status } = spawnSync('grep', ['-rqaF', '-e', secret, folderOf]);
  if (status === null || status > 1) throw new Error(`cannot search ${folderOf}`);
  return status === 0;
}
