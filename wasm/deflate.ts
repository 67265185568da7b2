// The hot part of the DEFLATE encoder (RFC 1951), in AssemblyScript: bytes in, one block out. Built by
// `scripts/build-encoder.mjs` into `src/layers/deflate-wasm.ts`; `src/layers/deflate.ts` cuts streams into blocks.
//
// Integers only, and every table that could remember an earlier stream is guarded by `start`: a block depends on the
// bytes of its stream alone, whatever the engine and the processor. A change of output asks for a new ENCODER_VERSION.

const WINDOW: i32 = 32 * 1024;
const MASK: i32 = WINDOW - 1;
/** Bytes that make a block: what one stored block can hold. */
const BLOCK: i32 = 65_535;
/** A window before the block in work, and room for some blocks before the bytes are moved. */
const BUFFER: i32 = 10 * WINDOW + 8 * (BLOCK + 1);

const HASH_BITS: i32 = 15;
const LONGEST: i32 = 258;
/** Positions to try; fewer once a match is at hand. */
const DEPTH: i32 = 32;
const GOOD: i32 = 8;
/** A match of this length is not put off. */
const LAZY: i32 = 32;
/** A match of this length ends the search. */
const NICE: i32 = 128;

const LITERALS: i32 = 286;
const DISTANCES: i32 = 30;
const PACKED: i32 = 19;
const END_OF_BLOCK: i32 = 256;

// All memory is laid out here. Eight bytes are read and written at once: buffers have that much more.
const buffer: usize = memory.data(BUFFER + 8);
const output: usize = memory.data(BLOCK + 1024 + 8);
const heads: usize = memory.data(4 << HASH_BITS);
const chain: usize = memory.data(4 * WINDOW);
/** Literals as they are; matches as `length << 16 | distance`. */
const tokens: usize = memory.data(4 * BLOCK);
const lengthSymbols: usize = memory.data(2 * 259);
const lengthBases: usize = memory.data(2 * 29);
const lengthExtras: usize = memory.data(29);
/** At `d - 1` for distances up to 256, at `256 + ((d - 1) >> 7)` above. */
const distanceSymbols: usize = memory.data(512);
const distanceBases: usize = memory.data(2 * DISTANCES);
const distanceExtras: usize = memory.data(DISTANCES);

/** Frequencies (u32), code lengths (u8) and codes (u16) of an alphabet. */
class Alphabet {
  constructor(
    readonly symbols: i32,
    readonly limit: i32,
    readonly frequencies: usize,
    readonly lengths: usize,
    readonly codes: usize,
  ) {}
}
const literals = new Alphabet(LITERALS, 15, memory.data(4 * 288), memory.data(288), memory.data(2 * 288));
const distances = new Alphabet(DISTANCES, 15, memory.data(4 * 32), memory.data(32), memory.data(2 * 32));
const packed = new Alphabet(PACKED, 7, memory.data(4 * PACKED), memory.data(PACKED), memory.data(2 * PACKED));
const fixedLiterals = new Alphabet(288, 15, literals.frequencies, memory.data(288), memory.data(2 * 288));
const fixedDistances = new Alphabet(32, 15, distances.frequencies, memory.data(32), memory.data(2 * 32));

/** The code lengths of both alphabets in a row, and their run-length coding: symbol and repeat, two bytes each. */
const rowLengths: usize = memory.data(320);
const rowPacked: usize = memory.data(2 * 320);
const packedOrder: usize = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

const sorted: usize = memory.data(4 * 288);
const tree: usize = memory.data(4 * 288);
const counts: usize = memory.data(4 * 16);
const nextCodes: usize = memory.data(4 * 17);

// Bits that make no whole byte yet, and where the next byte goes.
let bits: u64 = 0;
let bitCount: i32 = 0;
let out: usize = output;

fillSymbols();
fillFixed();
memory.fill(heads, 0xff, 4 << HASH_BITS);

export function bufferAt(): usize {
  return buffer;
}
export function bufferSize(): i32 {
  return BUFFER;
}
export function blockSize(): i32 {
  return BLOCK;
}
export function outputAt(): usize {
  return output;
}

