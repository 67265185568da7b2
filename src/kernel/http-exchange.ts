// HTTP exchanges: retries and redirects around single hops, to an answer. Bodies are `http-body.ts`, sockets
// `http-transport.ts`, times and what passes by itself `http-patience.ts`. RFC 9110 section 15 (statuses).

import { setTimeout as sleep } from 'node:timers/promises';
import { BivyError } from './errors.ts';
import {
  type Http,
  type HttpRequest,
  type HttpResponse,
  invalidCode,
  isSafe,
  type Method,
  unreachableCode,
} from './http.ts';
import { followRedirect, parseHttpUrl, publicUrl, splitCredentials } from './http-address.ts';
import { type Answer, declaredLength, readBody } from './http-body.ts';
import type { HttpOptions } from './http-client.ts';
import { type Failure, failureOf } from './http-failure.ts';
import { backoff, isPassing, PATIENCE, type Patience, retryAfter } from './http-patience.ts';
import { openTransport, type RawResponse } from './http-transport.ts';

const CONNECTIONS = 8;
const REDIRECTS = 10;
/** Of an answer that is not 2xx: enough for a message, and the connection stays usable. */
const ASIDE_BYTES = 64 * 1024;

const ADDRESS_HINT = 'check the address that was configured';
const REDIRECTING = new Set([301, 302, 303, 307, 308]);

/** What is asked, with what goes along by now. */
interface Ask extends Omit<HttpRequest, 'url' | 'headers' | 'signal' | 'method'> {
  readonly method: Method;
  readonly start: URL;
  readonly signal: AbortSignal;
  headers: Record<string, string>;
}

/** @throws BivyError `CONFIG_INVALID` when the environment names a proxy or certificates that cannot be used */
export function openHttp(options: HttpOptions): Http {
  const { userAgent, emit, environment = process.env } = options;
  const patience: Patience = { ...PATIENCE, ...options.patience };
  const transport = openTransport({ environment, connections: CONNECTIONS, ...patience });

  /** One attempt: follows redirects to an answer. */
  async function attempt(ask: Ask, extra: Record<string, string>): Promise<Answer> {
    const { method, start, signal, peer, body, trust, direct } = ask;
    let url = start;
    let headers: Record<string, string> = { ...ask.headers, ...extra };
    for (let hop = 0; hop <= REDIRECTS; hop++) {
      const told = method === 'GET' ? {} : { method };
      emit({ type: 'request', url: publicUrl(url.href), ...told });
      const response = await transport.send({
        method,
        url,
        headers,
        signal,
        ...(body === undefined ? {} : { body }),
        ...(trust === undefined || url.origin !== start.origin ? {} : { trust }),
        ...(direct === undefined || url.origin !== start.origin ? {} : { direct }),
      });
      const location = response.headers['location'];
      if (!isSafe(method) || !REDIRECTING.has(response.status) || location === undefined)
        return { response, url };
      await setAside(response, signal, method === 'HEAD');
      const redirect = followRedirect(url, location);
      if (redirect.kind === 'refuse') {
        throw new BivyError(invalidCode(peer), `\`${publicUrl(url.href)}\` redirects ${redirect.reason}`, {
          hint: ADDRESS_HINT,
        });
      }
      if (!redirect.keepCredentials) headers = withoutCredentials(headers);
      url = redirect.url;
    }
    throw new BivyError(
      invalidCode(peer),
      `\`${publicUrl(start.href)}\` redirects more than ${REDIRECTS} times`,
    );
  }

  /** An attempt, and another one where the server asked who this is and there is more to say. */
  async function authorized(ask: Ask, extra: Record<string, string>): Promise<Answer> {
    const answer = await attempt(ask, extra);
    const { response, url } = answer;
    if (response.status !== 401 || ask.renew === undefined || url.origin !== ask.start.origin) return answer;
    const renewed = await ask.renew(response.headers);
    if (renewed === undefined) return answer;
    await setAside(response, ask.signal, ask.method === 'HEAD');
    ask.headers = { ...ask.headers, ...renewed };
    return attempt(ask, extra);
  }

  /** Attempts until an answer that will not pass by itself. */
  async function exchange(ask: Ask, extra: Record<string, string> = {}): Promise<Answer> {
    const { start, signal, attempts = patience.attempts } = ask;
    for (let count = 1; ; count++) {
      let failure: Failure;
      let pause: number | undefined;
      let answer: Answer | undefined;
      try {
        answer = await authorized(ask, extra);
        const { status, headers } = answer.response;
        if (!isPassing(status)) return answer;
        failure = { reason: `answered with status ${status}`, passing: true };
        pause = retryAfter(headers['retry-after']);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof BivyError) throw error;
        failure = failureOf(error);
      }
      const tooLong = pause !== undefined && pause > patience.retryAfterMs;
      if (!failure.passing || tooLong || count >= attempts) {
        if (answer !== undefined && ask.keepStatus === true) return answer;
        answer?.response.body.destroy();
        throw givenUp(ask, failure, tooLong ? pause : undefined);
      }
      if (answer !== undefined) await setAside(answer.response, signal, ask.method === 'HEAD');
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

      const ask: Ask = { ...request, method: request.method ?? 'GET', start: url, headers, signal };
      const first = await exchange(ask);
      const { response } = first;
      const whole = ask.method !== 'HEAD' && response.status >= 200 && response.status < 300;
      return {
        status: response.status,
        url: first.url.href,
        headers: response.headers,
        body: whole
          ? readBody(first, (extra) => exchange(ask, extra), { ...request, signal, patience, emit })
          : await setAside(response, signal, ask.method === 'HEAD'),
      };
    },
    close: () => transport.close(),
  };
}

function givenUp({ method, start, peer }: Ask, failure: Failure, wait: number | undefined): BivyError {
  const { reason, hint } = failure;
  const seconds = wait === undefined ? '' : ` and asks to wait ${Math.ceil(wait / 1000)} s`;
  const doing = isSafe(method) ? 'get' : 'send to';
  return new BivyError(
    unreachableCode(peer),
    `cannot ${doing} \`${publicUrl(start.href)}\`: the server ${reason}${seconds}`,
    {
      hint: hint ?? 'check the network, then try again; `--offline` works from the cache alone',
      cause: failure,
    },
  );
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  const { authorization: _, cookie: __, ...rest } = headers;
  return rest;
}

/**
 * The beginning of an answer that nobody came for.
 * @param empty there is no body, whatever length is declared
 */
async function setAside(
  response: RawResponse,
  signal: AbortSignal,
  empty = false,
): Promise<AsyncIterable<Uint8Array>> {
  const chunks: Uint8Array[] = [];
  const length = declaredLength(response.headers);
  let size = 0;
  try {
    if (empty || length === undefined || length <= ASIDE_BYTES) {
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
