// The sockets below the HTTP client: connections a host, proxies and certificate authorities from the environment.
// Loaded with the first request, and undici with it.

import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import { Agent, EnvHttpProxyAgent, request } from 'undici';
import { BivyError } from './errors.ts';

export interface TransportOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly connections: number;
  /** Milliseconds to connect; to the end of the headers; between two pieces of a body. */
  readonly connectMs: number;
  readonly headersMs: number;
  readonly idleMs: number;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array> & { destroy(): unknown };
}

export interface Transport {
  /** One GET, one hop; no retry, no redirect. Rejects with whatever the socket or the signal said. */
  get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<RawResponse>;
  close(): Promise<void>;
}

/** @throws BivyError `CONFIG_INVALID` when the environment names a proxy or certificates that cannot be used */
export function openTransport(options: TransportOptions): Transport {
  const { environment, connections, connectMs, headersMs, idleMs } = options;
  const secureContext = secureContextFor(environment);
  const tls = { timeout: connectMs, ...(secureContext === undefined ? {} : { secureContext }) };
  const common = { connections, pipelining: 1, headersTimeout: headersMs, bodyTimeout: idleMs, connect: tls };
  const httpProxy = proxyOf(environment, 'http_proxy');
  const httpsProxy = proxyOf(environment, 'https_proxy');
  const direct = new Agent(common);
  const proxied =
    httpProxy === undefined && httpsProxy === undefined
      ? direct
      : new EnvHttpProxyAgent({
          ...common,
          proxyTls: tls,
          requestTls: tls,
          // A proxy that lets only port 443 be tunnelled still serves `http:` the old way.
          proxyTunnel: false,
          httpProxy: httpProxy ?? '',
          httpsProxy: httpsProxy ?? '',
          noProxy: environment['no_proxy'] ?? environment['NO_PROXY'] ?? '',
        });
  return {
    async get(url, headers, signal) {
      // undici would use the proxy of `http:` for `https:` too where that has none.
      const dispatcher = url.protocol === 'https:' && httpsProxy === undefined ? direct : proxied;
      const answer = await request(url, { dispatcher, headers, signal, method: 'GET' });
      // The body's own reader gets this error too; without a listener, closing an unread body would end the process.
      answer.body.on('error', () => {});
      return { status: answer.statusCode, headers: joinHeaders(answer.headers), body: answer.body };
    },
    async close() {
      await Promise.all([direct.destroy(), ...(proxied === direct ? [] : [proxied.destroy()])]);
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

/**
 * `SSL_CERT_FILE` (as OpenSSL and Python have it) replaces Node's own authorities; those of `NODE_EXTRA_CA_CERTS`, which
 * Node adds by itself to its own only, stay.
 */
function secureContextFor(environment: NodeJS.ProcessEnv): SecureContext | undefined {
  const bundle = environment['SSL_CERT_FILE'];
  if (bundle === undefined || bundle === '') return undefined;
  const extra = environment['NODE_EXTRA_CA_CERTS'];
  const files = extra === undefined || extra === '' || extra === bundle ? [bundle] : [bundle, extra];
  try {
    const certificates = files.map((file) => readFileSync(file, 'utf8'));
    if (certificates.every((text) => /-----BEGIN (?:TRUSTED )?CERTIFICATE-----/.test(text))) {
      return createSecureContext({ ca: certificates });
    }
  } catch (error) {
    throw unusable(bundle, error);
  }
  throw unusable(bundle, undefined);
}

function unusable(bundle: string, cause: unknown): BivyError {
  return new BivyError(
    'CONFIG_INVALID',
    `cannot use the certificates that \`SSL_CERT_FILE\` names: \`${bundle}\``,
    {
      hint: 'name a file of PEM certificates there, or unset it',
      cause,
    },
  );
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
