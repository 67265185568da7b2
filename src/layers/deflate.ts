// The encoder of everything that is not spliced (RFC 1951). Its bytes depend on its input alone, not on a zlib build, a
// processor, or how the input was cut into pieces; `ENCODER_VERSION` in layout.ts stands for them. This file cuts
// streams into blocks; what makes a block of bytes is wasm/deflate.ts, compiled to WebAssembly: integers only, so that
// every engine computes the same.

import { MODULE } from './deflate-wasm.ts';

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

/** How far back a repetition may lie. */
const WINDOW = 32 * 1024;

export function createDeflater(take: TakeBytes): Deflater {
  const encoder = createEncoder();
  const memory = new Uint8Array(encoder.memory.buffer);
  const buffer = encoder.bufferAt();
  const bufferSize = encoder.bufferSize();
  const blockSize = encoder.blockSize();
  const output = encoder.outputAt();
  // In the buffer: where the stream begins, what is compressed, what is filled.
  let start = 0;
  let done = 0;
  let end = 0;

  function compress(final: boolean): void {
    encoder.compress(done, end, start, final);
    done = end;
    drain();
  }
  function drain(): void {
    const size = encoder.take();
    if (size > 0) take(memory.subarray(output, output + size));
  }
  function makeRoom(): void {
    if (done + blockSize <= bufferSize) return;
    const delta = Math.floor((done - WINDOW) / WINDOW) * WINDOW;
    encoder.shift(delta, end);
    start = Math.max(start - delta, 0);
    done -= delta;
    end -= delta;
  }
  function close(final: boolean): void {
    const empty = end === done;
    if (!empty) compress(final);
    encoder.end(final, empty);
    drain();
    start = done;
  }
  return {
    write(bytes) {
      for (let at = 0; at < bytes.length; ) {
        if (end - done === blockSize) compress(false);
        makeRoom();
        const count = Math.min(bytes.length - at, blockSize - (end - done));
        memory.set(bytes.subarray(at, at + count), buffer + end);
        end += count;
        at += count;
      }
    },
    flush() {
      close(false);
    },
    finish() {
      close(true);
    },
  };
}

/** What wasm/deflate.ts exports; it is described there. */
interface Encoder {
  readonly memory: { readonly buffer: ArrayBuffer };
  bufferAt(): number;
  bufferSize(): number;
  blockSize(): number;
  outputAt(): number;
  take(): number;
  compress(from: number, to: number, start: number, final: boolean): void;
  end(final: boolean, empty: boolean): void;
  shift(delta: number, filled: number): void;
}

// Node has it; its types leave it to those of browsers.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

let compiled: object | undefined;

/** A memory of its own for each, of 1.5 MB: what is found in one stream leaves no trace in another's. */
function createEncoder(): Encoder {
  compiled ??= new WebAssembly.Module(Buffer.from(MODULE, 'base64'));
  return new WebAssembly.Instance(compiled).exports as Encoder;
}
