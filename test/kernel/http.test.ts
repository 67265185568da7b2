import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Event } from '../../src/kernel/events.ts';
import { type Http, type HttpRequest, requestWhole } from '../../src/kernel/http.ts';
import { createHttp, type Patience } from '../../src/kernel/http-client.ts';
import {
  filePath,
  type PackageIndex,
  type PackageIndexOptions,
  startPackageIndex,
} from '../support/package-index.ts';

const BYTES = randomBytes(300_000);
const NAME = 'demo-1.0-py3-none-any.whl';
const PATH = filePath(NAME);
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(options: PackageIndexOptions = {}): Promise<PackageIndex> {
  const index = await startPackageIndex({ files: [{ name: NAME, bytes: BYTES }], ...options });
  closing.push(() => index.close());
  return index;
}

interface Client {
  readonly http: Http;
  readonly events: Event[];
  readonly abort: AbortController;
}

function client(patience: Partial<Patience> = {}, environment: NodeJS.ProcessEnv = {}): Client {
  const events: Event[] = [];
  const abort = new AbortController();
  const http = createHttp({
    userAgent: 'bivy/test',
    signal: abort.signal,
    emit: (event) => void events.push(event),
    environment,
    patience: { backoffMs: 2, headersMs: 2000, idleMs: 2000, connectMs: 2000, ...patience },
  });
  closing.push(() => http.close());
  return { http, events, abort };
}

async function read(http: Http, request: Partial<HttpRequest> & { url: string }): Promise<Buffer> {
  const response = await http.request({ limit: 10_000_000, ...request });
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const countOf = (events: readonly Event[], type: Event['type']): number =>
  events.filter((event) => event.type === type).length;

describe('an answer', () => {
  it('comes with status, address, headers and body', async () => {
    const index = await serve();
    const { http, events } = client();
    const response = await http.request({
      url: index.fileUrl(NAME),
      limit: BYTES.length,
      headers: { 'X-Own': 'yes' },
    });
    expect(response.status).toBe(200);
    expect(response.url).toBe(index.fileUrl(NAME));
    expect(response.headers['content-length']).toBe(String(BYTES.length));
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(BYTES)).toBe(true);
    expect(index.log[0]?.headers).toMatchObject({ 'user-agent': 'bivy/test', 'x-own': 'yes' });
    expect(events).toEqual([{ type: 'request', url: index.fileUrl(NAME) }]);
  });

  it('of another status is the caller’s business', async () => {
    const index = await serve();
    const { http } = client();
    const { status, bytes } = await requestWhole(http, { url: `${index.origin}/files/nothing`, limit: 5 });
    expect(status).toBe(404);
    expect(Buffer.from(bytes).toString()).toBe('no such file');
    expect(index.count()).toBe(1);
  });

  it('comes over at most 8 connections at once', async () => {
    const index = await serve();
    // Slow enough that the eighth is asked before the first has ended, on a busy machine too.
    index.always(PATH, { kind: 'drip', bytes: 100_000, every: 50 });
    const { http } = client();
    await Promise.all(Array.from({ length: 30 }, () => read(http, { url: index.fileUrl(NAME) })));
    expect(index.mostAtOnce()).toBe(8);
  });

  it.each(['ftp://127.0.0.1/a', 'file:///etc/passwd', 'nonsense', 'http://'])(
    'is not asked of `%s`',
    async (url) => {
      await expect(read(client().http, { url })).rejects.toMatchObject({ code: 'INDEX_INVALID' });
    },
  );
});

