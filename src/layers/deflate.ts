// The encoder of everything that is not spliced (RFC 1951). Its bytes depend on its input alone, not on a zlib build, a
// processor, or how the input was cut into pieces; `ENCODER_VERSION` in layout.ts stands for them.

import { alignBits, type BitOutput, putBits, putBlock, putStored } from './deflate-block.ts';
import { createMatcher, type Tokens, WINDOW } from './deflate-matches.ts';
import { DISTANCES, LITERALS } from './deflate-symbols.ts';

/** Takes pieces of output; a piece is the taker's only until it returns. */
export type TakeBytes = (piece: Uint8Array) => void;

/** Any number of streams, one after the other. */
export interface Deflater {
  write(bytes: Uint8Array): void;
  /** Ends on a byte's edge, open: a raw DEFLATE stream may follow. The next `write` begins a new stream. */
  flush(): void;
  /** Ends the stream. The next `write` begins a new one. */
  finish(): void;
}

/** Bytes of input that make a block: what one stored block can hold. */
const BLOCK = 65_535;
/** A window before the block in work, and room for some blocks before the bytes are moved. */
const BUFFER = 10 * WINDOW + 8 * (BLOCK + 1);
const NOTHING = new Uint8Array(0);

export function createDeflater(take: TakeBytes): Deflater {
  const buffer = new Uint8Array(BUFFER);
  const matcher = createMatcher(buffer);
  const tokens: Tokens = {
    list: new Int32Array(BLOCK),
    count: 0,
    literals: new Int32Array(LITERALS),
    distances: new Int32Array(DISTANCES),
  };
  const output: BitOutput = { bytes: new Uint8Array(BLOCK + 1024), size: 0, bits: 0, count: 0 };
  // In the buffer: where the stream begins, what is compressed, what is filled.
  let start = 0;
  let done = 0;
  let end = 0;

  function compress(final: boolean): void {
    matcher.parse(done, end, start, tokens);
    putBlock(output, tokens, buffer.subarray(done, end), final);
    done = end;
    drain();
  }
  function drain(): void {
    if (output.size > 0) take(output.bytes.subarray(0, output.size));
    output.size = 0;
  }
  function makeRoom(): void {
    if (done + BLOCK <= BUFFER) return;
    const delta = Math.floor((done - WINDOW) / WINDOW) * WINDOW;
    buffer.copyWithin(0, delta, end);
    matcher.shift(delta);
    start = Math.max(start - delta, 0);
    done -= delta;
    end -= delta;
  }
  function close(): void {
    drain();
    start = done;
  }
  return {
    write(bytes) {
      for (let at = 0; at < bytes.length; ) {
        if (end - done === BLOCK) compress(false);
        makeRoom();
        const count = Math.min(bytes.length - at, BLOCK - (end - done));
        buffer.set(bytes.subarray(at, at + count), end);
        end += count;
        at += count;
      }
    },
    flush() {
      if (end > done) compress(false);
      putStored(output, NOTHING, false);
      close();
    },
    finish() {
      if (end > done) {
        compress(true);
      } else {
        // An empty block with the fixed codes.
        putBits(output, 3, 10);
      }
      alignBits(output);
      close();
    },
  };
}