/** Bytes of output since the last call. */
export function take(): i32 {
  const size = <i32>(out - output);
  out = output;
  return size;
}

/** Compresses the buffer's bytes `from` to `to`, at most `BLOCK` and at least 1, of a stream that began at `start`. */
export function compress(from: i32, to: i32, start: i32, final: bool): void {
  memory.fill(literals.frequencies, 0, 4 * 288);
  memory.fill(distances.frequencies, 0, 4 * 32);
  store<u32>(literals.frequencies + 4 * END_OF_BLOCK, 1);
  putBlock(from, to, parse(from, to, start), final);
}

/** Ends the stream: with nothing after it, or on a byte's edge for another raw stream to follow. */
export function end(final: bool, empty: bool): void {
  if (!final) {
    putStored(buffer, 0, false);
  } else {
    // An empty block with the fixed codes, where no block could be marked as the last.
    if (empty) putBits(3, 10);
    align();
  }
}

/** Moves the buffer's bytes up to `filled` to the front by `delta`, a multiple of `WINDOW`. */
export function shift(delta: i32, filled: i32): void {
  memory.copy(buffer, buffer + delta, filled - delta);
  for (let at: usize = 0; at < 4 << HASH_BITS; at += 4) shiftPosition(heads + at, delta);
  for (let at: usize = 0; at < 4 * WINDOW; at += 4) shiftPosition(chain + at, delta);
}

// @ts-ignore: decorator
@inline
function shiftPosition(at: usize, delta: i32): void {
  store<i32>(at, max(load<i32>(at) - delta, -1));
}

// Repetitions: chains of positions with the same four bytes, and lazy evaluation: a match is put off by a byte where
// the next one is longer.

// @ts-ignore: decorator
@inline
function headOf(word: u32): usize {
  return heads + (((word * 0x9e3779b1) >> (32 - HASH_BITS)) << 2);
}

// @ts-ignore: decorator
@inline
function chainOf(position: i32): usize {
  return chain + ((position & MASK) << 2);
}

/** Remembers the position; gives the last one with the same hash. */
// @ts-ignore: decorator
@inline
function remember(position: i32): i32 {
  const head = headOf(load<u32>(buffer + position));
  const last = load<i32>(head);
  store<i32>(head, position);
  store<i32>(chainOf(position), last);
  return last;
}

// @ts-ignore: decorator
@inline
function count(frequencies: usize, symbol: i32): void {
  const at = frequencies + (symbol << 2);
  store<u32>(at, load<u32>(at) + 1);
}

// @ts-ignore: decorator
@inline
function distanceSymbol(distance: i32): i32 {
  return load<u8>(distanceSymbols + (distance <= 256 ? distance - 1 : <i32>(256 + ((distance - 1) >> 7))));
}

/** Writes tokens for the bytes and counts their symbols; returns where the tokens end. */
function parse(from: i32, to: i32, start: i32): usize {
  let token = tokens;
  // Four bytes are hashed: the last three positions begin no match.
  const last = to - 4;
  let at = from;
  while (at < to) {
    let match: u32 = 0;
    if (at <= last) {
      const candidate = remember(at);
      const limit = max(at - MASK, start);
      if (candidate >= limit) match = search(at, candidate, limit, 3, min(to - at, LONGEST), DEPTH);
    }
    if (match == 0) {
      token = putLiteral(token, at++);
      continue;
    }
    let length = <i32>(match >> 16);
    let next = at + 1;
    while (length < LAZY && next <= last) {
      const candidate = remember(next);
      const limit = max(next - MASK, start);
      const most = min(to - next, LONGEST);
      if (candidate < limit || length >= most) {
        next++;
        break;
      }
      const better = search(next, candidate, limit, length, most, length >= GOOD ? DEPTH >> 2 : DEPTH >> 1);
      next++;
      if (better == 0) break;
      token = putLiteral(token, at++);
      match = better;
      length = <i32>(match >> 16);
    }
    store<u32>(token, match);
    token += 4;
    count(literals.frequencies, load<u16>(lengthSymbols + (length << 1)));
    count(distances.frequencies, distanceSymbol(match & 0xffff));
    at += length;
    for (const stop = min(at, last + 1); next < stop; next++) remember(next);
  }
  return token;
}

