// What is sent as the body of a request, watched over: a server that takes no more of it is given up on.

import { toBivyError } from './errors.ts';
import type { RequestBody } from './http.ts';
import { tookTooLong } from './http-failure.ts';

/** The headers that go with a body, or with none. */
export function headersWith(
  headers: Readonly<Record<string, string>>,
  body: Uint8Array | RequestBody | undefined,
): Record<string, string> {
  if (body === undefined) return { ...headers };
  const size = body instanceof Uint8Array ? body.length : body.size;
  return { ...headers, 'content-length': String(size) };
}

/**
 * The bytes of a body. What its source throws is no fault of the network.
 * @param stalled told where the next piece is not asked for within `idleMs`
 * @throws BivyError of the source
 */
export async function* watched(
  body: RequestBody,
  idleMs: number,
  stalled: (error: Error) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = body.open()[Symbol.asyncIterator]();
  let timer: NodeJS.Timeout | undefined;
  try {
    for (;;) {
      let next: IteratorResult<Uint8Array>;
      try {
        next = await iterator.next();
      } catch (error) {
        throw toBivyError(error);
      }
      if (next.done === true) return;
      timer = setTimeout(() => stalled(tookTooLong(idleMs)), idleMs);
      yield next.value;
      clearTimeout(timer);
    }
  } finally {
    clearTimeout(timer);
    await iterator.return?.();
  }
}