describe('what passes', () => {
  it.each([
    ['a reset', { kind: 'reset' }],
    ['status 408', { kind: 'answer', status: 408 }],
    ['status 429', { kind: 'answer', status: 429, headers: { 'retry-after': '0' } }],
    ['status 500', { kind: 'answer', status: 500 }],
    ['status 502', { kind: 'answer', status: 502 }],
    [
      'status 503',
      { kind: 'answer', status: 503, headers: { 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' } },
    ],
    ['status 504', { kind: 'answer', status: 504 }],
  ] as const)('is tried again: %s', async (_, step) => {
    const index = await serve();
    index.script(PATH, step, step);
    const { http, events } = client();
    expect((await read(http, { url: index.fileUrl(NAME) })).equals(BYTES)).toBe(true);
    expect(index.count(PATH)).toBe(3);
    expect(countOf(events, 'retry')).toBe(2);
  });

  it('is tried again a few times only', async () => {
    const index = await serve();
    index.always(PATH, { kind: 'answer', status: 503 });
    const { http, events } = client();
    await expect(read(http, { url: index.fileUrl(NAME) })).rejects.toMatchObject({
      code: 'INDEX_UNREACHABLE',
      message: `cannot get \`${index.fileUrl(NAME)}\`: the server answered with status 503`,
    });
    expect(index.count(PATH)).toBe(4);
    expect(countOf(events, 'retry')).toBe(3);
  });

  it('is waited for as long as the server says, within reason', async () => {
    const index = await serve();
    index.script(PATH, { kind: 'answer', status: 429, headers: { 'retry-after': '3600' } });
    await expect(read(client().http, { url: index.fileUrl(NAME) })).rejects.toMatchObject({
      code: 'INDEX_UNREACHABLE',
      message: expect.stringContaining('asks to wait 3600 s'),
    });
    expect(index.count(PATH)).toBe(1);
  });

  it.each([400, 401, 403, 404, 410, 501])('is not status %d', async (status) => {
    const index = await serve();
    index.script(PATH, { kind: 'answer', status });
    const response = await client().http.request({ url: index.fileUrl(NAME), limit: 10 });
    expect(response.status).toBe(status);
    expect(index.count(PATH)).toBe(1);
  });

  it('carries the code of a mirror where one is asked', async () => {
    const index = await serve();
    index.always(PATH, { kind: 'reset' });
    await expect(read(client().http, { url: index.fileUrl(NAME), peer: 'mirror' })).rejects.toMatchObject({
      code: 'MIRROR_UNREACHABLE',
    });
  });
});

describe('a server that is away', () => {
  it('is named, with what to do', async () => {
    const index = await serve();
    const url = index.fileUrl(NAME);
    await index.close();
    await expect(read(client().http, { url })).rejects.toMatchObject({
      code: 'INDEX_UNREACHABLE',
      message: `cannot get \`${url}\`: the server refused the connection`,
      hint: expect.stringContaining('--offline'),
    });
  });

  it('is given up on when it never answers', async () => {
    const index = await serve();
    index.always(PATH, { kind: 'hang' });
    await expect(
      read(client({ headersMs: 50, attempts: 2 }).http, { url: index.fileUrl(NAME) }),
    ).rejects.toMatchObject({
      code: 'INDEX_UNREACHABLE',
      message: expect.stringContaining('did not answer in time'),
    });
    expect(index.count(PATH)).toBe(2);
  });

  it('is given up on when it stops in the middle', async () => {
    const index = await serve({ etags: false });
    index.always(PATH, { kind: 'stall', after: 1000 });
    await expect(read(client({ idleMs: 50 }).http, { url: index.fileUrl(NAME) })).rejects.toMatchObject({
      code: 'INDEX_UNREACHABLE',
      message: expect.stringContaining('stopped in the middle of its answer after 1000 of 300000 bytes'),
    });
  });

  it('is given up on when it drips', async () => {
    const index = await serve({ etags: false });
    index.always(PATH, { kind: 'drip', bytes: 10, every: 10 });
    await expect(
      read(client({ paceMs: 100, paceBytes: 10_000 }).http, { url: index.fileUrl(NAME) }),
    ).rejects.toMatchObject({
      code: 'INDEX_UNREACHABLE',
      message: expect.stringMatching(/sent only \d+ bytes in/),
    });
  });

  it('does not outlive Ctrl-C', async () => {
    const index = await serve();
    index.always(PATH, { kind: 'hang' });
    const { http, abort } = client();
    const asked = read(http, { url: index.fileUrl(NAME) });
    const stopped = expect(asked).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(() => index.count(PATH)).toBe(1);
    abort.abort();
    await stopped;
    await expect(read(http, { url: index.fileUrl(NAME) })).rejects.toMatchObject({ name: 'AbortError' });
    expect(index.count(PATH)).toBe(1);
  });

  it('does not outlive Ctrl-C in the middle of a body or of a pause', async () => {
    const index = await serve();
    index.script(
      PATH,
      { kind: 'stall', after: 10 },
      { kind: 'answer', status: 503, headers: { 'retry-after': '30' } },
    );
    for (let round = 0; round < 2; round++) {
      const { http, abort } = client();
      const asked = read(http, { url: index.fileUrl(NAME) });
      const stopped = expect(asked).rejects.toMatchObject({ name: 'AbortError' });
      await expect.poll(() => index.count(PATH)).toBe(round + 1);
      setTimeout(() => abort.abort(), 30);
      await stopped;
    }
  });
});

describe('a body', () => {
  it('may not be longer than its limit, declared or not', async () => {
    const index = await serve();
    await expect(read(client().http, { url: index.fileUrl(NAME), limit: 299_999 })).rejects.toMatchObject({
      code: 'INDEX_INVALID',
      message: `\`${index.fileUrl(NAME)}\` may have at most 299999 bytes, but declares 300000 bytes`,
    });
    const endless = await listen((_, response) => {
      response.write(BYTES);
      response.write(BYTES);
    });
    await expect(read(client().http, { url: endless, limit: 400_000, peer: 'mirror' })).rejects.toMatchObject(
      {
        code: 'MIRROR_INVALID',
        message: expect.stringContaining('goes on after them'),
      },
    );
  });

  it('that is shorter than declared is noticed', async () => {
    const index = await serve({ etags: false });
    index.always(PATH, { kind: 'declare', length: 400_000 });
    await expect(read(client().http, { url: index.fileUrl(NAME) })).rejects.toMatchObject({
      code: 'INDEX_UNREACHABLE',
      message: expect.stringContaining('after 300000 of 400000 bytes'),
    });
  });

  it('that is longer than declared ends where it was declared to, and spoils no later answer', async () => {
    const index = await serve();
    index.script(PATH, { kind: 'declare', length: 1000 });
    const { http } = client();
    expect((await read(http, { url: index.fileUrl(NAME) })).equals(BYTES.subarray(0, 1000))).toBe(true);
    expect((await read(http, { url: index.fileUrl(NAME) })).equals(BYTES)).toBe(true);
  });

  it('goes on where it broke off when an ETag vouches for it', async () => {
    const index = await serve();
    index.script(PATH, { kind: 'truncate', after: 100_000 }, { kind: 'truncate', after: 150_000 });
    const { http } = client();
    expect((await read(http, { url: index.fileUrl(NAME) })).equals(BYTES)).toBe(true);
    const ranges = index.log.map(({ headers }) => headers['range'] ?? '');
    expect(ranges[0]).toBe('');
    expect(ranges.slice(1).every((range) => /^bytes=\d+-$/.test(range))).toBe(true);
    expect(index.log[1]?.headers['if-range']).toMatch(/^"/);
  });

  it('goes on without one only where the caller checks a digest', async () => {
    const index = await serve({ etags: false });
    index.script(PATH, { kind: 'truncate', after: 100_000 });
    const { http } = client();
    expect((await read(http, { url: index.fileUrl(NAME), verified: true })).equals(BYTES)).toBe(true);
    index.script(PATH, { kind: 'truncate', after: 100_000 });
    await expect(read(http, { url: index.fileUrl(NAME) })).rejects.toMatchObject({
      code: 'INDEX_UNREACHABLE',
    });
  });

  it('goes on when the server sends all of it once more', async () => {
    const index = await serve({ ranges: false });
    index.script(PATH, { kind: 'truncate', after: 100_000 });
    expect((await read(client().http, { url: index.fileUrl(NAME) })).equals(BYTES)).toBe(true);
  });

  it('is not glued to that of another file', async () => {
    const index = await serve();
    index.script(PATH, { kind: 'truncate', after: 100_000 });
    const { http } = client();
    const response = await http.request({ url: index.fileUrl(NAME), limit: 10_000_000 });
    index.serve({ name: NAME, bytes: randomBytes(300_000) });
    await expect(
      (async () => {
        for await (const _ of response.body);
      })(),
    ).rejects.toMatchObject({ code: 'INDEX_UNREACHABLE' });
  });

  it('that keeps breaking off is given up on', async () => {
    const index = await serve();
    index.always(PATH, { kind: 'truncate', after: 10 });
    await expect(read(client().http, { url: index.fileUrl(NAME) })).rejects.toMatchObject({
      code: 'INDEX_UNREACHABLE',
    });
    expect(index.count(PATH)).toBe(4);
  });

  it('that fits into memory is asked for again as a whole', async () => {
    const index = await serve({ etags: false });
    index.script(PATH, { kind: 'truncate', after: 10 }, { kind: 'truncate', after: 10 });
    const { bytes } = await requestWhole(client().http, { url: index.fileUrl(NAME), limit: 300_000 });
    expect(Buffer.from(bytes).equals(BYTES)).toBe(true);
  });

  it('may be left early', async () => {
    const index = await serve();
    const { http } = client();
    for (let round = 0; round < 20; round++) {
      const response = await http.request({ url: index.fileUrl(NAME), limit: 10_000_000 });
      for await (const _ of response.body) break;
    }
    expect((await read(http, { url: index.fileUrl(NAME) })).equals(BYTES)).toBe(true);
  });
});

describe('a redirect', () => {
  it('is followed, relative or to another host', async () => {
    const [index, other] = [await serve(), await serve()];
    index.script('/a', { kind: 'redirect', to: 'b', status: 301 });
    index.script('/b', { kind: 'redirect', to: other.fileUrl(NAME), status: 307 });
    const { http, events } = client();
    const response = await http.request({ url: `${index.origin}/a`, limit: 10_000_000 });
    expect(response.url).toBe(other.fileUrl(NAME));
    for await (const _ of response.body);
    expect(countOf(events, 'request')).toBe(3);
  });

  it('is followed so often only', async () => {
    const index = await serve();
    index.always('/a', { kind: 'redirect', to: '/a' });
    await expect(read(client().http, { url: `${index.origin}/a` })).rejects.toMatchObject({
      code: 'INDEX_INVALID',
      message: expect.stringContaining('redirects more than 10 times'),
    });
  });

  it.each(['file:///etc/passwd', 'gopher://127.0.0.1/', 'http://'])('to `%s` is refused', async (to) => {
    const index = await serve();
    index.script('/a', { kind: 'redirect', to });
    await expect(read(client().http, { url: `${index.origin}/a` })).rejects.toMatchObject({
      code: 'INDEX_INVALID',
    });
  });
});

describe('credentials', () => {
  const secret = { username: 'anna', password: 'p@ss:wörd' };
  const userinfo = `anna:${encodeURIComponent(secret.password)}@`;

  it('in the URL become a header and show nowhere', async () => {
    const index = await serve({ credentials: secret });
    const { http, events } = client();
    const url = index.fileUrl(NAME).replace('://', `://${userinfo}`);
    const response = await http.request({ url, limit: 10_000_000 });
    expect(response.status).toBe(200);
    expect(response.url).toBe(index.fileUrl(NAME));
    for await (const _ of response.body);
    index.always(PATH, { kind: 'answer', status: 500 });
    const error = await read(http, { url: `${url}?token=hidden` }).catch((thrown: unknown) => thrown);
    const told = JSON.stringify([events, String(error), (error as { hint: string }).hint]);
    expect(told).not.toMatch(/anna|wörd|w%C3|hidden/);
  });

  it('stay on their host across redirects', async () => {
    const [index, other] = [await serve(), await serve()];
    index.script('/a', { kind: 'redirect', to: '/b' });
    index.script('/b', { kind: 'redirect', to: other.fileUrl(NAME).replace('://', '://eve:eve@') });
    await read(client().http, {
      url: `${index.origin}/a`,
      headers: { Authorization: 'Basic c2VjcmV0', Cookie: 'a=b' },
    });
    expect(index.log.map(({ headers }) => headers['authorization'])).toEqual([
      'Basic c2VjcmV0',
      'Basic c2VjcmV0',
    ]);
    expect(other.log).toHaveLength(1);
    expect(other.log[0]?.headers).not.toHaveProperty('authorization');
    expect(other.log[0]?.headers).not.toHaveProperty('cookie');
  });
});

describe('the environment', () => {
  it('names a proxy, and whom to ask without it', async () => {
    const index = await serve();
    const asked: string[] = [];
    const proxy = await listen((request, response) => {
      asked.push(request.url ?? '');
      response.end('from the proxy');
    });
    const through = client({}, { HTTP_PROXY: proxy });
    expect((await read(through.http, { url: index.fileUrl(NAME) })).toString()).toBe('from the proxy');
    expect(asked).toEqual([index.fileUrl(NAME)]);
    const around = client({}, { http_proxy: proxy, no_proxy: '127.0.0.1' });
    expect((await read(around.http, { url: index.fileUrl(NAME) })).equals(BYTES)).toBe(true);
    expect(asked).toHaveLength(1);
  });

  it('names a proxy that tunnels for `https:`', async () => {
    const asked: string[] = [];
    const server = createServer();
    server.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      socket.end('HTTP/1.1 403 No\r\n\r\n');
    });
    const proxy = await open(server);
    await expect(
      read(client({ attempts: 1 }, { HTTPS_PROXY: proxy }).http, { url: 'https://127.0.0.1:1/' }),
    ).rejects.toMatchObject({ code: 'INDEX_UNREACHABLE' });
    expect(asked).toEqual(['127.0.0.1:1']);
  });

  it.each([
    [{ HTTP_PROXY: 'http://user:secret@:::/' }, /`HTTP_PROXY` does not hold the URL of a proxy/],
    [{ SSL_CERT_FILE: '/nowhere/ca.pem' }, /`SSL_CERT_FILE` names: `\/nowhere\/ca.pem`/],
    [{ SSL_CERT_FILE: '/dev/null' }, /`SSL_CERT_FILE` names/],
  ])('is refused where it is wrong: %o', async (environment, message) => {
    const error = await read(client({}, environment).http, { url: 'http://127.0.0.1:1/' }).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) });
    expect(String(error)).not.toContain('secret');
  });
});

type Handler = Parameters<typeof createServer>[1];

async function listen(handler: Handler): Promise<string> {
  return open(createServer(handler as never));
}

async function open(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
