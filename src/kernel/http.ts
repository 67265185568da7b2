// The one HTTP client of the host's side: at most 8 connections a host, bounded retries, no credentials across hosts.
// This file holds the contract; `http-client.ts` implements it (undici, loaded when the first request is made).

import type { ErrorCode } from './errors.ts';

/** Whom a request asks: decides between `INDEX_…` and `MIRROR_…` when it fails. */
export type Peer = 'index' | 'mirror';

export interface HttpRequest {
  /** `http:` or `https:`; credentials in it become an `Authorization` header and show in no message. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Most bytes the body may have; one more is an error. */
  readonly limit: number;
  readonly signal?: AbortSignal;
  /** `index` where left out. */
  readonly peer?: Peer;
  /**
   * The caller holds the whole body against a digest it knew before, so a broken transfer may go on where it stopped
   * even though the server gives nothing to prove that the file is still the same one.
   */
  readonly verified?: boolean;
}

export interface HttpResponse {
  readonly status: number;
  /** Of the last hop, without credentials. */
  readonly url: string;
  /** Names in lower case; values of repeated headers joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The body as it was sent (nothing decoded); the length, where the server declared one, has been held against it
   * when this ends. Of a 2xx response it must be read (leaving the loop early is enough); others are cut short
   * and already here.
   */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface Http {
  /**
   * Statuses are the caller's business, except those that were retried in vain.
   * @throws BivyError `INDEX_UNREACHABLE` or `INDEX_INVALID` (`MIRROR_…` for a mirror), also while the body is read
   */
  request(request: HttpRequest): Promise<HttpResponse>;
  close(): Promise<void>;
}

/** A response whose body is here. */
export interface WholeResponse extends Omit<HttpResponse, 'body'> {
  readonly bytes: Uint8Array;
}

const WHOLE_ATTEMPTS = 3;

/** Asks for something that fits into memory; what breaks off on the way is asked for again. @throws as `request` */
export async function requestWhole(http: Http, request: HttpRequest): Promise<WholeResponse> {
  for (let attempt = 1; ; attempt++) {
    const { body, ...response } = await http.request(request);
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of body) chunks.push(chunk);
    } catch (error) {
      if (attempt < WHOLE_ATTEMPTS && isBroken(error)) continue;
      throw error;
    }
    return { ...response, bytes: Buffer.concat(chunks) };
  }
}

/** The code of a failure to reach a peer. */
export function unreachableCode(peer: Peer | undefined): ErrorCode {
  return peer === 'mirror' ? 'MIRROR_UNREACHABLE' : 'INDEX_UNREACHABLE';
}

/** The code of an answer that cannot be right. */
export function invalidCode(peer: Peer | undefined): ErrorCode {
  return peer === 'mirror' ? 'MIRROR_INVALID' : 'INDEX_INVALID';
}

function isBroken(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'INDEX_UNREACHABLE' || code === 'MIRROR_UNREACHABLE';
}
