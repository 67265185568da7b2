import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Event } from '../../src/kernel/events.ts';
import { type Http, type HttpRequest, requestWhole, type WholeResponse } from '../../src/kernel/http.ts';
import { createHttp, type Patience } from '../../src/kernel/http-client.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers each request, once it is read, with the next of these. */
async function serve(
  ...answers: ((response: ServerResponse) => void)[]
): Promise<{ origin: string; log: Received[] }> {
  const log: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk as Uint8Array);
    const { method, url, headers } = request;
    log.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
    const answer = answers.shift();
    if (answer === undefined) response.end('fine');
    else answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, log };
}

function client(patience: Partial<Patience> = {}): { http: Http; events: Event[] } {
  const events: Event[] = [];
  const http = createHttp({
    userAgent: 'bivy/test',
    signal: new AbortController().signal,
    emit: (event) => void events.push(event),
    environment: {},
    patience: { backoffMs: 1, headersMs: 2000, writtenMs: 2000, idleMs: 2000, ...patience },
  });
  closing.push(() => http.close());
  return { http, events };
}

function send(http: Http, request: Partial<HttpRequest> & { url: string }): Promise<WholeResponse> {
  return requestWhole(http, { limit: 1000, peer: 'registry', ...request });
}

function streamOf(
  ...pieces: readonly string[]
): Extract<HttpRequest['body'], { size: number }> & { opened(): number } {
  let opened = 0;
  return {
    size: pieces.join('').length,
    opened: () => opened,
    async *open() {
      opened += 1;
      for (const piece of pieces) yield Buffer.from(piece);
    },
  };
}

const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void => {
    response.writeHead(code, headers).end('no');
  };

describe('what is sent', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)(
    'by %s arrives, from memory and from a stream',
    async (method) => {
      const { origin, log } = await serve();
      const { http, events } = client();
      await send(http, {
        url: `${origin}/a`,
        method,
        body: Buffer.from('hello'),
        headers: { 'Content-Type': 'text/x' },
      });
      await send(http, { url: `${origin}/b`, method, body: streamOf('hel', '', 'lo') });
      expect(log.map(({ body }) => body)).toEqual(['hello', 'hello']);
      for (const { headers } of log) expect(headers).toMatchObject({ 'content-length': '5' });
      expect(log[0]?.headers['content-type']).toBe('text/x');
      expect(events[0]).toEqual({ type: 'request', url: `${origin}/a`, method });
    },
  );

  it('may be nothing', async () => {
    const { origin, log } = await serve();
    const { http } = client();
    await send(http, { url: origin, method: 'POST' });
    await send(http, { url: origin, method: 'PUT', body: streamOf() });
    expect(log.map(({ headers, body }) => [headers['content-length'], body])).toEqual([
      ['0', ''],
      ['0', ''],
    ]);
  });

  it('is opened again for another attempt', async () => {
    const { origin, log } = await serve(status(503), (response) => response.destroy());
    const { http } = client();
    const body = streamOf('hello');
    expect((await send(http, { url: origin, method: 'PUT', body })).status).toBe(200);
    expect(body.opened()).toBe(3);
    expect(log.map((received) => received.body)).toEqual(['hello', 'hello', 'hello']);
  });

  it('is not sent after a redirect', async () => {
    const { origin, log } = await serve(status(307, { location: '/elsewhere' }));
    const { http } = client();
    const answer = await send(http, { url: origin, method: 'PUT', body: Buffer.from('x') });
    expect(answer.status).toBe(307);
    expect(log).toHaveLength(1);
  });

  it('by HEAD has no body in its answer, whatever is declared', async () => {
    const { origin } = await serve(status(200, { 'content-length': '100000000' }));
    const { http } = client();
    const answer = await send(http, { url: origin, method: 'HEAD' });
    expect(answer.bytes).toHaveLength(0);
    expect(answer.headers['content-length']).toBe('100000000');
  });

  it('and breaks in its source is no fault of the server', async () => {
    const { origin, log } = await serve();
    const { http, events } = client();
    const error = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    const body = {
      size: 5,
      async *open(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('he');
        throw error;
      },
    };
    await expect(send(http, { url: origin, method: 'PUT', body })).rejects.toMatchObject({
      code: 'DISK_FULL',
      cause: error,
    });
    expect(events.filter(({ type }) => type === 'retry')).toEqual([]);
    expect(log).toEqual([]);
  });
});

describe('a status met in vain', () => {
  it('is thrown, or given back', async () => {
    const { origin, log } = await serve(...Array.from({ length: 5 }, () => status(503, { 'x-why': 'busy' })));
    const { http } = client({ attempts: 2 });
    await expect(send(http, { url: origin, method: 'POST' })).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: `cannot send to \`${origin}/\`: the server answered with status 503`,
    });
    const answer = await send(http, { url: origin, keepStatus: true });
    expect([answer.status, answer.headers['x-why'], Buffer.from(answer.bytes).toString()]).toEqual([
      503,
      'busy',
      'no',
    ]);
    expect(log).toHaveLength(4);
    expect((await send(http, { url: origin, keepStatus: true, attempts: 1 })).status).toBe(503);
    expect(log).toHaveLength(5);
  });
});

describe('a 401', () => {
  it('is answered once with what the caller has besides', async () => {
    const { origin, log } = await serve(status(401, { 'www-authenticate': 'Basic' }), status(401));
    const { http } = client();
    const asked: (string | undefined)[] = [];
    const renew = async (headers: Readonly<Record<string, string>>): Promise<Record<string, string>> => {
      asked.push(headers['www-authenticate']);
      return { authorization: 'Basic fresh' };
    };
    const body = streamOf('hello');
    const answer = await send(http, {
      url: origin,
      method: 'PUT',
      body,
      headers: { authorization: 'Basic old' },
      renew,
    });
    expect(answer.status).toBe(401);
    expect(asked).toEqual(['Basic']);
    expect(log.map(({ headers, body: sent }) => [headers.authorization, sent])).toEqual([
      ['Basic old', 'hello'],
      ['Basic fresh', 'hello'],
    ]);
  });

  it('of another host is nobody’s to answer', async () => {
    const other = await serve(status(401));
    const { origin } = await serve(status(302, { location: `${other.origin}/x` }));
    const { http } = client();
    const renew = async (): Promise<never> => {
      throw new Error('not asked');
    };
    expect((await send(http, { url: origin, renew })).status).toBe(401);
  });

  it('stays where there is nothing else to send, and what was said is read', async () => {
    const { origin } = await serve(status(401));
    const { http } = client();
    const answer = await send(http, { url: origin, renew: async () => undefined });
    expect([answer.status, Buffer.from(answer.bytes).toString()]).toEqual([401, 'no']);
  });
});