// @ts-ignore: decorator
@inline
function putLiteral(token: usize, at: i32): usize {
  const byte = load<u8>(buffer + at);
  store<u32>(token, byte);
  count(literals.frequencies, byte);
  return token + 4;
}

/** The longest match that is longer than `best`, as a token; 0 where there is none. `best` is at least 3. */
function search(at: i32, first: i32, limit: i32, best: i32, most: i32, depth: i32): u32 {
  const here = buffer + at;
  const word = load<u32>(here);
  const nice = min(NICE, most);
  let found: u32 = 0;
  let longest = best;
  // Only what agrees up to one byte beyond the longest so far can be longer.
  let edge = load<u32>(here + longest - 3);
  let candidate = first;
  do {
    const there = buffer + candidate;
    if (load<u32>(there + longest - 3) == edge && load<u32>(there) == word) {
      const length = extend(here, there, most);
      if (length > longest) {
        found = (<u32>length << 16) | <u32>(at - candidate);
        if (length >= nice) break;
        longest = length;
        edge = load<u32>(here + longest - 3);
      }
    }
    candidate = load<i32>(chainOf(candidate));
  } while (candidate >= limit && --depth > 0);
  return found;
}

/** How many bytes agree, of at most `most`, given that four do. */
// @ts-ignore: decorator
@inline
function extend(a: usize, b: usize, most: i32): i32 {
  let length: i32 = 4;
  while (length < most) {
    const difference = load<u64>(a + length) ^ load<u64>(b + length);
    if (difference != 0) return min(length + <i32>(ctz(difference) >> 3), most);
    length += 8;
  }
  return most;
}

// Huffman codes: lengths from frequencies, limited, and the codes that follow from the lengths (3.2.2). Ties are broken
// by symbol.

/** A lone symbol gets length 1, and so does symbol 0 where none occurs: a decoder must be told something. */
function buildLengths(alphabet: Alphabet): void {
  const symbols = alphabet.symbols;
  const limit = alphabet.limit;
  const frequencies = alphabet.frequencies;
  const lengths = alphabet.lengths;
  let used: i32 = 0;
  for (let symbol: i32 = 0; symbol < symbols; symbol++) {
    store<u8>(lengths + symbol, 0);
    const frequency = load<u32>(frequencies + (symbol << 2));
    if (frequency != 0) store<u32>(sorted + (used++ << 2), (frequency << 9) | symbol);
  }
  if (used < 2) {
    store<u8>(lengths + (used == 0 ? 0 : load<u32>(sorted) & 511), 1);
    return;
  }
  sort(used);
  for (let index: i32 = 0; index < used; index++) setWeight(index, load<u32>(sorted + (index << 2)) >> 9);
  findDepths(used);
  limitDepths(used, limit);
  let index = used - 1;
  for (let length: i32 = 1; length <= limit; length++) {
    for (let left = countOf(length); left > 0; left--) {
      store<u8>(lengths + (load<u32>(sorted + (index-- << 2)) & 511), length);
    }
  }
}

/** Shell's sort; no two keys are the same. */
function sort(used: i32): void {
  for (let gap: i32 = 121; gap > 0; gap = gap / 3) {
    for (let index = gap; index < used; index++) {
      const key = load<u32>(sorted + (index << 2));
      let hole = index;
      while (hole >= gap && load<u32>(sorted + ((hole - gap) << 2)) > key) {
        store<u32>(sorted + (hole << 2), load<u32>(sorted + ((hole - gap) << 2)));
        hole -= gap;
      }
      store<u32>(sorted + (hole << 2), key);
    }
  }
}

// @ts-ignore: decorator
@inline
function weight(index: i32): i32 {
  return load<i32>(tree + (index << 2));
}

// @ts-ignore: decorator
@inline
function setWeight(index: i32, value: i32): void {
  store<i32>(tree + (index << 2), value);
}

