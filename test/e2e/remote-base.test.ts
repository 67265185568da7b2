// Bases in a real registry, put there by skopeo: as it compresses them, and in Docker's own formats.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withContext } from '../../src/app/context.ts';
import { dockerDestination } from '../../src/engines/docker.ts';
import { type BivyError, describeError } from '../../src/kernel/errors.ts';
import { type Base, openBase } from '../../src/oci/base.ts';
import { localBlob } from '../../src/oci/image.ts';
import { openRemoteBase } from '../../src/registry/base.ts';
import { createRegistry } from '../../src/registry/client.ts';
import { findCredentials } from '../../src/registry/credentials.ts';
import {
  codeOf,
  documentOf,
  imageOf,
  layerOf,
  layoutFiles,
  type Stage,
  stage,
  writeFiles,
} from '../support/images.ts';
import { haveEngine } from './support/engine.ts';
import { haveProgram, haveRegistry, type RealRegistry, startRealRegistry } from './support/registries.ts';

const LOGIN = { username: 'me', password: 'tr0ub4dor-and-3' };
const TEXT = Array.from({ length: 40_000 }, (_, line) => `line ${line * line}`).join('\n');
const ready = haveRegistry() && haveProgram('skopeo', '--version');

describe.runIf(ready)('a base in a real registry', () => {
  let registry: RealRegistry;
  beforeAll(async () => {
    registry = await startRealRegistry({ login: LOGIN });
  });
  afterAll(() => registry.stop());

  /** An image of two layers on this disk, not compressed; skopeo takes what it once compressed from the registry. */
  async function layImage(at: Stage, name: string): Promise<void> {
    const layers = [
      await layerOf(
        at,
        [
          { path: 'etc/passwd', body: 'root:x:0:0::/:/bin/sh' },
          { path: 'text', body: name + TEXT },
        ],
        {
          compression: 'none',
        },
      ),
      await layerOf(at, [{ path: `srv/${name}/`, mode: 0o700 }], { compression: 'none' }),
    ];
    const image = imageOf(layers, { cmd: ['sh'] });
    const blobs = [image.manifest, image.config].map((bytes) => documentOf(Buffer.from(bytes)));
    const index = {
      schemaVersion: 2,
      manifests: [
        {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: image.manifestDigest,
          size: image.manifest.length,
        },
      ],
    };
    writeFiles(join(at.folder, 'x'), layoutFiles(index, blobs));
    for (const layer of layers) {
      execFileSync('cp', [localBlob(layer).path, join(at.folder, 'x/blobs/sha256/')]);
    }
  }

  function copy(at: Stage, tag: string, ...options: readonly string[]): void {
    execFileSync('skopeo', [
      'copy',
      '--insecure-policy',
      '--dest-tls-verify=false',
      `--dest-creds=${LOGIN.username}:${LOGIN.password}`,
      ...options,
      `oci:${join(at.folder, 'x')}`,
      `docker://${registry.domain}/team/base:${tag}`,
    ]);
  }

  function open(at: Stage, tag: string, password: string = LOGIN.password): Promise<Base> {
    mkdirSync(join(at.folder, 'docker'), { recursive: true });
    const auth = Buffer.from(`${LOGIN.username}:${password}`).toString('base64');
    writeFileSync(
      join(at.folder, 'docker/config.json'),
      JSON.stringify({ auths: { [registry.domain]: { auth } } }),
    );
    const environment = {
      DOCKER_CONFIG: join(at.folder, 'docker'),
      HOME: at.folder,
      XDG_RUNTIME_DIR: at.folder,
    };
    const { cache, controller } = at;
    const emit = (): void => undefined;
    return withContext({ environment, emit, signal: controller.signal, offline: false, cache }, (context) => {
      const options = { environment, insecure: [], mirrors: {} };
      const client = createRegistry(options, context, findCredentials(options));
      return openRemoteBase(`${registry.domain}/team/base:${tag}`, 'linux/amd64', client, context);
    });
  }

  it.each([
    ['gzip', []],
    ['zstd', ['--dest-compress', '--dest-compress-format=zstd']],
    ['docker', ['--format=v2s2']],
  ] as const)('is what it is on a disk: %s', async (tag, options) => {
    const at = stage();
    await layImage(at, tag);
    copy(at, tag, ...options);
    const base = await open(at, tag);
    const local = await openBase('oci:x', 'linux/amd64', at.context, { directory: at.folder });
    expect(base.facts).toEqual(local.facts);
    expect(base.layers.map(({ diffId, unpacked }) => ({ diffId, unpacked }))).toEqual(
      local.layers.map(({ diffId, unpacked }) => ({ diffId, unpacked })),
    );
    const type = tag === 'zstd' ? 'zstd' : 'gzip';
    expect(base.layers[0]?.mediaType).toBe(`application/vnd.oci.image.layer.v1.tar+${type}`);
  });

  it('is not there under another tag, and for nobody with another password', async () => {
    const at = stage();
    await layImage(at, 'private');
    copy(at, 'private');
    expect(await codeOf(() => open(at, 'absent'))).toBe('BASE_MISSING');
    const failure = await open(at, 'private', 'wr0ng-pass').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'REGISTRY_DENIED' });
    expect(JSON.stringify(describeError(failure as BivyError))).not.toContain('wr0ng-pass');
  });

  it.runIf(haveEngine())('whose layers are zstd loads into an engine that reads none', async () => {
    const at = stage();
    await layImage(at, 'load');
    copy(at, 'load', '--dest-compress', '--dest-compress-format=zstd');
    const base = await open(at, 'load');
    const layers = [];
    for (const layer of base.layers) {
      if (!('fetch' in layer.blob)) throw new Error('it stays in the registry');
      layers.push({ ...layer, blob: await layer.blob.fetch() });
    }
    const tag = `bivy-test-zstd:${process.pid}`;
    const destination = dockerDestination(process.env);
    try {
      const image = imageOf([...layers, await layerOf(at, [{ path: 'app/x', body: at.folder }])]);
      expect(await destination.write(image, [tag], at.context)).toMatchObject({ changed: true });
      const { RootFS: root } = JSON.parse(
        execFileSync('docker', ['image', 'inspect', '--format={{json .}}', tag], { encoding: 'utf8' }),
      ) as { RootFS: { Layers: string[] } };
      expect(root.Layers).toEqual(image.layers.map(({ diffId }) => diffId));
    } finally {
      execFileSync('docker', ['image', 'rm', '-f', tag], { stdio: 'ignore' });
    }
  });
});
