// A Docker engine in this process, over a Unix socket: a classic store that knows layers by the chain under them, or
// containerd's. It really reads what it is sent, and can misbehave.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { digestOf } from '../../src/kernel/digest.ts';
import { readTar } from '../../src/kernel/untar.ts';

export interface EngineOptions {
  readonly store?: 'classic' | 'containerd';
  readonly architecture?: string;
  /** Over TCP instead: a certificate with its key, for TLS, or nothing for none. */
  readonly tcp?: { readonly pem?: Buffer };
  /** Answers a request itself by returning true. */
  readonly interfere?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export interface FakeEngine {
  readonly environment: NodeJS.ProcessEnv;
  /** `METHOD /path` of every request. */
  readonly requests: string[];
  /** Members of each tar that was sent. */
  readonly loads: string[][];
  /** Image by name or identity; those with a name have `NAME:TAG`. */
  readonly images: Map<string, { readonly id: string; readonly diffIds: readonly string[] }>;
  close(): Promise<void>;
}

export async function startEngine(folder: string, options: EngineOptions = {}): Promise<FakeEngine> {
  const { store = 'classic', architecture = 'amd64' } = options;
  const path = join(folder, 'docker.sock');
  const requests: string[] = [];
  const loads: string[][] = [];
  const images: FakeEngine['images'] = new Map();

  async function load(request: IncomingMessage): Promise<string> {
    const files = new Map<string, Buffer>();
    for await (const entry of readTar(request)) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry.content) chunks.push(Buffer.from(chunk));
      files.set(entry.path, Buffer.concat(chunks));
    }
    loads.push([...files.keys()]);
    const [item] = JSON.parse(files.get('manifest.json')!.toString()) as [
      { Config: string; RepoTags: string[]; Layers: string[] },
    ];
    const config = files.get(item.Config)!;
    const diffIds = (JSON.parse(config.toString()) as { rootfs: { diff_ids: string[] } }).rootfs.diff_ids;
    for (const [index, layer] of item.Layers.entries()) {
      const chain = diffIds.slice(0, index + 1).join();
      const known = [...images.values()].some((image) => image.diffIds.slice(0, index + 1).join() === chain);
      if (known && store === 'classic') continue;
      const bytes = files.get(layer);
      if (bytes === undefined) throw new Error(`open /tmp/${layer}: no such file or directory`);
      const plain = bytes[0] === 0x1f ? gunzipSync(bytes) : bytes;
      if (digestOf(plain) !== diffIds[index]) throw new Error('layer does not match its diffID');
    }
    let id: string = digestOf(config);
    if (store === 'containerd') {
      const { manifests } = JSON.parse(files.get('index.json')!.toString()) as {
        manifests: { digest: string }[];
      };
      id = manifests[0]!.digest;
    }
    for (const name of [id, ...item.RepoTags]) images.set(name, { id, diffIds });
    return `{"stream":"Loaded image: ${item.RepoTags[0]}\\n"}\n`;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, 'http://docker');
    const json = (value: unknown, status = 200): void =>
      void response.writeHead(status).end(JSON.stringify(value));
    const name = /^\/images\/(.+)\/(json|tag)$/.exec(decodeURIComponent(url.pathname));
    const found = images.get(name?.[1]?.replace('docker.io/library/', '').replace('docker.io/', '') ?? '');
    if (url.pathname === '/_ping') response.end('OK');
    else if (url.pathname === '/version') json({ Os: 'linux', Arch: architecture });
    else if (url.pathname === '/info') {
      json({
        DriverStatus:
          store === 'classic'
            ? [['Backing Filesystem', 'extfs']]
            : [['driver-type', 'io.containerd.snapshotter.v1']],
      });
    } else if (url.pathname === '/images/json')
      json([...new Set([...images.values()].map(({ id }) => id))].map((id) => ({ Id: id })));
    else if (url.pathname === '/images/load') {
      try {
        response.end(await load(request));
      } catch (error) {
        response.end(`{"errorDetail":{},"error":${JSON.stringify((error as Error).message)}}\n`);
      }
    } else if (name === null || found === undefined) json({ message: `No such image: ${name?.[1]}` }, 404);
    else if (name[2] === 'json') json({ Id: found.id, RootFS: { Type: 'layers', Layers: found.diffIds } });
    else {
      images.set(
        `${url.searchParams.get('repo')!.replace('docker.io/library/', '')}:${url.searchParams.get('tag')}`,
        found,
      );
      response.writeHead(201).end();
    }
  }

  const pem = options.tcp?.pem;
  const server: Server = pem === undefined ? createServer() : createSecureServer({ key: pem, cert: pem });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    requests.push(`${request.method} ${request.url}`);
    if (options.interfere?.(request, response) === true) return;
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    if (options.tcp === undefined) server.listen(path, resolve);
    else server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const host = typeof address === 'string' ? `unix://${path}` : `tcp://127.0.0.1:${address?.port}`;
  return {
    environment: { HOME: folder, DOCKER_HOST: host },
    requests,
    loads,
    images,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
