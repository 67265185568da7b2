// The encoder of everything that is not spliced. Its bytes depend on its input alone: no zlib build, no processor;
// `ENCODER_VERSION` in layout.ts stands for them. Spec: RFC 1951.

import { Deflate, Z_FINISH, Z_NO_FLUSH, Z_SYNC_FLUSH } from 'pako';

const LEVEL = 6;

/** Takes chunks of output; a chunk is the taker's only until it returns. */
export type TakeBytes = (chunk: Uint8Array) => void;

/** Any number of streams, one after the other. */
export interface Deflater {
  write(bytes: Uint8Array): void;
  /** Ends on a byte's edge, open: a raw DEFLATE stream may follow. The next `write` begins a new stream. */
  flush(): void;
  /** Ends the stream. The next `write` begins a new one. */
  finish(): void;
}

export function createDeflater(take: TakeBytes): Deflater {
  let stream: Deflate | undefined;
  function open(): Deflate {
    if (stream === undefined) {
      stream = new Deflate({ raw: true, level: LEVEL });
      stream.onData = (chunk) => take(chunk as Uint8Array);
    }
    return stream;
  }
  return {
    write(bytes) {
      open().push(bytes, Z_NO_FLUSH);
    },
    flush() {
      open().push(new Uint8Array(0), Z_SYNC_FLUSH);
      stream = undefined;
    },
    finish() {
      open().push(new Uint8Array(0), Z_FINISH);
      stream = undefined;
    },
  };
}
