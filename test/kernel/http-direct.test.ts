import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Event } from '../../src/kernel/events.ts';
import { type Http, type HttpRequest, requestWhole } from '../../src/kernel/http.ts';
import { createHttp, type Patience } from '../../src/kernel/http-client.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** What a server says on its connections, to the byte. */
async function serve(
  talk: (socket: Socket, count: number) => void,
): Promise<{ port: number; met(): number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    talk(socket, sockets.size);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, met: () => sockets.size };
}

function client(
  patience: Partial<Patience> = {},
  signal: AbortSignal = new AbortController().signal,
): { http: Http; events: Event[] } {
  const events: Event[] = [];
  const http = createHttp({
    userAgent: 'bivy/test',
    signal,
    emit: (event) => void events.push(event),
    environment: {},
    patience: { backoffMs: 1, headersMs: 5000, writtenMs: 5000, idleMs: 5000, ...patience },
  });
  closing.push(() => http.close());
  return { http, events };
}

async function ask(http: Http, request: Partial<HttpRequest> & { url: string }): Promise<string> {
  const { status, bytes } = await requestWhole(http, { limit: 1000, keepStatus: true, ...request });
  return `${status} ${Buffer.from(bytes).toString()}`;
}

const FINE = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine';

/** Megabytes that no buffer between takes in. */
function large(): Extract<HttpRequest['body'], { size: number }> & { given(): number } {
  const piece = Buffer.alloc(1 << 20);
  let given = 0;
  return {
    size: 64 << 20,
    given: () => given,
    async *open() {
      for (let count = 0; count < 64; count++) {
        given += 1;
        yield piece;
      }
    },
  };
}

describe('a kept connection', () => {
  it('is used again', async () => {
    const { port, met } = await serve((socket) => socket.on('data', () => socket.write(FINE)));
    const { http } = client();
    for (const path of ['a', 'b', 'c']) {
      expect(await ask(http, { url: `http://127.0.0.1:${port}/${path}` })).toBe('200 fine');
    }
    expect(met()).toBe(1);
  });

  it('that the server closes just now is no failure of a question, which is asked over another one', async () => {
    const { port, met } = await serve((socket, count) => {
      let asked = 0;
      socket.on('data', () => {
        asked += 1;
        if (count === 1 && asked === 2) socket.resetAndDestroy();
        else socket.write(FINE);
      });
    });
    const { http, events } = client({ attempts: 1 });
    for (const path of ['a', 'b']) {
      expect(await ask(http, { url: `http://127.0.0.1:${port}/${path}` })).toBe('200 fine');
    }
    expect(met()).toBe(2);
    expect(events.filter(({ type }) => type === 'retry')).toEqual([]);
  });

  it('that is closed under what is sent is: it may have been done', async () => {
    const { port } = await serve((socket) => {
      let asked = 0;
      socket.on('data', () => {
        asked += 1;
        if (asked === 2) socket.resetAndDestroy();
        else socket.write(FINE);
      });
    });
    const { http } = client({ attempts: 1 });
    const url = `http://127.0.0.1:${port}/`;
    await ask(http, { url });
    await expect(ask(http, { url, method: 'POST' })).rejects.toMatchObject({
      message: expect.stringContaining('closed the connection'),
    });
  });
});

