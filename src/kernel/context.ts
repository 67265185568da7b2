// How the outside world reaches the edges: whoever needs the network, the cache or a voice takes this value.

import type { Cache } from './cache.ts';
import type { Emit } from './events.ts';
import type { Http } from './http.ts';

export interface Context {
  readonly cache: Cache;
  readonly http: Http;
  readonly emit: Emit;
  /** Aborted on Ctrl-C; every loop that can last honours it. */
  readonly signal: AbortSignal;
  /** Asked to use the cache alone: an edge that would need the network throws `OFFLINE`. */
  readonly offline: boolean;
}