// @ts-ignore: decorator
@inline
function countOf(length: i32): i32 {
  return load<i32>(counts + (length << 2));
}

// @ts-ignore: decorator
@inline
function addCount(length: i32, more: i32): void {
  store<i32>(counts + (length << 2), countOf(length) + more);
}

/** Weights in ascending order become depths in descending order, in place: Moffat and Katajainen, 1995. */
function findDepths(used: i32): void {
  let root: i32 = 0;
  let leaf: i32 = 2;
  setWeight(0, weight(0) + weight(1));
  for (let next: i32 = 1; next < used - 1; next++) {
    if (leaf >= used || weight(root) < weight(leaf)) {
      setWeight(next, weight(root));
      setWeight(root++, next);
    } else {
      setWeight(next, weight(leaf++));
    }
    if (leaf >= used || (root < next && weight(root) < weight(leaf))) {
      setWeight(next, weight(next) + weight(root));
      setWeight(root++, next);
    } else {
      setWeight(next, weight(next) + weight(leaf++));
    }
  }
  setWeight(used - 2, 0);
  for (let next = used - 3; next >= 0; next--) setWeight(next, weight(weight(next)) + 1);
  let available: i32 = 1;
  let depth: i32 = 0;
  root = used - 2;
  for (let next = used - 1; available > 0; depth++) {
    let inner: i32 = 0;
    for (; root >= 0 && weight(root) == depth; root--) inner++;
    for (; available > inner; available--) setWeight(next--, depth);
    available = 2 * inner;
  }
}

/** Counts the leaves of each depth, none deeper than `limit`, so that the code stays complete (Kraft). */
function limitDepths(used: i32, limit: i32): void {
  memory.fill(counts, 0, 4 * 16);
  for (let index: i32 = 0; index < used; index++) addCount(min(weight(index), limit), 1);
  let sum: i32 = 0;
  for (let depth: i32 = 1; depth <= limit; depth++) sum += countOf(depth) << (limit - depth);
  for (; sum > 1 << limit; sum--) {
    // One of the deepest leaves becomes the sibling of a shallower one, which goes one down.
    let depth = limit - 1;
    while (countOf(depth) == 0) depth--;
    addCount(limit, -1);
    addCount(depth, -1);
    addCount(depth + 1, 2);
  }
}

/** The canonical codes of the lengths, with their bits in the order in which they are written. */
function assignCodes(alphabet: Alphabet): void {
  const symbols = alphabet.symbols;
  const lengths = alphabet.lengths;
  const codes = alphabet.codes;
  memory.fill(counts, 0, 4 * 16);
  for (let symbol: i32 = 0; symbol < symbols; symbol++) addCount(load<u8>(lengths + symbol), 1);
  store<i32>(counts, 0);
  store<i32>(nextCodes + 4, 0);
  for (let length: i32 = 1; length < 16; length++) {
    store<i32>(nextCodes + ((length + 1) << 2), (load<i32>(nextCodes + (length << 2)) + countOf(length)) << 1);
  }
  for (let symbol: i32 = 0; symbol < symbols; symbol++) {
    const length: i32 = load<u8>(lengths + symbol);
    if (length == 0) continue;
    const at = nextCodes + (length << 2);
    const code = load<i32>(at);
    store<i32>(at, code + 1);
    let reversed: i32 = 0;
    for (let bit: i32 = 0; bit < length; bit++) reversed |= ((code >> bit) & 1) << (length - 1 - bit);
    store<u16>(codes + (symbol << 1), reversed);
  }
}

// Blocks (3.2.3 to 3.2.7): stored, with the fixed codes, or with codes of their own, whichever is shortest.

// @ts-ignore: decorator
@inline
function putBits(value: u64, width: i32): void {
  bits |= value << bitCount;
  bitCount += width;
  store<u64>(out, bits);
  out += bitCount >> 3;
  bits >>= bitCount & 56;
  bitCount &= 7;
}

function align(): void {
  if (bitCount > 0) store<u8>(out++, <u8>bits);
  bits = 0;
  bitCount = 0;
}

