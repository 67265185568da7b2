// XZ decompression (WebAssembly: Node has none of its own), with an end to damaged and truncated input.

import { BivyError } from '../kernel/errors.ts';

/** Output that is empty so often after the end of the input will stay so. */
const PATIENCE = 4;

/** @throws BivyError `ARCHIVE_INVALID`; what the source throws comes through */
export async function* unxz(
  source: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  // A CommonJS module: Node sees its names under `default` alone, loaders that rewrite imports at the top alone.
  const module = await import('xz-decompress');
  const { XzReadableStream } = module.default ?? module;
  const iterator = source[Symbol.asyncIterator]();
  let failure: { readonly error: unknown } | undefined;
  let ended = false;
  const input = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await iterator.next();
          if (next.done !== true) return controller.enqueue(next.value);
          ended = true;
          controller.close();
        } catch (error) {
          failure = { error };
          controller.error(error);
        }
      },
    },
    { highWaterMark: 0 },
  );
  const output = new XzReadableStream(input).getReader();
  try {
    // The decoder would wait for the rest of a truncated file for ever, with an empty chunk each time.
    for (let empty = 0; empty < PATIENCE; ) {
      const { done, value } = await output.read();
      if (done) return;
      if (value.length > 0) yield value;
      empty = ended && value.length === 0 ? empty + 1 : 0;
    }
  } catch (error) {
    if (failure !== undefined) throw failure.error;
    throw new BivyError('ARCHIVE_INVALID', `${name} is no sound XZ file`, { cause: error });
  } finally {
    await output.cancel().catch(() => undefined);
    if (!ended) await iterator.return?.();
  }
  throw new BivyError('ARCHIVE_INVALID', `${name} is cut short`);
}
