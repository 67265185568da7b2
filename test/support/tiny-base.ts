// A base image of a few kilobytes that is an OCI layout on this disk: what bivy looks for in one (an interpreter, a C
// library, users), and nothing that runs.

import { mkdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { digestOf } from '../../src/kernel/digest.ts';
import { documentOf, layoutFiles, type Member, tarOf, writeFiles } from './images.ts';

export interface TinyBase {
  /** `3.11.2`; `null` for a base without Python. Default: `3.11.2`. */
  readonly python?: string | null;
  /** Where the interpreter is: `usr/bin` (default), `usr/local/bin`. */
  readonly bin?: string;
  /** Further members of its one layer. */
  readonly members?: readonly Member[];
  readonly env?: readonly string[];
  readonly user?: string;
}

/** An ELF file for amd64 that says nothing but what is looked for. */
function program(...strings: string[]): Buffer {
  const head = Buffer.alloc(64);
  head.write('\x7fELF\x02\x01\x01', 'latin1');
  head.writeUInt16LE(62, 18);
  const text = ['', '/lib64/ld-linux-x86-64.so.2', ...strings, ''].join('\0');
  return Buffer.concat([head, Buffer.from(text, 'latin1')]);
}

/** Writes the layout into `directory` and returns its reference, `oci:DIRECTORY`. */
export function writeTinyBase(directory: string, base: TinyBase = {}): string {
  const { python = '3.11.2', bin = 'usr/bin', members = [], env, user } = base;
  const minor = /^\d+\.\d+/.exec(python ?? '')?.[0];
  const directories = ['etc/', 'usr/', 'usr/bin/', 'usr/lib/', ...(bin === 'usr/bin' ? [] : parentsOf(bin))];
  const layer = tarOf([
    ...directories.map((path) => ({ path })),
    { path: 'etc/passwd', body: 'root:x:0:0:root:/root:/sbin/nologin\n' },
    { path: 'etc/group', body: 'root:x:0:\n' },
    {
      path: 'usr/lib/libc.so.6',
      mode: 0o755,
      body: program('GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\nCopyright'),
    },
    ...(python === null ? [] : [{ path: `${bin}/python${minor}`, mode: 0o755, body: program(python) }]),
    ...members,
  ]);
  const blob = gzipSync(layer);
  const config = documentOf({
    architecture: 'amd64',
    os: 'linux',
    config: { Env: [`PATH=/${bin}:/usr/bin`, ...(env ?? [])], ...(user === undefined ? {} : { User: user }) },
    rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
  });
  const layerDocument = documentOf(blob);
  const manifest = documentOf({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: describe(config, 'application/vnd.oci.image.config.v1+json'),
    layers: [describe(layerDocument, 'application/vnd.oci.image.layer.v1.tar+gzip')],
  });
  const index = {
    schemaVersion: 2,
    manifests: [describe(manifest, 'application/vnd.oci.image.manifest.v1+json')],
  };
  mkdirSync(directory, { recursive: true });
  writeFiles(directory, layoutFiles(index, [config, manifest, layerDocument]));
  return `oci:${directory}`;
}

function describe({ digest, size }: { digest: string; size: number }, mediaType: string): object {
  return { mediaType, digest, size };
}

function parentsOf(path: string): string[] {
  const names = path.split('/');
  return names.map((_, index) => `${names.slice(0, index + 1).join('/')}/`).slice(1);
}
