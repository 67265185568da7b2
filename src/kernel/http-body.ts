// The body of an answer: bounded, held against its declared length and a least pace, and continued where it broke off
// as long as it is certain (or the caller makes sure) that the rest belongs to the beginning. RFC 9110 section 14.

import { BivyError } from './errors.ts';
import type { Emit } from './events.ts';
import { invalidCode, type Peer, unreachableCode } from './http.ts';
import { publicUrl } from './http-address.ts';
import { failureOf, tooSlow } from './http-failure.ts';
import type { RawResponse } from './http-transport.ts';

/** What came, and from where, after redirects. */
export interface Answer {
  readonly response: RawResponse;
  readonly url: URL;
}

interface BodyOptions {
  readonly limit: number;
  readonly verified?: boolean;
  readonly peer?: Peer;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  readonly patience: { readonly paceMs: number; readonly paceBytes: number; readonly attempts: number };
}

/** A transfer that brought at least so much was worth its attempt. */
const FRUITFUL_BYTES = 64 * 1024;

/** Bytes that the headers declare for the body, or nothing. */
export function declaredLength(headers: Readonly<Record<string, string>>): number | undefined {
  const value = headers['content-length'];
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/** Reads `first`; asks `again` with a `Range` for what is missing after a break. @throws BivyError */
export async function* readBody(
  first: Answer,
  again: (headers: Record<string, string>) => Promise<Answer>,
  options: BodyOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { limit, peer, signal, emit } = options;
  const name = publicUrl(first.url.href);
  const total = declaredLength(first.response.headers);
  const validator = strongValidator(first.response.headers);
  let position = 0;
  let barren = 0;
  let response = first.response;
  // Bytes of the current answer that were already handed out by an earlier one.
  let skip = 0;
  if (total !== undefined && total > limit) {
    response.body.destroy();
    throw tooLong(name, limit, peer, `declares ${total} bytes`);
  }
  for (;;) {
    const start = position;
    let reason: string;
    try {
      for await (const chunk of paced(response.body, options)) {
        const fresh = skip >= chunk.length ? undefined : chunk.subarray(skip);
        skip = Math.max(0, skip - chunk.length);
        if (fresh === undefined) continue;
        position += fresh.length;
        if (position > limit) throw tooLong(name, limit, peer, 'goes on after them');
        yield fresh;
      }
      if (total === undefined || position === total) return;
      if (position > total) throw tooLong(name, total, peer, 'goes on after them');
      reason = 'ended too early';
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof BivyError) throw error;
      if (position === total) return; // all of it is here, whatever befell the connection afterwards
      reason = failureOf(error).reason;
    } finally {
      response.body.destroy();
    }
    barren = position - start >= FRUITFUL_BYTES ? 0 : barren + 1;
    const of = total === undefined ? '' : ` of ${total}`;
    const broken = new BivyError(
      unreachableCode(peer),
      `the server of \`${name}\` ${reason} after ${position}${of} bytes`,
      {
        hint: 'check the network, then try again; what was downloaded whole is kept',
      },
    );
    if ((validator === undefined && options.verified !== true) || barren >= options.patience.attempts)
      throw broken;
    emit({ type: 'retry', url: name, attempt: Math.max(1, barren), reason });
    const range = {
      range: `bytes=${position}-`,
      ...(validator === undefined ? {} : { 'if-range': validator }),
    };
    ({ response } = await again(range));
    const offset = offsetOf(response, position, total, validator, options.verified === true);
    if (offset === undefined) {
      response.body.destroy();
      throw broken;
    }
    skip = position - offset;
  }
}

/** At which byte of the file an answer to the range request begins, or nothing when it is not of that file. */
function offsetOf(
  { status, headers }: RawResponse,
  position: number,
  total: number | undefined,
  validator: string | undefined,
  verified: boolean,
): number | undefined {
  if (status === 206) {
    const range = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(headers['content-range'] ?? '');
    if (range === null || Number(range[1]) !== position) return undefined;
    return total === undefined || range[3] === '*' || Number(range[3]) === total ? position : undefined;
  }
  if (status !== 200) return undefined;
  // The whole once more: the same one where the server says so; else only a digest can tell, and the caller has one.
  const length = declaredLength(headers);
  if (total !== undefined && length !== undefined && length !== total) return undefined;
  const same = validator !== undefined && strongValidator(headers) === validator;
  return same || verified ? 0 : undefined;
}

/** An ETag that promises the same bytes (RFC 9110 section 8.8.1). */
function strongValidator(headers: Readonly<Record<string, string>>): string | undefined {
  const etag = headers['etag'];
  return etag?.startsWith('"') === true ? etag : undefined;
}

/** The pieces of a body, as long as enough of them come in the time spent waiting for them. */
async function* paced(
  body: AsyncIterable<Uint8Array>,
  { patience: { paceMs, paceBytes } }: BodyOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = body[Symbol.asyncIterator]();
  let waited = 0;
  let came = 0;
  for (;;) {
    const before = performance.now();
    const next = await iterator.next();
    if (next.done === true) return;
    waited += performance.now() - before;
    came += next.value.length;
    if (waited >= paceMs) {
      if (came < paceBytes) throw tooSlow(came, waited);
      waited = 0;
      came = 0;
    }
    yield next.value;
  }
}

function tooLong(name: string, limit: number, peer: Peer | undefined, how: string): BivyError {
  return new BivyError(invalidCode(peer), `\`${name}\` may have at most ${limit} bytes, but ${how}`, {
    hint: 'the server, or a proxy before it, is at fault; try again later or ask another one',
  });
}
