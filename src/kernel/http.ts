// The one HTTP client of the host's side: at most 8 connections a host, bounded retries, no credentials across hosts.
// This file holds the contract; the implementation (undici) is loaded when the first request is made.

export interface HttpRequest {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Most bytes the body may have; one more is an error. */
  readonly limit: number;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body; the length, where the server declared one, has been held against it when this ends. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface Http {
  /** Statuses are the caller's business, except those that were retried in vain. @throws BivyError `INDEX_UNREACHABLE` */
  request(request: HttpRequest): Promise<HttpResponse>;
  close(): Promise<void>;
}