function putStored(from: usize, size: i32, final: bool): void {
  putBits(final ? 1 : 0, 3);
  align();
  putBits(size, 16);
  putBits(~size & 0xffff, 16);
  memory.copy(out, from, size);
  out += size;
}

function putBlock(from: i32, to: i32, tokensEnd: usize, final: bool): void {
  buildLengths(literals);
  buildLengths(distances);
  const named = packLengths();
  const extra = extraBits();
  const own = extra + headerBits + codeBits(literals) + codeBits(distances);
  const fixed = extra + codeBits(fixedLiterals) + codeBits(fixedDistances);
  const stored = 8 * (to - from) + 7 + 32;
  if (stored < own && stored < fixed) {
    putStored(buffer + from, to - from, final);
  } else if (fixed <= own) {
    putBits(final ? 3 : 2, 3);
    putTokens(tokensEnd, fixedLiterals, fixedDistances);
  } else {
    putBits(final ? 5 : 4, 3);
    putHeader(named);
    assignCodes(literals);
    assignCodes(distances);
    putTokens(tokensEnd, literals, distances);
  }
}

function codeBits(alphabet: Alphabet): i32 {
  let sum: i32 = 0;
  for (let symbol: i32 = 0; symbol < alphabet.symbols; symbol++) {
    sum += load<i32>(alphabet.frequencies + (symbol << 2)) * load<u8>(alphabet.lengths + symbol);
  }
  return sum;
}

function extraBits(): i32 {
  let sum: i32 = 0;
  for (let index: i32 = 8; index < 28; index++) {
    sum += load<i32>(literals.frequencies + ((257 + index) << 2)) * load<u8>(lengthExtras + index);
  }
  for (let symbol: i32 = 4; symbol < DISTANCES; symbol++) {
    sum += load<i32>(distances.frequencies + (symbol << 2)) * load<u8>(distanceExtras + symbol);
  }
  return sum;
}

// What `packLengths` found, beside its result.
let headerBits: i32 = 0;
let literalCount: i32 = 0;
let distanceCount: i32 = 0;
let packedEnd: usize = 0;

/** Run-length coding of the two tables of code lengths, in a row; returns how many of `packedOrder` a header names. */
function packLengths(): i32 {
  literalCount = LITERALS;
  while (load<u8>(literals.lengths + literalCount - 1) == 0) literalCount--;
  distanceCount = DISTANCES;
  while (distanceCount > 1 && load<u8>(distances.lengths + distanceCount - 1) == 0) distanceCount--;
  memory.copy(rowLengths, literals.lengths, literalCount);
  memory.copy(rowLengths + literalCount, distances.lengths, distanceCount);
  memory.fill(packed.frequencies, 0, 4 * PACKED);
  packedEnd = rowPacked;
  const total = literalCount + distanceCount;
  let runEnd: i32 = 0;
  for (let at: i32 = 0; at < total; ) {
    const length = load<u8>(rowLengths + at);
    while (runEnd < total && load<u8>(rowLengths + runEnd) == length) runEnd++;
    if (length != 0) {
      pack(length, 0);
      at++;
    }
    while (at < runEnd) at += packRun(length, runEnd - at);
  }
  buildLengths(packed);
  let named = PACKED;
  while (named > 4 && load<u8>(packed.lengths + load<u8>(packedOrder + named - 1)) == 0) named--;
  headerBits = 14 + 3 * named + codeBits(packed);
  for (let symbol: i32 = 16; symbol < PACKED; symbol++) {
    headerBits += load<i32>(packed.frequencies + (symbol << 2)) * repeatBits(symbol);
  }
  return named;
}

/** Says the next of `run` equal lengths, as many at once as can be; returns how many. */
function packRun(length: u8, run: i32): i32 {
  if (run < 3) {
    pack(length, 0);
    return 1;
  }
  const most = length != 0 ? 6 : run < 11 ? 10 : 138;
  const said = min(run, most);
  if (length != 0) pack(16, said - 3);
  else if (run < 11) pack(17, said - 3);
  else pack(18, said - 11);
  return said;
}

