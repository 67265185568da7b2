// The HTTP client: retries and redirects around single exchanges. Bodies are `http-body.ts`, sockets `http-transport.ts`.
// RFC 9110 section 15 (statuses), 10.2.3 (Retry-After); what is retried follows the table in `isPassing`.

import { setTimeout as sleep } from 'node:timers/promises';
import { BivyError } from './errors.ts';
import type { Emit } from './events.ts';
import {
  type Http,
  type HttpRequest,
  type HttpResponse,
  invalidCode,
  type Peer,
  unreachableCode,
} from './http.ts';
import { followRedirect, parseHttpUrl, publicUrl, splitCredentials } from './http-address.ts';
import { type Answer, declaredLength, readBody } from './http-body.ts';
import { type Failure, failureOf } from './http-failure.ts';
import type { RawResponse, Transport } from './http-transport.ts';

/** How long, how often. All times in milliseconds. */
export interface Patience {
  readonly connectMs: number;
  readonly headersMs: number;
  /** Between two pieces of a body. */
  readonly idleMs: number;
  /** Over each such stretch of waiting, at least `paceBytes` must come: a dripping server is as good as none. */
  readonly paceMs: number;
  readonly paceBytes: number;
  /** Times that a request is made at all. */
  readonly attempts: number;
  /** The first pause; each further one doubles, at most `pauseMs`. */
  readonly backoffMs: number;
  readonly pauseMs: number;
  /** Longest `Retry-After` that is waited for. */
  readonly retryAfterMs: number;
}

export interface HttpOptions {
  /** `bivy/1.2.3` */
  readonly userAgent: string;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  /** Proxies and certificates are read from it. */
  readonly environment?: NodeJS.ProcessEnv;
  readonly patience?: Partial<Patience>;
}

const CONNECTIONS = 8;
const REDIRECTS = 10;
/** Of an answer that is not 2xx: enough for a message, and the connection stays usable. */
const ASIDE_BYTES = 64 * 1024;

const PATIENCE: Patience = {
  connectMs: 10_000,
  headersMs: 30_000,
  idleMs: 30_000,
  paceMs: 30_000,
  paceBytes: 16 * 1024,
  attempts: 4,
  backoffMs: 500,
  pauseMs: 8_000,
  retryAfterMs: 60_000,
};

const ADDRESS_HINT = 'check the address that was configured';

