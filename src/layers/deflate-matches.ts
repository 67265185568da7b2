// The search for repetitions (RFC 1951, 4): chains of positions with the same four bytes, and lazy evaluation: a match
// is put off by a byte where the next one is longer. Integers only, and every table that could remember an earlier
// stream is guarded by `start`: what is found depends on the bytes of the stream alone.

import { distanceSymbol, END_OF_BLOCK, LENGTH_SYMBOL } from './deflate-symbols.ts';

export const WINDOW: number = 32 * 1024;
const MASK = WINDOW - 1;
const HASH_BITS = 15;
const SHIFT = 32 - HASH_BITS;
const FACTOR = 0x9e3779b1;

const LONGEST = 258;
/** Positions to try; a quarter once a good match is at hand. */
const DEPTH = 16;
const GOOD = 8;
/** A match of this length is not put off. */
const LAZY = 16;
/** A match of this length ends the search. */
const NICE = 64;

/** Literals as they are; matches as `length << 16 | distance`; and how often each symbol occurs. */
export interface Tokens {
  readonly list: Int32Array;
  count: number;
  readonly literals: Int32Array;
  readonly distances: Int32Array;
}

export interface Matcher {
  /** Fills `tokens` with the bytes `from` to `to` of the buffer, given that the stream began at `start`. */
  parse(from: number, to: number, start: number, tokens: Tokens): void;
  /** The buffer's bytes have moved to the front by `delta`, a multiple of `WINDOW`. */
  shift(delta: number): void;
}

export function createMatcher(buffer: Uint8Array): Matcher {
  const heads = new Int32Array(1 << HASH_BITS).fill(-1);
  const chain = new Int32Array(WINDOW).fill(-1);
  return {
    parse(from, to, start, tokens) {
      tokens.literals.fill(0);
      tokens.distances.fill(0);
      tokens.literals[END_OF_BLOCK] = 1;
      tokens.count = parse(buffer, heads, chain, from, to, start, tokens);
    },
    shift(delta) {
      shift(heads, delta);
      shift(chain, delta);
    },
  };
}

function shift(positions: Int32Array, delta: number): void {
  for (let at = 0; at < positions.length; at++) positions[at] = Math.max(positions[at]! - delta, -1);
}

/**
 * Returns the number of tokens. One long loop on purpose: it is where the time of compressing goes, and calls cost as
 * much as what they do. Nothing stands after it: V8 optimizes a loop while it runs, and would have to leave its code
 * each time for statements that it has not seen run yet.
 */
function parse(
  buffer: Uint8Array,
  heads: Int32Array,
  chain: Int32Array,
  from: number,
  to: number,
  start: number,
  { list, literals, distances }: Tokens,
): number {
  let count = 0;
  // Four bytes are hashed: the last three positions begin no match.
  const last = to - 4;
  let at = from;
  while (at < to) {
    if (at > last) {
      const byte = buffer[at++]!;
      list[count++] = byte;
      literals[byte]!++;
      continue;
    }
    let word = buffer[at]! | (buffer[at + 1]! << 8) | (buffer[at + 2]! << 16) | (buffer[at + 3]! << 24);
    let slot = Math.imul(word, FACTOR) >>> SHIFT;
    let candidate = heads[slot]!;
    heads[slot] = at;
    chain[at & MASK] = candidate;
    let limit = Math.max(at - MASK, start);
    let most = Math.min(to - at, LONGEST);
    let match = candidate >= limit ? search(buffer, chain, at, candidate, limit, 3, most, DEPTH) : 0;
    if (match === 0) {
      const byte = buffer[at++]!;
      list[count++] = byte;
      literals[byte]!++;
      continue;
    }
    let length = match >>> 16;
    let next = at + 1;
    while (length < LAZY && next <= last) {
      word = (word >>> 8) | (buffer[next + 3]! << 24);
      slot = Math.imul(word, FACTOR) >>> SHIFT;
      candidate = heads[slot]!;
      heads[slot] = next;
      chain[next & MASK] = candidate;
      limit = Math.max(next - MASK, start);
      most = Math.min(to - next, LONGEST);
      const depth = length >= GOOD ? DEPTH >> 2 : DEPTH >> 1;
      const better =
        candidate >= limit && length < most
          ? search(buffer, chain, next, candidate, limit, length, most, depth)
          : 0;
      next++;
      if (better === 0) break;
      const byte = buffer[at++]!;
      list[count++] = byte;
      literals[byte]!++;
      match = better;
      length = better >>> 16;
    }
    list[count++] = match;
    literals[LENGTH_SYMBOL[length]!]!++;
    distances[distanceSymbol(match & 0xffff)]!++;
    at += length;
    const end = Math.min(at, last + 1);
    word = (buffer[next]! << 8) | (buffer[next + 1]! << 16) | (buffer[next + 2]! << 24);
    for (; next < end; next++) {
      word = (word >>> 8) | (buffer[next + 3]! << 24);
      slot = Math.imul(word, FACTOR) >>> SHIFT;
      chain[next & MASK] = heads[slot]!;
      heads[slot] = next;
    }
  }
  return count;
}

/** The longest match that is longer than `best`, as a token; 0 where there is none. `best` is at least 3. */
function search(
  buffer: Uint8Array,
  chain: Int32Array,
  at: number,
  first: number,
  limit: number,
  best: number,
  most: number,
  depth: number,
): number {
  let found = 0;
  let longest = best;
  let candidate = first;
  let left = depth;
  const byte0 = buffer[at]!;
  const byte1 = buffer[at + 1]!;
  let end0 = buffer[at + longest - 1]!;
  let end1 = buffer[at + longest]!;
  const nice = Math.min(NICE, most);
  do {
    // Only what agrees one byte beyond the longest so far can be longer.
    if (
      buffer[candidate + longest] === end1 &&
      buffer[candidate + longest - 1] === end0 &&
      buffer[candidate] === byte0 &&
      buffer[candidate + 1] === byte1
    ) {
      let length = 2;
      while (length < most && buffer[candidate + length] === buffer[at + length]) length++;
      if (length > longest) {
        found = (length << 16) | (at - candidate);
        if (length >= nice) break;
        longest = length;
        end0 = buffer[at + longest - 1]!;
        end1 = buffer[at + longest]!;
      }
    }
    candidate = chain[candidate & MASK]!;
  } while (candidate >= limit && --left > 0);
  return found;
}
