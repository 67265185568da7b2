// Doing many things at once, but not too many. Results keep the order of the items.

/**
 * At most `limit` of `perform` at a time, begun in order. The first failure aborts the signal that the others were given,
 * waits until they have ended, and is thrown.
 */
export async function mapBounded<Item, Result>(
  items: readonly Item[],
  limit: number,
  signal: AbortSignal,
  perform: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const results = new Array<Result>(items.length);
  let next = 0;
  let failure: { readonly error: unknown } | undefined;

  async function work(): Promise<void> {
    while (failure === undefined && next < items.length) {
      const index = next++;
      try {
        both.throwIfAborted();
        results[index] = await perform(items[index]!, both);
      } catch (error) {
        failure ??= { error };
        stop.abort();
      }
    }
  }

  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  if (failure !== undefined) throw failure.error;
  return results;
}