const REDIRECTING = new Set([301, 302, 303, 307, 308]);
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/** The client that `Context` carries. Nothing is loaded and no socket opened before the first request. */
export function createHttp(options: HttpOptions): Http {
  const { userAgent, emit, environment = process.env } = options;
  const patience: Patience = { ...PATIENCE, ...options.patience };
  let opening: Promise<Transport> | undefined;

  async function transport(): Promise<Transport> {
    opening ??= import('./http-transport.ts').then(({ openTransport }) =>
      openTransport({ environment, connections: CONNECTIONS, ...patience }),
    );
    return opening;
  }

  /** One attempt: follows redirects to an answer. */
  async function attempt(
    start: URL,
    headers: Record<string, string>,
    signal: AbortSignal,
    peer: Peer | undefined,
  ) {
    const { get } = await transport();
    let url = start;
    let sent = headers;
    for (let hop = 0; hop <= REDIRECTS; hop++) {
      emit({ type: 'request', url: publicUrl(url.href) });
      const response = await get(url, sent, signal);
      const location = response.headers['location'];
      if (!REDIRECTING.has(response.status) || location === undefined) return { response, url };
      response.body.destroy();
      const redirect = followRedirect(url, location);
      if (redirect.kind === 'refuse') {
        throw new BivyError(invalidCode(peer), `\`${publicUrl(url.href)}\` redirects ${redirect.reason}`, {
          hint: ADDRESS_HINT,
        });
      }
      if (!redirect.keepCredentials) sent = withoutCredentials(sent);
      url = redirect.url;
    }
    throw new BivyError(
      invalidCode(peer),
      `\`${publicUrl(start.href)}\` redirects more than ${REDIRECTS} times`,
    );
  }

  /** Attempts until an answer that will not pass by itself. */
  async function exchange(
    start: URL,
    headers: Record<string, string>,
    signal: AbortSignal,
    peer: Peer | undefined,
  ): Promise<Answer> {
    for (let count = 1; ; count++) {
      let failure: Failure;
      let pause: number | undefined;
      try {
        const answer = await attempt(start, headers, signal, peer);
        if (!PASSING.has(answer.response.status)) return answer;
        answer.response.body.destroy();
        failure = { reason: `answered with status ${answer.response.status}`, passing: true };
        pause = retryAfter(answer.response.headers['retry-after']);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof BivyError) throw error;
        failure = failureOf(error);
      }
      const tooLong = pause !== undefined && pause > patience.retryAfterMs;
      if (!failure.passing || tooLong || count >= patience.attempts) {
        throw givenUp(start, failure, tooLong ? pause : undefined, peer);
      }
      emit({ type: 'retry', url: publicUrl(start.href), attempt: count, reason: failure.reason });
      await sleep(pause ?? backoff(count, patience), undefined, { signal });
    }
  }

  return {
    async request(request: HttpRequest): Promise<HttpResponse> {
      // A signal of its own: the listeners of all requests together would make Node warn about the shared one.
      const signal = AbortSignal.any([
        options.signal,
        ...(request.signal === undefined ? [] : [request.signal]),
      ]);
      signal.throwIfAborted();
      const parsed = parseHttpUrl(request.url);
      if (parsed === undefined) {
        throw new BivyError(
          invalidCode(request.peer),
          'an address is neither an `http:` nor an `https:` URL',
        );
      }
      const { url, authorization } = splitCredentials(parsed);
      url.hash = '';
      const headers: Record<string, string> = { 'user-agent': userAgent, 'accept-encoding': 'identity' };
      for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = value;
      if (authorization !== undefined) headers['authorization'] ??= authorization;

      const first = await exchange(url, headers, signal, request.peer);
      const { response } = first;
      const again = (extra: Record<string, string>): Promise<Answer> =>
        exchange(url, { ...headers, ...extra }, signal, request.peer);
      const succeeded = response.status >= 200 && response.status < 300;
      return {
        status: response.status,
        url: first.url.href,
        headers: response.headers,
        body: succeeded
          ? readBody(first, again, { ...request, signal, patience, emit })
          : await setAside(response, signal),
      };
    },
    async close() {
      if (opening === undefined) return;
      const opened = await opening.catch(() => undefined);
      await opened?.close();
    },
  };
}

function givenUp(
  url: URL,
  { reason, hint }: Failure,
  wait: number | undefined,
  peer: Peer | undefined,
): BivyError {
  const seconds = wait === undefined ? '' : ` and asks to wait ${Math.ceil(wait / 1000)} s`;
  return new BivyError(
    unreachableCode(peer),
    `cannot get \`${publicUrl(url.href)}\`: the server ${reason}${seconds}`,
    {
      hint: hint ?? 'check the network, then try again; `--offline` works from the cache alone',
    },
  );
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  const { authorization: _, cookie: __, ...rest } = headers;
  return rest;
}

/** Milliseconds that a `Retry-After` asks for (seconds, or a date), or nothing. */
function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** Half fixed, half random, so that clients which failed together do not come back together. */
function backoff(count: number, { backoffMs, pauseMs }: Patience): number {
  const full = Math.min(pauseMs, backoffMs * 2 ** (count - 1));
  return full / 2 + (Math.random() * full) / 2;
}

/** The beginning of an answer that nobody came for. */
async function setAside(response: RawResponse, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const chunks: Uint8Array[] = [];
  const length = declaredLength(response.headers);
  let size = 0;
  try {
    if (length === undefined || length <= ASIDE_BYTES) {
      for await (const chunk of response.body) {
        size += chunk.length;
        if (size > ASIDE_BYTES) break;
        chunks.push(chunk);
      }
    }
  } catch {
    signal.throwIfAborted(); // a status is an answer, however its body ended
  }
  response.body.destroy();
  return (async function* () {
    yield* chunks;
  })();
}
