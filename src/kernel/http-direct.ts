// Requests over Node's own sockets: no proxy, one hop. How long a server may take to accept, to answer and between two
// pieces of a body is held here, each time from when it is the server's turn.

import {
  request as askPlainly,
  type ClientRequest,
  type IncomingMessage,
  Agent as PlainAgent,
} from 'node:http';
import type { Agent as SecureAgent } from 'node:https';
import { isSafe, type RequestBody } from './http.ts';
import { late, wrongLength } from './http-failure.ts';
import { joinHeaders } from './http-headers.ts';
import { headersWith, watched } from './http-sending.ts';
import type { RawRequest, RawResponse, Sender, SenderOptions } from './http-transport.ts';

/** A connection that nobody uses is closed after so long, before most servers do. */
const UNUSED_MS = 4000;

export function openDirect(options: SenderOptions): Sender {
  const { connections, tls, connectMs, headersMs, writtenMs, idleMs } = options;
  const common = {
    keepAlive: true,
    maxSockets: connections,
    timeout: UNUSED_MS,
    scheduling: 'lifo',
  } as const;
  const plain = new PlainAgent(common);
  let secure: { readonly ask: typeof askPlainly; readonly agent: SecureAgent } | undefined;

  async function way(protocol: string): Promise<{ ask: typeof askPlainly; agent: PlainAgent }> {
    if (protocol !== 'https:') return { ask: askPlainly, agent: plain };
    if (secure === undefined) {
      const { Agent, request } = await import('node:https');
      secure ??= { ask: request, agent: new Agent({ ...common, ...tls() }) };
    }
    return secure;
  }

  async function send(raw: RawRequest): Promise<RawResponse> {
    const { method, url, headers, body, signal } = raw;
    const { ask, agent } = await way(url.protocol);
    const request = ask(url, {
      agent,
      method,
      signal,
      // The agent's is for connections that nobody uses.
      timeout: 0,
      headers: headersWith(headers, body),
    });
    const clock = clockOf(request);
    return new Promise<RawResponse>((resolve, reject) => {
      let answered = false;
      request.on('error', (error) => {
        clock.stop();
        if (!answered && isStale(raw, request, error)) send(raw).then(resolve, reject);
        else reject(error);
      });
      request.on('response', (response) => {
        answered = true;
        clock.stop();
        resolve({
          status: response.statusCode ?? 0,
          headers: joinHeaders(response.headers),
          body: readable(request, response, idleMs),
        });
      });
      const awaitAnswer = (): void => {
        if (!answered && !request.destroyed) clock.start(isSafe(method) ? headersMs : writtenMs, 'headers');
      };
      // Others may have the connections: the clock starts with one's own.
      request.on('socket', (socket) => {
        const connected = (): void => {
          clock.stop();
          if (body !== undefined && !(body instanceof Uint8Array)) {
            write(request, body, idleMs, () => answered).then(awaitAnswer, (error) => request.destroy(error));
          } else awaitAnswer();
        };
        if (!socket.connecting) return connected();
        clock.start(connectMs, 'connection');
        socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', connected);
      });
      if (body === undefined) request.end();
      else if (body instanceof Uint8Array) request.end(body);
    });
  }

  return {
    send,
    async close() {
      plain.destroy();
      secure?.agent.destroy();
    },
  };
}

interface Clock {
  /** From now on, instead of what was waited for before. */
  start(milliseconds: number, what: Parameters<typeof late>[0]): void;
  stop(): void;
}

/** Ends a request that waits too long for one thing after another. */
function clockOf(request: ClientRequest): Clock {
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => clearTimeout(timer);
  return {
    start(milliseconds, what) {
      stop();
      timer = setTimeout(() => request.destroy(late(what)), milliseconds);
    },
    stop,
  };
}

/** A kept connection that the server closed while the request was on its way: nothing was done there. */
function isStale({ method }: RawRequest, request: ClientRequest, { code }: NodeJS.ErrnoException): boolean {
  return isSafe(method) && request.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE');
}

/** Sends a body, no faster than it is taken; an answer in the midst of it ends it. @throws what the source throws */
async function write(
  request: ClientRequest,
  body: RequestBody,
  idleMs: number,
  isAnswered: () => boolean,
): Promise<void> {
  let size = 0;
  for await (const chunk of watched(body, idleMs, (error) => request.destroy(error))) {
    if (request.destroyed || isAnswered()) return;
    size += chunk.length;
    if (size > body.size) break;
    await writeChunk(request, chunk);
  }
  if (request.destroyed || isAnswered()) return;
  if (size !== body.size) throw wrongLength(body.size, size);
  request.end();
}

/** Resolves when the system has the bytes, and the source may use their place again; or nobody wants them any more. */
function writeChunk(request: ClientRequest, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      request.off('response', done).off('close', done);
      resolve();
    };
    request.on('response', done).on('close', done);
    request.write(chunk, done);
  });
}

/** The body of an answer, as it comes. The connection is kept where all of it was read. */
function readable(request: ClientRequest, response: IncomingMessage, idleMs: number): RawResponse['body'] {
  const close = (): void => {
    response.destroy();
    // Whoever answers before it has all does not want the rest, and nothing else can be sent after half of it.
    if (!request.writableFinished) request.destroy();
  };
  // Without a listener an error of an unread body would end the process; its reader gets it too.
  response.on('error', () => {});
  return {
    async *[Symbol.asyncIterator]() {
      const iterator = response[Symbol.asyncIterator]();
      let timer: NodeJS.Timeout | undefined;
      try {
        for (;;) {
          timer = setTimeout(() => response.destroy(late('body')), idleMs);
          const next: IteratorResult<Uint8Array> = await iterator.next();
          clearTimeout(timer);
          if (next.done === true) return;
          yield next.value;
        }
      } finally {
        clearTimeout(timer);
        await iterator.return?.();
        close();
      }
    },
    destroy: close,
  };
}
