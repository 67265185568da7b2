// Requests through the proxies that the environment names, by undici, which knows whom to ask without them. Loaded where
// there is a proxy: it takes longer to load than a small build needs for all its requests.

import type { Readable } from 'node:stream';
import { request as ask, EnvHttpProxyAgent } from 'undici';
import { isSafe } from './http.ts';
import { joinHeaders } from './http-headers.ts';
import { headersWith, watched } from './http-sending.ts';
import type { Sender, SenderOptions } from './http-transport.ts';

export interface Proxies {
  /** URLs. */
  readonly http: string | undefined;
  readonly https: string | undefined;
  /** As `NO_PROXY` has it. */
  readonly none: string;
}

export function openProxied(proxies: Proxies, options: SenderOptions): Sender {
  const { connections, connectMs, headersMs, writtenMs, idleMs } = options;
  const connect = { timeout: connectMs, ...options.tls() };
  const dispatcher = new EnvHttpProxyAgent({
    connections,
    pipelining: 1,
    headersTimeout: headersMs,
    bodyTimeout: idleMs,
    connect,
    proxyTls: connect,
    requestTls: connect,
    // A proxy that lets only port 443 be tunnelled still serves `http:` the old way.
    proxyTunnel: false,
    httpProxy: proxies.http ?? '',
    httpsProxy: proxies.https ?? '',
    noProxy: proxies.none,
  });
  return {
    async send({ method, url, headers, body, signal }) {
      const stall = new AbortController();
      const answer = await ask(url, {
        dispatcher,
        method,
        // undici would close the connection after a HEAD.
        ...(method === 'HEAD' ? { reset: false } : {}),
        signal: body === undefined ? signal : AbortSignal.any([signal, stall.signal]),
        headersTimeout: isSafe(method) ? headersMs : writtenMs,
        headers: headersWith(headers, body),
        ...(body === undefined
          ? {}
          : {
              body:
                body instanceof Uint8Array
                  ? body
                  : // undici takes an iterable wherever it takes a stream, though its types do not say so.
                    (watched(body, idleMs, (error) => stall.abort(error)) as unknown as Readable),
            }),
      });
      // The body's own reader gets this error too; without a listener, closing an unread body would end the process.
      answer.body.on('error', () => {});
      return { status: answer.statusCode, headers: joinHeaders(answer.headers), body: answer.body };
    },
    close: () => dispatcher.destroy(),
  };
}
