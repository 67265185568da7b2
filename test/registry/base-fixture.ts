// Images put into the tests' registry, and opened from there as bases.

import { gzipSync } from 'node:zlib';
import type { Context } from '../../src/kernel/context.ts';
import { digestOf } from '../../src/kernel/digest.ts';
import type { Base } from '../../src/oci/base.ts';
import { openRemoteBase } from '../../src/registry/base.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { type Member, type Stage, tarOf } from '../support/images.ts';
import type { TestRegistry } from '../support/registry.ts';
import { skippableFrame, zstdFrame } from '../support/zstd.ts';
import { connect } from './client-fixture.ts';

export const OCI = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
};
export const DOCKER = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  index: 'application/vnd.docker.distribution.manifest.list.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
};
export const REPOSITORY = 'team/base';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: object;
}

export interface LayerOf {
  readonly packed: Buffer;
  readonly diffId: string;
  readonly mediaType: string;
}

export interface Shape {
  readonly architecture?: string;
  readonly variant?: string;
  readonly layers?: readonly LayerOf[];
  readonly types?: typeof OCI;
  /** Of the manifest and its descriptor. */
  readonly change?: (manifest: Record<string, unknown>) => Record<string, unknown>;
  readonly diffIds?: readonly string[];
}

export function layer(
  members: readonly Member[],
  pack: 'gzip' | 'zstd' | 'chunked' | 'none' = 'gzip',
): LayerOf {
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
export function named(name: string, pack?: Parameters<typeof layer>[1]): LayerOf {
  return layer([{ path: 'etc/passwd', body: name }], pack);
}

export function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Adds an image; its descriptor, with the platform. */
export function addImage(served: TestRegistry, shape: Shape = {}, tag?: string): Required<Descriptor> {
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

export function addIndex(
  served: TestRegistry,
  manifests: readonly object[],
  tag?: string,
  mediaType: string = OCI.index,
): Descriptor {
  const bytes = json({ schemaVersion: 2, mediaType, manifests });
  return { mediaType, digest: served.addManifest(REPOSITORY, tag, bytes, mediaType), size: bytes.length };
}

/** All but the question whether there is a registry at all. */
export function asked(served: TestRegistry): string[] {
  return served.log.flatMap(({ method, path }) => (path === '/v2/' ? [] : [`${method} ${path}`]));
}

export function online(at: Stage): Context {
  return { ...at.context, offline: false };
}

export async function open(
  at: Stage,
  served: TestRegistry,
  name = ':1',
  platform = 'linux/amd64',
  registry: Registry = connect().registry,
): Promise<Base> {
  return openRemoteBase(`${served.domain}/${REPOSITORY}${name}`, platform, registry, online(at));
}

export const passwd = async (...args: Parameters<typeof open>): Promise<string | undefined> =>
  (await open(...args)).facts.passwd;

export function failure(
  work: Promise<unknown>,
): Promise<{ code: string; message: string; causes: string[]; hint: string }> {
  return work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => error as never,
  );
}
