// Two streams of bytes in step: where they first part. Holds one chunk of each.

export interface ByteDifference {
  /** From 0: as many bytes are the same. */
  readonly offset: number;
  /** The byte there, 0 to 255; `null` where that stream has ended. */
  readonly left: number | null;
  readonly right: number | null;
}

/** Nothing where both give the same bytes. Where they part, neither is read further. */
export async function firstDifference(
  left: AsyncIterable<Uint8Array>,
  right: AsyncIterable<Uint8Array>,
): Promise<ByteDifference | undefined> {
  const one = new Cursor(left);
  const other = new Cursor(right);
  try {
    for (let offset = 0; ; ) {
      const [hasLeft, hasRight] = [await one.fill(), await other.fill()];
      if (!hasLeft && !hasRight) return undefined;
      if (!hasLeft || !hasRight) return { offset, left: one.first(), right: other.first() };
      const size = Math.min(one.chunk.length, other.chunk.length);
      const same = sameUntil(one.chunk, other.chunk, size);
      one.skip(same);
      other.skip(same);
      offset += same;
      if (same < size) return { offset, left: one.first(), right: other.first() };
    }
  } finally {
    await one.close();
    await other.close();
  }
}

class Cursor {
  chunk: Uint8Array = new Uint8Array(0);
  readonly #iterator: AsyncIterator<Uint8Array>;
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  /** False at the end. */
  async fill(): Promise<boolean> {
    while (this.chunk.length === 0 && !this.#ended) {
      const next = await this.#iterator.next();
      if (next.done === true) this.#ended = true;
      else this.chunk = next.value;
    }
    return !this.#ended;
  }

  first(): number | null {
    return this.chunk[0] ?? null;
  }

  skip(count: number): void {
    this.chunk = this.chunk.subarray(count);
  }

  async close(): Promise<void> {
    if (!this.#ended) await this.#iterator.return?.();
  }
}

function sameUntil(left: Uint8Array, right: Uint8Array, size: number): number {
  if (Buffer.compare(left.subarray(0, size), right.subarray(0, size)) === 0) return size;
  let at = 0;
  while (left[at] === right[at]) at += 1;
  return at;
}