function pack(symbol: i32, repeat: i32): void {
  store<u8>(packedEnd, symbol);
  store<u8>(packedEnd + 1, repeat);
  packedEnd += 2;
  count(packed.frequencies, symbol);
}

/** Extra bits of 16 (repeat the last, from 3), 17 and 18 (zeros, from 3 and 11). */
function repeatBits(symbol: i32): i32 {
  return symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
}

function putHeader(named: i32): void {
  putBits(literalCount - 257, 5);
  putBits(distanceCount - 1, 5);
  putBits(named - 4, 4);
  for (let index: i32 = 0; index < named; index++) {
    putBits(load<u8>(packed.lengths + load<u8>(packedOrder + index)), 3);
  }
  assignCodes(packed);
  for (let at = rowPacked; at < packedEnd; at += 2) {
    const symbol: i32 = load<u8>(at);
    putBits(load<u16>(packed.codes + (symbol << 1)), load<u8>(packed.lengths + symbol));
    putBits(load<u8>(at + 1), repeatBits(symbol));
  }
}

function putTokens(tokensEnd: usize, lengthCodes: Alphabet, distanceCodes: Alphabet): void {
  const codes = lengthCodes.codes;
  const lengths = lengthCodes.lengths;
  for (let at = tokens; at < tokensEnd; at += 4) {
    const token = load<u32>(at);
    const length = token >> 16;
    if (length == 0) {
      putBits(load<u16>(codes + (token << 1)), load<u8>(lengths + token));
      continue;
    }
    const symbol: u32 = load<u16>(lengthSymbols + (length << 1));
    const distance = <i32>(token & 0xffff);
    const place = distanceSymbol(distance);
    // At most 15 + 5 + 15 + 13 bits, and 7 that wait.
    let value: u64 = load<u16>(codes + (symbol << 1));
    let width: i32 = load<u8>(lengths + symbol);
    value |= <u64>(length - load<u16>(lengthBases + ((symbol - 257) << 1))) << width;
    width += load<u8>(lengthExtras + symbol - 257);
    value |= <u64>load<u16>(distanceCodes.codes + (place << 1)) << width;
    width += load<u8>(distanceCodes.lengths + place);
    value |= <u64>(distance - load<u16>(distanceBases + (place << 1))) << width;
    width += load<u8>(distanceExtras + place);
    putBits(value, width);
  }
  putBits(load<u16>(codes + 2 * END_OF_BLOCK), load<u8>(lengths + END_OF_BLOCK));
}

// Tables (3.2.5, 3.2.6).

function fillSymbols(): void {
  let length: i32 = 3;
  for (let index: i32 = 0; index < 28; index++) {
    const extra = index < 8 ? 0 : (index >> 2) - 1;
    store<u8>(lengthExtras + index, extra);
    store<u16>(lengthBases + (index << 1), length);
    for (let more: i32 = 1 << extra; more > 0; more--) store<u16>(lengthSymbols + (length++ << 1), 257 + index);
  }
  // The last length has a symbol of its own, though the symbol before could say it.
  store<u16>(lengthBases + (28 << 1), LONGEST);
  store<u16>(lengthSymbols + (LONGEST << 1), 285);
  let distance: i32 = 1;
  for (let symbol: i32 = 0; symbol < DISTANCES; symbol++) {
    const extra = symbol < 2 ? 0 : (symbol >> 1) - 1;
    store<u8>(distanceExtras + symbol, extra);
    store<u16>(distanceBases + (symbol << 1), distance);
    for (let more: i32 = 1 << extra; more > 0; more--, distance++) {
      store<u8>(distanceSymbols + (distance <= 256 ? distance - 1 : <i32>(256 + ((distance - 1) >> 7))), symbol);
    }
  }
}

function fillFixed(): void {
  const lengths = fixedLiterals.lengths;
  memory.fill(lengths, 8, 144);
  memory.fill(lengths + 144, 9, 112);
  memory.fill(lengths + 256, 7, 24);
  memory.fill(lengths + 280, 8, 8);
  memory.fill(fixedDistances.lengths, 5, 32);
  assignCodes(fixedLiterals);
  assignCodes(fixedDistances);
}
