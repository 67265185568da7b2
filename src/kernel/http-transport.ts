// The sockets below the HTTP client: who goes through a proxy, and by which certificates hosts prove who they are.
// Loaded with the first request.

import type { SecureContext } from 'node:tls';
import { BivyError } from './errors.ts';
import type { HostTrust, Method, RequestBody } from './http.ts';
import { openDirect } from './http-direct.ts';
import type { Patience } from './http-patience.ts';
import type { Proxies } from './http-proxied.ts';
import { secureContextFor } from './http-trust.ts';

export interface TransportOptions extends Pick<Patience, 'connectMs' | 'headersMs' | 'writtenMs' | 'idleMs'> {
  readonly environment: NodeJS.ProcessEnv;
  /** Most of them to one host at a time. */
  readonly connections: number;
}

/** How hosts that are trusted alike are asked. */
export interface SenderOptions extends Omit<TransportOptions, 'environment'> {
  /** For hosts that show a certificate; what is not said is Node's own. @throws BivyError `CONFIG_INVALID` */
  readonly tls: () => { readonly secureContext?: SecureContext; readonly rejectUnauthorized?: boolean };
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

/** One request, one hop: no retry, no redirect. */
export interface Sender {
  /** Rejects with whatever the socket or the signal said, a `BivyError` of what is sent. */
  send(request: Omit<RawRequest, 'trust' | 'direct'>): Promise<RawResponse>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

export interface Transport {
  /** As `Sender`. */
  send(request: RawRequest): Promise<RawResponse>;
  close(): Promise<void>;
}

/** The connections of hosts that are trusted alike. */
interface Lane {
  readonly direct: Sender;
  /** Opened when first wanted. */
  proxied(): Promise<Sender>;
  close(): Promise<void>;
}

/** @throws BivyError `CONFIG_INVALID` when the environment names a proxy or certificates that cannot be used */
export function openTransport(options: TransportOptions): Transport {
  const { environment } = options;
  const proxies: Proxies = {
    http: proxyOf(environment, 'http_proxy'),
    https: proxyOf(environment, 'https_proxy'),
    none: environment['no_proxy'] ?? environment['NO_PROXY'] ?? '',
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
    async send({ trust, direct: past = false, ...request }) {
      const { direct, proxied } = laneOf(trust);
      // A proxy for one scheme is none for the other.
      const proxy = request.url.protocol === 'https:' ? proxies.https : proxies.http;
      return (past || proxy === undefined ? direct : await proxied()).send(request);
    },
    async close() {
      await Promise.all([...lanes.values()].map((lane) => lane.close()));
    },
  };
}

function openLane(
  { environment, ...limits }: TransportOptions,
  proxies: Proxies,
  trust: HostTrust | undefined,
): Lane {
  const context = secureContextFor(environment, trust?.certificates);
  const options: SenderOptions = {
    ...limits,
    tls() {
      const secureContext = context();
      return {
        ...(secureContext === undefined ? {} : { secureContext }),
        ...(trust?.unverified === true ? { rejectUnauthorized: false } : {}),
      };
    },
  };
  const direct = openDirect(options);
  let proxied: Promise<Sender> | undefined;
  return {
    direct,
    proxied() {
      proxied ??= import('./http-proxied.ts').then(({ openProxied }) => openProxied(proxies, options));
      return proxied;
    },
    async close() {
      const through = await proxied?.catch(() => undefined);
      await Promise.all([direct.close(), through?.close()]);
    },
  };
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
