// The sockets below the HTTP client: connections a host, proxies and certificate authorities from the environment.
// Loaded with the first request, and undici with it.

import { createRequire } from 'node:module';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { BivyError, toBivyError } from './errors.ts';
import type { HostTrust, Method, RequestBody } from './http.ts';
import { tookTooLong } from './http-failure.ts';
import type { Patience } from './http-patience.ts';
import { secureContextFor } from './http-trust.ts';

/**
 * undici as a whole takes a tenth of a second to load, most of it for what no build uses: so these of its modules are
 * loaded alone, and its version is pinned.
 */
const load: NodeJS.Require = createRequire(import.meta.url);
const Agent: Undici['Agent'] = load('undici/lib/dispatcher/agent.js');
const Pool: Undici['Pool'] = load('undici/lib/dispatcher/pool.js');
const ask: Ask = load('undici/lib/api/api-request.js');

type Undici = typeof import('undici');
type Ask = (this: Dispatcher, options: Dispatcher.RequestOptions) => Promise<Dispatcher.ResponseData>;

export interface TransportOptions extends Pick<Patience, 'connectMs' | 'headersMs' | 'writtenMs' | 'idleMs'> {
  readonly environment: NodeJS.ProcessEnv;
  readonly connections: number;
}

/** One request, one hop. */
export interface RawRequest {
  readonly method: Method;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | RequestBody;
  readonly trust?: HostTrust;
  readonly direct?: boolean;
  readonly signal: AbortSignal;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array> & { destroy(): unknown };
}

export interface Transport {
  /** No retry, no redirect. Rejects with whatever the socket or the signal said, a `BivyError` of what is sent. */
  send(request: RawRequest): Promise<RawResponse>;
  close(): Promise<void>;
}

/** The dispatchers of hosts that are trusted alike. */
interface Lane {
  readonly direct: Dispatcher;
  readonly proxied: Dispatcher;
}

/** @throws BivyError `CONFIG_INVALID` when the environment names a proxy or certificates that cannot be used */
export function openTransport(options: TransportOptions): Transport {
  const { environment, headersMs, writtenMs, idleMs } = options;
  const proxies = {
    http: proxyOf(environment, 'http_proxy'),
    https: proxyOf(environment, 'https_proxy'),
  };
  const lanes = new Map<string, Lane>();
  const laneOf = (trust: HostTrust | undefined): Lane => {
    const key = trust === undefined ? '' : JSON.stringify([trust.unverified === true, trust.certificates]);
    const lane = lanes.get(key) ?? openLane(options, proxies, trust);
    lanes.set(key, lane);
    return lane;
  };
  laneOf(undefined);

  return {
    async send({ method, url, headers, body, trust, direct: past = false, signal }) {
      const { direct, proxied } = laneOf(trust);
      // undici would use the proxy of `http:` for `https:` too where that has none.
      const dispatcher =
        past || (url.protocol === 'https:' && proxies.https === undefined) ? direct : proxied;
      const stall = new AbortController();
      const writes = method !== 'GET' && method !== 'HEAD';
      const answer = await ask.call(dispatcher, {
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        // undici would close the connection after a HEAD.
        ...(method === 'HEAD' ? { reset: false } : {}),
        signal: body === undefined ? signal : AbortSignal.any([signal, stall.signal]),
        headersTimeout: writes ? writtenMs : headersMs,
        headers: body === undefined ? headers : { ...headers, 'content-length': String(sizeOf(body)) },
        ...(body === undefined ? {} : { body: sendable(body, idleMs, stall) }),
      });
      // The body's own reader gets this error too; without a listener, closing an unread body would end the process.
      answer.body.on('error', () => {});
      return { status: answer.statusCode, headers: joinHeaders(answer.headers), body: answer.body };
    },
    async close() {
      const all = [...lanes.values()].flatMap(({ direct, proxied }) => [direct, proxied]);
      await Promise.all([...new Set(all)].map((dispatcher) => dispatcher.destroy()));
    },
  };
}

interface Proxies {
  readonly http: string | undefined;
  readonly https: string | undefined;
}

function openLane(
  { environment, connections, connectMs, headersMs, idleMs }: TransportOptions,
  proxies: Proxies,
  trust: HostTrust | undefined,
): Lane {
  const context = secureContextFor(environment, trust?.certificates);
  const timeout = { timeout: connectMs };
  const tls = (): object => {
    const secureContext = context();
    return {
      ...timeout,
      ...(secureContext === undefined ? {} : { secureContext }),
      ...(trust?.unverified === true ? { rejectUnauthorized: false } : {}),
    };
  };
  const common = { connections, pipelining: 1, headersTimeout: headersMs, bodyTimeout: idleMs };
  const direct = new Agent({
    ...common,
    // Certificates are taken in for hosts that show one.
    factory: (origin, options) =>
      new Pool(origin, {
        ...options,
        connect: String(origin).startsWith('https:') ? tls() : timeout,
      }),
  });
  if (proxies.http === undefined && proxies.https === undefined) return { direct, proxied: direct };
  // Tunnels are made with more of it.
  const { EnvHttpProxyAgent }: Undici = load('undici');
  const proxied = new EnvHttpProxyAgent({
    ...common,
    connect: tls(),
    proxyTls: tls(),
    requestTls: tls(),
    // A proxy that lets only port 443 be tunnelled still serves `http:` the old way.
    proxyTunnel: false,
    httpProxy: proxies.http ?? '',
    httpsProxy: proxies.https ?? '',
    noProxy: environment['no_proxy'] ?? environment['NO_PROXY'] ?? '',
  });
  return { direct, proxied };
}

function sizeOf(body: Uint8Array | RequestBody): number {
  return body instanceof Uint8Array ? body.length : body.size;
}

/** undici takes an iterable wherever it takes a stream, though its types do not say so. */
function sendable(
  body: Uint8Array | RequestBody,
  idleMs: number,
  stall: AbortController,
): Readable | Uint8Array {
  return body instanceof Uint8Array ? body : (watched(body, idleMs, stall) as unknown as Readable);
}

/** The bytes of a body; gives up where the server takes none for so long. What its source throws is no fault of the network. */
async function* watched(
  body: RequestBody,
  idleMs: number,
  stall: AbortController,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = body.open()[Symbol.asyncIterator]();
  let timer: NodeJS.Timeout | undefined;
  try {
    for (;;) {
      let next: IteratorResult<Uint8Array>;
      try {
        next = await iterator.next();
      } catch (error) {
        throw toBivyError(error);
      }
      if (next.done === true) return;
      timer = setTimeout(() => stall.abort(tookTooLong(idleMs)), idleMs);
      yield next.value;
      clearTimeout(timer);
    }
  } finally {
    clearTimeout(timer);
    await iterator.return?.();
  }
}

function proxyOf(environment: NodeJS.ProcessEnv, name: 'http_proxy' | 'https_proxy'): string | undefined {
  for (const variable of [name, name.toUpperCase()]) {
    const value = environment[variable];
    if (value === undefined || value === '') continue;
    const url = value.includes('://') ? value : `http://${value}`;
    if (URL.canParse(url)) return url;
    throw new BivyError(
      'CONFIG_INVALID',
      `the environment variable \`${variable}\` does not hold the URL of a proxy`,
    );
  }
  return undefined;
}

function joinHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return joined;
}
