// The one HTTP client of the host's side: at most 8 connections a host, bounded retries, no credentials across hosts.
// This file holds the contract; `http-client.ts` implements it (loaded when the first request is made).

import type { ErrorCode } from './errors.ts';
import type { Patience } from './http-patience.ts';

/** Whom a request asks: decides between `INDEX_…`, `MIRROR_…` and `REGISTRY_…` when it fails. */
export type Peer = 'index' | 'mirror' | 'registry';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A method that changes nothing there, and may be asked again (RFC 9110 section 9.2.1). */
export function isSafe(method: Method): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Bytes to be sent that need not be in memory. */
export interface RequestBody {
  /** Bytes. */
  readonly size: number;
  /** The bytes from the first on; asked again where the request is made again. */
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** How a host proves who it is, where not by the usual authorities alone. */
export interface HostTrust {
  /** Certificates (PEM) that are trusted besides. */
  readonly certificates?: readonly string[];
  /** Any certificate will do. */
  readonly unverified?: boolean;
}

export interface HttpRequest {
  /** `http:` or `https:`; credentials in it become an `Authorization` header and show in no message. */
  readonly url: string;
  /** `GET` where left out. Redirects are followed for `GET` and `HEAD`; of others they are answers. */
  readonly method?: Method;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | RequestBody;
  /** Most bytes the body of the answer may have; one more is an error. */
  readonly limit: number;
  readonly signal?: AbortSignal;
  /** `index` where left out. */
  readonly peer?: Peer;
  /**
   * The caller holds the whole body against a digest it knew before, so a broken transfer may go on where it stopped
   * even though the server gives nothing to prove that the file is still the same one.
   */
  readonly verified?: boolean;
  /** Times that the request is made at all, where not as often as patience has it. */
  readonly attempts?: number;
  /** A status that was met at each attempt (503) is given back like any other, instead of thrown. */
  readonly keepStatus?: boolean;
  /** Asked once after a 401 with its headers: what to send besides in another try, or nothing. */
  readonly renew?: (
    headers: Readonly<Record<string, string>>,
  ) => Promise<Readonly<Record<string, string>> | undefined>;
  /** Of the host in `url`, and of no other that a redirect leads to. */
  readonly trust?: HostTrust;
  /** Past any proxy: the host in `url` is this machine. */
  readonly direct?: boolean;
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
  /** Where it differs from the usual. */
  readonly patience?: Partial<Patience>;
  /**
   * Statuses are the caller's business, except those that were retried in vain.
   * @throws BivyError (its `cause` is a `Failure` where nobody answered) `INDEX_UNREACHABLE` or `INDEX_INVALID` (or of another peer), also while the body is read
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
  return readWhole(() => http.request(request));
}

/** `requestWhole`, of a request that is made by `ask`. */
export async function readWhole(ask: () => Promise<HttpResponse>): Promise<WholeResponse> {
  for (let attempt = 1; ; attempt++) {
    const { body, ...response } = await ask();
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

const UNREACHABLE: Readonly<Record<Peer, ErrorCode>> = {
  index: 'INDEX_UNREACHABLE',
  mirror: 'MIRROR_UNREACHABLE',
  registry: 'REGISTRY_UNREACHABLE',
};
const INVALID: Readonly<Record<Peer, ErrorCode>> = {
  index: 'INDEX_INVALID',
  mirror: 'MIRROR_INVALID',
  registry: 'REGISTRY_INVALID',
};

/** The code of a failure to reach a peer. */
export function unreachableCode(peer: Peer = 'index'): ErrorCode {
  return UNREACHABLE[peer];
}

/** The code of an answer that cannot be right. */
export function invalidCode(peer: Peer = 'index'): ErrorCode {
  return INVALID[peer];
}

function isBroken(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return Object.values(UNREACHABLE).some((unreachable) => unreachable === code);
}
