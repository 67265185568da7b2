// The outside world as one value, put together where a command begins.

import { type Cache, cacheRoot } from '../kernel/cache.ts';
import type { Context } from '../kernel/context.ts';
import { DirectoryCache } from '../kernel/directory-cache.ts';
import { toBivyError } from '../kernel/errors.ts';
import type { Emit } from '../kernel/events.ts';
import { createHttp, type Patience } from '../kernel/http-client.ts';
import { VERSION } from '../kernel/program.ts';

export interface ContextOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly offline: boolean;
  readonly cache?: Cache;
  /** How long to wait for servers, and how often to ask again. */
  readonly patience?: Partial<Patience>;
}

/**
 * Runs `use` with a context and closes its connections after it.
 * @throws BivyError whatever `use` throws: errors of the system get their code
 */
export async function withContext<T>(
  options: ContextOptions,
  use: (context: Context) => Promise<T>,
): Promise<T> {
  const { environment, emit, signal, offline } = options;
  const patience = options.patience === undefined ? {} : { patience: options.patience };
  const http = createHttp({ userAgent: `bivy/${VERSION}`, environment, emit, signal, ...patience });
  const cache = options.cache ?? new DirectoryCache(cacheRoot(environment));
  try {
    return await use({ cache, http, emit, signal, offline });
  } catch (error) {
    throw toBivyError(error);
  } finally {
    await http.close();
  }
}
