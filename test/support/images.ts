// Images made by hand: tars with whatever members a test wants, also those that no tool writes; layers, layouts, archives.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach } from 'vitest';
import type { Context } from '../../src/kernel/context.ts';
import { type Digest, digestOf, hexOf } from '../../src/kernel/digest.ts';
import { DirectoryCache } from '../../src/kernel/directory-cache.ts';
import type { Event } from '../../src/kernel/events.ts';
import { assembleImage } from '../../src/oci/assemble.ts';
import type { ImageSettings } from '../../src/oci/config.ts';
import type { BuiltImage, ImageLayer } from '../../src/oci/image.ts';

export interface Member {
  readonly path: string;
  /** A tar type flag; by what else is given where left out. */
  readonly type?: string;
  readonly body?: Uint8Array | string;
  readonly link?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
}

/** Directories end in `/`; a `link` makes a symbolic link unless the type says otherwise. */
export function tarOf(members: readonly Member[]): Buffer {
  const blocks = members.flatMap((member) => {
    const body = Buffer.from(member.body ?? '');
    const padding = Buffer.alloc((512 - (body.length % 512)) % 512);
    return [headerOf(member, body.length), body, padding];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function headerOf(member: Member, size: number): Buffer {
  const { path, link = '', uid = 0, gid = 0, mtime = 0 } = member;
  const type = member.type ?? (path.endsWith('/') ? '5' : link === '' ? '0' : '2');
  const mode = member.mode ?? (type === '5' ? 0o755 : 0o644);
  if (path.length > 100 || link.length > 100) throw new Error(`too long for a test's tar: ${path}`);
  const header = Buffer.alloc(512);
  header.write(path, 0, 'latin1');
  const fields = [
    [mode, 100, 8],
    [uid, 108, 8],
    [gid, 116, 8],
    [size, 124, 12],
    [mtime, 136, 12],
  ] as const;
  for (const [value, at, length] of fields)
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
  header.write(`        ${type}${link}`, 148, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

let folders: string[] = [];

/** A fresh directory that goes with the test; made before the test needs it. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bivy-test-'));
  folders.push(folder);
  return folder;
}

afterEach(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders = [];
});

export interface Stage {
  readonly folder: string;
  readonly context: Context;
  readonly cache: DirectoryCache;
  readonly events: Event[];
  readonly controller: AbortController;
}

/** An empty cache and a context that records what is said. */
export function stage(): Stage {
  const folder = scratch();
  const cache = new DirectoryCache(join(folder, 'cache'));
  const events: Event[] = [];
  const controller = new AbortController();
  const http = {
    request: () => Promise.reject(new Error('no network here')),
    close: () => Promise.resolve(),
  };
  const context: Context = {
    cache,
    http,
    emit: (event) => events.push(event),
    signal: controller.signal,
    offline: true,
  };
  return { folder, context, cache, events, controller };
}

export interface LayerOptions {
  readonly compression?: 'none' | 'gzip';
  readonly packages?: readonly string[];
}

/** A layer whose blob is in the cache. */
export async function layerOf(
  { cache }: Pick<Stage, 'cache'>,
  members: readonly Member[],
  { compression = 'gzip', packages = [] }: LayerOptions = {},
): Promise<ImageLayer> {
  const tar = tarOf(members);
  const blob = await cache.putBlob([compression === 'gzip' ? gzipSync(tar) : tar]);
  return {
    kind: 'app',
    mediaType: `application/vnd.oci.image.layer.v1.tar${compression === 'gzip' ? '+gzip' : ''}`,
    digest: blob.digest,
    size: blob.size,
    diffId: digestOf(tar),
    unpacked: members.reduce((sum, { body = '' }) => sum + Buffer.byteLength(body), 0),
    packages,
    cached: false,
    blob: { path: blob.path, offset: 0 },
  };
}

export function imageOf(
  layers: readonly ImageLayer[],
  settings: ImageSettings = { cmd: ['/bin/true'] },
  platform = 'linux/amd64',
): BuiltImage {
  const unpacked = layers.reduce((sum, layer) => sum + layer.unpacked, 0);
  return assembleImage({ platform, layers, settings, unpacked });
}

export interface Document {
  readonly digest: Digest;
  readonly size: number;
  readonly bytes: Buffer;
}

export function documentOf(value: unknown): Document {
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
  return { digest: digestOf(bytes), size: bytes.length, bytes };
}

/** Files by their path, below a folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, Uint8Array | string>>): void {
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
}

/** The files of a layout that holds these blobs. */
export function layoutFiles(
  index: unknown,
  documents: readonly Document[],
): Readonly<Record<string, Uint8Array | string>> {
  return {
    'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
    'index.json': JSON.stringify(index),
    ...Object.fromEntries(documents.map(({ digest, bytes }) => [`blobs/sha256/${hexOf(digest)}`, bytes])),
  };
}

/** Whether a program of this machine answers. */
export function isThere(name: string, ...parameters: readonly string[]): boolean {
  try {
    execFileSync(name, parameters, { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

/** The code of the error that is thrown. */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return 'none';
}
