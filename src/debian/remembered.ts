// What base a request would get, from the cache alone: the one file of this room that a build loads when nothing changed.

import type { Context } from '../kernel/context.ts';
import { type DebianRequest, isFresh, mirrorOf, type Remembered, requestKey } from './request.ts';

/**
 * The key of the composed base and the releases behind it, or nothing where the mirror has to be asked. Offline, any age will do.
 * @throws BivyError `MIRROR_UNKNOWN`, `CONFIG_INVALID`
 */
export function rememberedDebian(
  request: DebianRequest,
  { cache, offline }: Pick<Context, 'cache' | 'offline'>,
): Remembered | undefined {
  if (request.refresh === true && !offline) return undefined;
  const key = requestKey(request, mirrorOf(request));
  const known = cache.readRecord<Remembered>('debian-remembered', key);
  if (known === undefined) return undefined;
  return offline || isFresh(known, request.now ?? Date.now()) ? known : undefined;
}
