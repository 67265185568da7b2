import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../src/kernel/events.ts';
import { requestWhole } from '../../src/kernel/http.ts';
import { createHttp } from '../../src/kernel/http-client.ts';

// A self-signed certificate for 127.0.0.1 and its key; nobody trusts it by itself.
const PEM = fileURLToPath(new URL('fixtures/loopback.pem', import.meta.url));
let server: Server;
let origin: string;
let asked: (string | undefined)[] = [];

beforeAll(async () => {
  const pem = readFileSync(PEM);
  server = createServer({ key: pem, cert: pem }, (request, response) => {
    asked.push(request.headers.authorization);
    if (request.url === '/down') response.writeHead(302, { location: 'http://127.0.0.1:1/plain?secret' });
    response.end('encrypted');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function get(path: string, environment: NodeJS.ProcessEnv, events: Event[] = []): Promise<string> {
  asked = [];
  const signal = new AbortController().signal;
  const http = createHttp({
    userAgent: 'bivy/test',
    signal,
    emit: (event) => void events.push(event),
    environment,
  });
  try {
    const { bytes } = await requestWhole(http, { url: `${origin}${path}`, limit: 1000 });
    return Buffer.from(bytes).toString();
  } finally {
    await http.close();
  }
}

describe('TLS', () => {
  it('refuses who cannot prove who it is, and does not ask again', async () => {
    const events: Event[] = [];
    await expect(get('/', {}, events)).rejects.toMatchObject({
      code: 'INDEX_UNREACHABLE',
      message: expect.stringContaining('could not prove who it is (DEPTH_ZERO_SELF_SIGNED_CERT)'),
      hint: expect.stringContaining('`SSL_CERT_FILE`'),
    });
    expect(events.filter(({ type }) => type === 'retry')).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('trusts the authorities that the environment names', async () => {
    expect(await get('/', { SSL_CERT_FILE: PEM })).toBe('encrypted');
  });

  it('is not left by a redirect', async () => {
    const error = await get('/down', { SSL_CERT_FILE: PEM }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'INDEX_INVALID',
      message: `\`${origin}/down\` redirects to \`http://127.0.0.1:1/plain?…\`, which is not encrypted`,
    });
  });
});
