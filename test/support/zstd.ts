// Zstandard streams without a compressor: RFC 8878, frames of raw blocks and of runs.

const MAX_BLOCK = 2 ** 17;

export interface FrameOptions {
  /** Bytes of each block but the last. */
  readonly block?: number;
  /** A run of that byte at the end, as one block. */
  readonly run?: { readonly byte: number; readonly length: number };
  /** The descriptor of the window, where it is not for 8 MiB. */
  readonly window?: number;
  readonly checksum?: boolean;
}

/** A frame that holds those bytes; its checksum, where it has one, is wrong. */
export function zstdFrame(
  bytes: Uint8Array,
  { block = MAX_BLOCK, run, window = 0x68, checksum = false }: FrameOptions = {},
): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += block) {
    const part = bytes.subarray(at, at + block);
    blocks.push(Buffer.concat([blockHead(0, part.length), part]));
  }
  if (run !== undefined) blocks.push(Buffer.concat([blockHead(1, run.length), Buffer.from([run.byte])]));
  if (blocks.length === 0) blocks.push(blockHead(0, 0));
  blocks.at(-1)![0]! |= 1;
  return Buffer.concat([
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, checksum ? 4 : 0, window]),
    ...blocks,
    Buffer.alloc(checksum ? 4 : 0, 1),
  ]);
}

/** A frame that holds nothing: what zstd:chunked and seekable files have. */
export function skippableFrame(content: Uint8Array, number = 0): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a50 + number, 0);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content]);
}

function blockHead(type: 0 | 1, size: number): Buffer {
  const head = Buffer.alloc(3);
  head.writeUIntLE((size << 3) | (type << 1), 0, 3);
  return head;
}