describe('a body that is sent', () => {
  it('is cut short by an answer, and what is asked next has a connection of its own', async () => {
    const server = createHttpServer((request, response) => {
      if (request.method === 'GET') response.end('fine');
      // Not a byte of it is read.
      else response.writeHead(413, { 'content-length': 3 }).end('big');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { http } = client({ attempts: 1 });
    const body = large();
    expect(await ask(http, { url, method: 'PUT', body })).toBe('413 big');
    expect(body.given()).toBeLessThan(64);
    expect(await ask(http, { url })).toBe('200 fine');
  });

  it('and that nobody takes is given up on', async () => {
    const { port } = await serve((socket) => socket.pause());
    const { http } = client({ attempts: 1, idleMs: 200 });
    const body = large();
    await expect(ask(http, { url: `http://127.0.0.1:${port}/`, method: 'PUT', body })).rejects.toMatchObject({
      message: expect.stringContaining('took no more bytes for 1 s'),
    });
    expect(body.given()).toBeLessThan(64);
  });

  it.each(['a connection', 'an answer', 'the rest of it'])(
    'and is given up while it waits for %s keeps nobody waiting',
    async (what) => {
      // A clock that still runs would keep the program from ending.
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      closing.push(() => vi.useRealTimers());
      const stopping = new AbortController();
      const { port } = await serve((socket) => {
        if (what === 'an answer') socket.resume();
        else socket.pause();
        if (what !== 'a connection') setImmediate(() => stopping.abort());
      });
      const { http } = client({ attempts: 1 }, stopping.signal);
      const body = what === 'an answer' ? Buffer.from('x') : large();
      const asked = ask(http, { url: `http://127.0.0.1:${port}/`, method: 'PUT', body });
      if (what === 'a connection') setImmediate(() => stopping.abort());
      await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
      for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it.each([
    ['less', ['he']],
    ['more', ['hello', ' world']],
  ])('and is %s than was announced is not sent again', async (_, pieces) => {
    const { port, met } = await serve((socket) => socket.resume());
    const { http } = client();
    const body = {
      size: 5,
      async *open(): AsyncGenerator<Uint8Array> {
        for (const piece of pieces) yield Buffer.from(piece);
      },
    };
    const sent = pieces.join('').length;
    await expect(ask(http, { url: `http://127.0.0.1:${port}/`, method: 'PUT', body })).rejects.toMatchObject({
      message: expect.stringContaining(`was announced 5 bytes, and there are ${sent}`),
    });
    expect(met()).toBe(1);
  });
});

describe('what cannot be sent', () => {
  it('is not tried twice, nor shown', async () => {
    const { port, met } = await serve((socket) => socket.resume());
    const { http, events } = client();
    const headers = { authorization: 'Bearer two\nlines' };
    const error = await ask(http, { url: `http://127.0.0.1:${port}/`, headers }).catch((e: unknown) => e);
    expect(String(error)).toMatch(/Invalid character in header content/);
    expect(String(error)).not.toContain('two');
    expect(events.filter(({ type }) => type === 'retry')).toEqual([]);
    expect(met()).toBe(0);
  });
});

describe('a server', () => {
  it('may take its time over what it was given to store, and over nothing else', async () => {
    const server = createHttpServer((_, response) => setTimeout(() => response.end('fine'), 200));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { http } = client({ attempts: 1, headersMs: 50 });
    expect(await ask(http, { url, method: 'PUT' })).toBe('200 fine');
    expect(await ask(http, { url, method: 'PATCH', body: Buffer.from('x') })).toBe('200 fine');
    await expect(ask(http, { url })).rejects.toMatchObject({
      message: expect.stringContaining('did not answer in time'),
    });
  });

  it('that takes connections and says nothing of who it is, is given up on', async () => {
    const { port } = await serve((socket) => socket.resume());
    const { http } = client({ attempts: 1, connectMs: 100 });
    await expect(ask(http, { url: `https://127.0.0.1:${port}/` })).rejects.toMatchObject({
      message: expect.stringContaining('did not accept the connection in time'),
    });
  });

  it('may not answer twice', async () => {
    const { port, met } = await serve((socket, count) => {
      socket.on('data', () => socket.write(count === 1 ? `${FINE}${FINE.replace('fine', 'evil')}` : FINE));
    });
    const { http } = client();
    const url = `http://127.0.0.1:${port}/`;
    expect(await ask(http, { url })).toBe('200 fine');
    expect(await ask(http, { url })).toBe('200 fine');
    expect(met()).toBe(2);
  });

  it('that does not speak HTTP is told so', async () => {
    const { port } = await serve((socket) => socket.on('data', () => socket.end('SSH-2.0-OpenSSH_9.2\r\n')));
    const { http } = client({ attempts: 1 });
    await expect(ask(http, { url: `http://127.0.0.1:${port}/` })).rejects.toMatchObject({
      message: expect.stringContaining('did not speak HTTP'),
    });
  });
});
