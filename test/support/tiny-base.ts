// A base image of a few kilobytes, for one platform or several, as an OCI layout on this disk or in the tests' registry:
// what bivy looks for in one (an interpreter, a C library, users), and nothing that runs.

import { mkdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { digestOf } from '../../src/kernel/digest.ts';
import { type Document, documentOf, layoutFiles, type Member, tarOf, writeFiles } from './images.ts';
import type { TestRegistry } from './registry.ts';

export interface TinyBase {
  /** `3.11.2`; `null` for a base without Python. Default: `3.11.2`. */
  readonly python?: string | null;
  /** Where the interpreter is: `usr/bin` (default), `usr/local/bin`. */
  readonly bin?: string;
  /** Further members of its one layer. */
  readonly members?: readonly Member[];
  readonly env?: readonly string[];
  readonly user?: string;
  /** One image each; default: `linux/amd64` alone. */
  readonly platforms?: readonly TinyPlatform[];
  /** Default: glibc 2.36. */
  readonly libc?: 'glibc' | 'musl';
}

export type TinyPlatform = 'linux/amd64' | 'linux/arm64' | 'linux/arm/v7';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

/** ELF's number of the machine, its class, and what loaders are called there. */
const MACHINES = {
  'linux/amd64': [62, 2, 'lib64/ld-linux-x86-64.so.2', 'lib/ld-musl-x86_64.so.1'],
  'linux/arm64': [183, 2, 'lib/ld-linux-aarch64.so.1', 'lib/ld-musl-aarch64.so.1'],
  'linux/arm/v7': [40, 1, 'lib/ld-linux-armhf.so.3', 'lib/ld-musl-armhf.so.1'],
} as const;

/** An ELF file that says nothing but what is looked for. */
function program(platform: TinyPlatform, libc: 'glibc' | 'musl', ...strings: string[]): Buffer {
  const [machine, size, glibc, musl] = MACHINES[platform];
  const head = Buffer.alloc(64);
  head.write(`\x7fELF${String.fromCharCode(size)}\x01\x01`, 'latin1');
  head.writeUInt16LE(machine, 18);
  const text = ['', `/${libc === 'musl' ? musl : glibc}`, ...strings, ''].join('\0');
  return Buffer.concat([head, Buffer.from(text, 'latin1')]);
}

/** Writes the layout into `directory` and returns its reference, `oci:DIRECTORY`. */
export function writeTinyBase(directory: string, base: TinyBase = {}): string {
  const { images, documents } = tinyImages(base);
  mkdirSync(directory, { recursive: true });
  writeFiles(directory, layoutFiles({ schemaVersion: 2, manifests: images }, documents));
  return `oci:${directory}`;
}

/** Puts it into a registry, as an index. @param name repository and tag. @returns its reference */
export function serveTinyBase(registry: TestRegistry, name: string, base: TinyBase = {}): string {
  const [repository = '', tag = ''] = name.split(':');
  const { images, documents } = tinyImages(base);
  for (const { digest, bytes } of documents) {
    if (images.some((image) => image.digest === digest)) {
      registry.addManifest(repository, undefined, bytes, MANIFEST);
    } else registry.addBlob(repository, bytes);
  }
  const index = { schemaVersion: 2, mediaType: INDEX, manifests: images };
  registry.addManifest(repository, tag, documentOf(index).bytes, INDEX);
  return `${registry.domain}/${name}`;
}

function tinyImages({ platforms = ['linux/amd64'], ...base }: TinyBase): {
  readonly images: readonly { readonly digest: string }[];
  readonly documents: readonly Document[];
} {
  const made = platforms.map((platform) => tinyImage(platform, base));
  return {
    images: made.map(({ manifest, platform }) => ({
      ...describe(manifest, MANIFEST),
      ...(platforms.length === 1 ? {} : { platform }),
    })),
    documents: made.flatMap(({ config, manifest, layer }) => [config, manifest, layer]),
  };
}

function tinyImage(
  platform: TinyPlatform,
  { python = '3.11.2', bin = 'usr/bin', members = [], env, user, libc = 'glibc' }: TinyBase,
): {
  readonly config: Document;
  readonly manifest: Document;
  readonly layer: Document;
  readonly platform: object;
} {
  const minor = /^\d+\.\d+/.exec(python ?? '')?.[0];
  const directories = ['etc/', 'usr/', 'usr/bin/', 'usr/lib/', ...(bin === 'usr/bin' ? [] : parentsOf(bin))];
  const tar = tarOf([
    ...directories.map((path) => ({ path })),
    { path: 'etc/passwd', body: 'root:x:0:0:root:/root:/sbin/nologin\n' },
    { path: 'etc/group', body: 'root:x:0:\n' },
    ...libraryOf(platform, libc),
    ...(python === null
      ? []
      : [{ path: `${bin}/python${minor}`, mode: 0o755, body: program(platform, libc, python) }]),
    ...members,
  ]);
  const layer = documentOf(gzipSync(tar));
  const [os = '', architecture = '', variant] = platform.split('/');
  const place = { architecture, os, ...(variant === undefined ? {} : { variant }) };
  const config = documentOf({
    ...place,
    config: { Env: [`PATH=/${bin}:/usr/bin`, ...(env ?? [])], ...(user === undefined ? {} : { User: user }) },
    rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
  });
  const manifest = documentOf({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: describe(config, 'application/vnd.oci.image.config.v1+json'),
    layers: [describe(layer, 'application/vnd.oci.image.layer.v1.tar+gzip')],
  });
  return { config, manifest, layer, platform: place };
}

function libraryOf(platform: TinyPlatform, libc: 'glibc' | 'musl'): readonly Member[] {
  if (libc === 'musl') {
    const path = MACHINES[platform][3];
    return [{ path: 'lib/' }, { path, mode: 0o755, body: program(platform, libc, '1.2.5') }];
  }
  const text = 'GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\nCopyright';
  return [{ path: 'usr/lib/libc.so.6', mode: 0o755, body: program(platform, libc, text) }];
}

function describe(
  { digest, size }: Document,
  mediaType: string,
): { readonly mediaType: string; readonly digest: string; readonly size: number } {
  return { mediaType, digest, size };
}

function parentsOf(path: string): string[] {
  const names = path.split('/');
  return names.map((_, index) => `${names.slice(0, index + 1).join('/')}/`).slice(1);
}
