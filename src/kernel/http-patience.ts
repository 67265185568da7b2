// How long a server is waited for, how often it is asked again, and after which answers. Pure but for chance and clock.

/** How long, how often. All times in milliseconds. */
export interface Patience {
  readonly connectMs: number;
  readonly headersMs: number;
  /** To the headers that answer what was sent: a server may store and hash it before. */
  readonly writtenMs: number;
  /** Between two pieces of a body, in either direction. */
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

export const PATIENCE: Patience = {
  connectMs: 10_000,
  headersMs: 30_000,
  writtenMs: 300_000,
  idleMs: 30_000,
  paceMs: 30_000,
  paceBytes: 16 * 1024,
  attempts: 4,
  backoffMs: 500,
  pauseMs: 8_000,
  retryAfterMs: 60_000,
};

/** Answers that may be others by and by; 499 and 522 are those of proxies whose server went away. */
const PASSING = new Set([408, 425, 429, 499, 500, 502, 503, 504, 522]);

export function isPassing(status: number): boolean {
  return PASSING.has(status);
}

/** Milliseconds that a `Retry-After` asks for (seconds, or a date), or nothing. RFC 9110 section 10.2.3. */
export function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** Half fixed, half random, so that clients which failed together do not come back together. */
export function backoff(count: number, { backoffMs, pauseMs }: Patience): number {
  const full = Math.min(pauseMs, backoffMs * 2 ** (count - 1));
  return full / 2 + (Math.random() * full) / 2;
}
