// Huffman codes as DEFLATE wants them (RFC 1951, 3.2.2): lengths from frequencies, limited, and the codes that follow
// from the lengths. Ties are broken by symbol, so that the same frequencies give the same code everywhere.

const MOST_SYMBOLS = 288;
const MOST_DEPTH = 64;

const sorted = new Uint32Array(MOST_SYMBOLS);
const tree = new Int32Array(MOST_SYMBOLS);
const counts = new Int32Array(MOST_DEPTH);
const nextCodes = new Int32Array(17);

/**
 * Code lengths of symbols by their frequencies (each below 2^22); 0 for those that do not occur. A lone symbol gets
 * length 1, and so does symbol 0 where none occurs: a decoder must be told something.
 */
export function codeLengths(
  frequencies: Int32Array,
  symbols: number,
  limit: number,
  lengths: Uint8Array,
): void {
  let used = 0;
  for (let symbol = 0; symbol < symbols; symbol++) {
    lengths[symbol] = 0;
    if (frequencies[symbol] !== 0) sorted[used++] = frequencies[symbol]! * 512 + symbol;
  }
  if (used < 2) {
    lengths[used === 0 ? 0 : sorted[0]! & 511] = 1;
    return;
  }
  const order = sorted.subarray(0, used).sort();
  for (let index = 0; index < used; index++) tree[index] = order[index]! >>> 9;
  findDepths(used);
  limitDepths(used, limit);
  let index = used - 1;
  for (let length = 1; length <= limit; length++) {
    for (let left = counts[length]!; left > 0; left--) lengths[order[index--]! & 511] = length;
  }
}

/** Weights in ascending order become depths in descending order, in place: Moffat and Katajainen, 1995. */
function findDepths(used: number): void {
  let root = 0;
  let leaf = 2;
  tree[0]! += tree[1]!;
  for (let next = 1; next < used - 1; next++) {
    if (leaf >= used || tree[root]! < tree[leaf]!) {
      tree[next] = tree[root]!;
      tree[root++] = next;
    } else tree[next] = tree[leaf++]!;
    if (leaf >= used || (root < next && tree[root]! < tree[leaf]!)) {
      tree[next]! += tree[root]!;
      tree[root++] = next;
    } else tree[next]! += tree[leaf++]!;
  }
  tree[used - 2] = 0;
  for (let next = used - 3; next >= 0; next--) tree[next] = tree[tree[next]!]! + 1;
  let available = 1;
  let depth = 0;
  root = used - 2;
  for (let next = used - 1; available > 0; depth++) {
    let inner = 0;
    for (; root >= 0 && tree[root] === depth; root--) inner++;
    for (; available > inner; available--) tree[next--] = depth;
    available = 2 * inner;
  }
}

/** Counts the leaves of each depth, none deeper than `limit`, so that the code stays complete (Kraft). */
function limitDepths(used: number, limit: number): void {
  counts.fill(0);
  for (let index = 0; index < used; index++) counts[Math.min(tree[index]!, limit)]!++;
  let sum = 0;
  for (let depth = 1; depth <= limit; depth++) sum += counts[depth]! << (limit - depth);
  for (; sum > 1 << limit; sum--) {
    // One of the deepest leaves becomes the sibling of a shallower one, which goes one down.
    let depth = limit - 1;
    while (counts[depth] === 0) depth--;
    counts[limit]!--;
    counts[depth]!--;
    counts[depth + 1]! += 2;
  }
}

/** The canonical codes of those lengths, with their bits in the order in which they are written. */
export function assignCodes(lengths: Uint8Array, symbols: number, codes: Uint16Array): void {
  counts.fill(0);
  for (let symbol = 0; symbol < symbols; symbol++) counts[lengths[symbol]!]!++;
  counts[0] = 0;
  nextCodes[1] = 0;
  for (let length = 1; length < 16; length++)
    nextCodes[length + 1] = (nextCodes[length]! + counts[length]!) << 1;
  for (let symbol = 0; symbol < symbols; symbol++) {
    const length = lengths[symbol]!;
    if (length !== 0) codes[symbol] = reverse(nextCodes[length]!++, length);
  }
}

function reverse(code: number, length: number): number {
  let reversed = 0;
  for (let bit = 0; bit < length; bit++) reversed |= ((code >>> bit) & 1) << (length - 1 - bit);
  return reversed;
}
