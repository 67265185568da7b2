// HTTP to Docker's engine over whatever its address asks for. Docker Engine API; unversioned paths are the engine's own
// newest version. Bodies from the engine are bounded.

import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as httpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { BivyError } from '../kernel/errors.ts';
import type { Endpoint } from './endpoint.ts';

export interface EngineRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: {
    readonly type: string;
    readonly size: number;
    readonly chunks: AsyncIterable<Uint8Array>;
  };
  readonly signal: AbortSignal;
}

export interface EngineResponse {
  readonly status: number;
  readonly text: string;
}

const MAX_BODY = 64 << 20;
/** An engine that says nothing for so long to a question is not there; loading may take its time. */
const PATIENCE_MS = 60_000;

/**
 * One request to the engine; statuses are the caller's business.
 * @throws BivyError `ENGINE_UNREACHABLE`, `ENGINE_FAILED` where the connection breaks; whatever the body throws
 */
export async function askEngine(endpoint: Endpoint, request: EngineRequest): Promise<EngineResponse> {
  request.signal.throwIfAborted();
  const link = await dial(endpoint);
  try {
    return await exchange(endpoint, request, link);
  } finally {
    link.close();
  }
}

interface Link {
  readonly options: RequestOptions;
  readonly request: typeof httpRequest;
  /** What the other side said outside of HTTP: ssh's complaints. */
  complaint(): Promise<string>;
  close(): void;
}

async function dial(endpoint: Endpoint): Promise<Link> {
  const plain = {
    request: httpRequest,
    complaint: async (): Promise<string> => '',
    close: (): void => undefined,
  };
  if (endpoint.kind === 'unix') return { ...plain, options: { socketPath: endpoint.path } };
  if (endpoint.kind === 'tcp') {
    const options = { host: endpoint.host, port: endpoint.port };
    if (endpoint.tls === undefined) return { ...plain, options };
    const { request } = await import('node:https');
    const { verify, ...files } = endpoint.tls;
    return {
      ...plain,
      request: request as typeof httpRequest,
      options: { ...options, ...files, rejectUnauthorized: verify } as RequestOptions,
    };
  }
  const { dialSsh } = await import('./ssh.ts');
  const { stream, complaint, close } = dialSsh(endpoint.arguments);
  return { request: httpRequest, options: { createConnection: () => stream as Duplex }, complaint, close };
}

function exchange(endpoint: Endpoint, request: EngineRequest, link: Link): Promise<EngineResponse> {
  const { method, path, body, signal } = request;
  return new Promise((resolve, reject) => {
    let answered = false;
    const call = link.request({
      ...link.options,
      method,
      path,
      // A connection of its own; where one is given, there must be no agent at all.
      ...(link.options.createConnection === undefined ? { agent: false } : {}),
      headers: {
        // Over TLS the certificate is held against this name; a socket has none.
        ...(endpoint.kind === 'tcp' ? {} : { host: 'docker' }),
        connection: 'close',
        ...(body === undefined ? {} : { 'content-type': body.type, 'content-length': body.size }),
      },
    });
    const abort = (): void => {
      call.destroy();
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    call.once('close', () => signal.removeEventListener('abort', abort));
    call.once('response', (response) => {
      answered = true;
      collect(response)
        .then(resolve, (error: unknown) => toEngineError(endpoint, request, error, link).then(reject))
        .finally(() => call.destroy());
    });
    call.on('error', (error) => {
      // An engine that refuses a body answers and hangs up: the answer says more than the broken pipe.
      if (!answered) void toEngineError(endpoint, request, error, link).then(reject);
    });
    if (body === undefined) {
      call.setTimeout(PATIENCE_MS, () => call.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)));
      call.end();
      return;
    }
    send(call, body.chunks, () => answered).catch((error: unknown) => {
      call.destroy();
      reject(error);
    });
  });
}

async function send(
  call: ReturnType<typeof httpRequest>,
  chunks: AsyncIterable<Uint8Array>,
  answered: () => boolean,
): Promise<void> {
  for await (const chunk of chunks) {
    if (call.destroyed || answered()) return;
    if (call.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      const events = ['drain', 'error', 'close', 'response'] as const;
      const done = (): void => {
        for (const event of events) call.off(event, done);
        resolve();
      };
      for (const event of events) call.on(event, done);
    });
  }
  if (!call.destroyed) call.end();
}

async function collect(response: IncomingMessage): Promise<EngineResponse> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Error(`its answer is longer than ${MAX_BODY} bytes`);
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
}

const NOT_THERE = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
]);

async function toEngineError(
  endpoint: Endpoint,
  { body, signal }: EngineRequest,
  error: unknown,
  link: Link,
): Promise<unknown> {
  if (signal.aborted) return signal.reason;
  if (!(error instanceof Error)) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  const said = [error.message, await link.complaint()].filter((text) => text !== '');
  if (body !== undefined && (code === 'EPIPE' || code === 'ECONNRESET')) {
    return new BivyError('ENGINE_FAILED', "Docker's engine hung up while it was sent the image", {
      causes: said,
      cause: error,
      hint: 'see what the engine logged, and whether its disk is full',
    });
  }
  return new BivyError('ENGINE_UNREACHABLE', `no answer from Docker's engine at \`${endpoint.address}\``, {
    causes: [...said, `the address comes from ${endpoint.from}`],
    cause: error,
    hint: remedy(endpoint, code),
  });
}

function remedy(endpoint: Endpoint, code: string): string {
  if (code === 'EACCES' || code === 'EPERM') {
    return 'this user may not use that socket: join its group (often `docker`), or use a rootless engine';
  }
  const other = 'or write a file instead: `docker-archive:FILE`, `oci:DIR`';
  if (endpoint.kind === 'ssh') {
    return `check that \`ssh ${endpoint.arguments.slice(3).join(' ')}\` works, ${other}`;
  }
  if (NOT_THERE.has(code) || code === 'ECONNRESET') {
    return `start Docker, or say where it is with \`DOCKER_HOST\` or \`DOCKER_CONTEXT\`, ${other}`;
  }
  return `check \`docker version\` with the same \`DOCKER_HOST\` and \`DOCKER_CONTEXT\`, ${other}`;
}
