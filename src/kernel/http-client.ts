// The HTTP client that `Context` carries, until its first request: what works is `http-exchange.ts` (retries and
// redirects), `http-body.ts` (bodies) and `http-transport.ts` (sockets), and no build that asks nobody loads them.

import type { Emit } from './events.ts';
import type { Http } from './http.ts';
import type { Patience } from './http-patience.ts';

export type { Patience };

export interface HttpOptions {
  /** `bivy/1.2.3` */
  readonly userAgent: string;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  /** Proxies and certificates are read from it. */
  readonly environment?: NodeJS.ProcessEnv;
  readonly patience?: Partial<Patience>;
}

/** Nothing is loaded and no socket opened before the first request. */
export function createHttp(options: HttpOptions): Http {
  let opening: Promise<Http> | undefined;
  return {
    patience: options.patience ?? {},
    async request(request) {
      opening ??= import('./http-exchange.ts').then(({ openHttp }) => openHttp(options));
      return (await opening).request(request);
    },
    async close() {
      const opened = await opening?.catch(() => undefined);
      await opened?.close();
    },
  };
}
