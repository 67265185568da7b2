// The outside world as one value, put together where a command begins.

import { type Cache, cacheRoot, DirectoryCache } from '../kernel/cache.ts';
import type { Context } from '../kernel/context.ts';
import type { Emit } from '../kernel/events.ts';
import { createHttp } from '../kernel/http-client.ts';
import { VERSION } from '../kernel/program.ts';

export interface ContextOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly offline: boolean;
  readonly cache?: Cache;
}

/** Runs `use` with a context and closes its connections after it. */
export async function withContext<T>(
  options: ContextOptions,
  use: (context: Context) => Promise<T>,
): Promise<T> {
  const { environment, emit, signal, offline } = options;
  const http = createHttp({ userAgent: `bivy/${VERSION}`, environment, emit, signal });
  const cache = options.cache ?? new DirectoryCache(cacheRoot(environment));
  try {
    return await use({ cache, http, emit, signal, offline });
  } finally {
    await http.close();
  }
}
