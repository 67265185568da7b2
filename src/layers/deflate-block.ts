// One block of DEFLATE (RFC 1951, 3.2.3 to 3.2.7) from its tokens: stored, with the fixed codes, or with codes of its own,
// whichever is shortest.

import { assignCodes, codeLengths } from './deflate-codes.ts';
import type { Tokens } from './deflate-matches.ts';
import {
  DISTANCE_BASE,
  DISTANCE_EXTRA,
  DISTANCES,
  distanceSymbol,
  END_OF_BLOCK,
  LENGTH_BASE,
  LENGTH_EXTRA,
  LENGTH_SYMBOL,
  LITERALS,
} from './deflate-symbols.ts';

/** Bytes that are written lowest bit first. */
export interface BitOutput {
  readonly bytes: Uint8Array;
  /** Whole bytes written. */
  size: number;
  /** Fewer than 16 bits that make no whole pair of bytes yet. */
  bits: number;
  count: number;
}

/** @param count 0 to 16 */
export function putBits(output: BitOutput, value: number, count: number): void {
  output.bits |= value << output.count;
  output.count += count;
  if (output.count >= 16) {
    output.bytes[output.size++] = output.bits;
    output.bytes[output.size++] = output.bits >>> 8;
    output.bits >>>= 16;
    output.count -= 16;
  }
}

/** Fills the byte in work with zeros. */
export function alignBits(output: BitOutput): void {
  for (; output.count > 0; output.count -= 8) {
    output.bytes[output.size++] = output.bits;
    output.bits >>>= 8;
  }
  output.bits = 0;
  output.count = 0;
}

/** A stored block, of at most 65,535 bytes. */
export function putStored(output: BitOutput, bytes: Uint8Array, final: boolean): void {
  putBits(output, final ? 1 : 0, 3);
  alignBits(output);
  putBits(output, bytes.length, 16);
  putBits(output, ~bytes.length & 0xffff, 16);
  output.bytes.set(bytes, output.size);
  output.size += bytes.length;
}

interface Codes {
  readonly literals: Uint16Array;
  readonly literalLengths: Uint8Array;
  readonly distances: Uint16Array;
  readonly distanceLengths: Uint8Array;
}

function createCodes(): Codes {
  return {
    literals: new Uint16Array(288),
    literalLengths: new Uint8Array(288),
    distances: new Uint16Array(32),
    distanceLengths: new Uint8Array(32),
  };
}

const FIXED = fixedCodes();

function fixedCodes(): Codes {
  const codes = createCodes();
  codes.literalLengths.fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280);
  codes.distanceLengths.fill(5);
  assignCodes(codes.literalLengths, 288, codes.literals);
  assignCodes(codes.distanceLengths, 32, codes.distances);
  return codes;
}

// Scratch of a function that never yields: nothing of one block is left for the next.
const own = createCodes();
const lengths = new Uint8Array(LITERALS + DISTANCES);
const packed = new Uint8Array(2 * (LITERALS + DISTANCES));
const packedFrequencies = new Int32Array(19);
const packedLengths = new Uint8Array(19);
const packedCodes = new Uint16Array(19);

/** The order in which a block names the code lengths of its code lengths. */
const PACKED_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/** Extra bits of 16 (repeat the last, from 3), 17 and 18 (zeros, from 3 and 11). */
const REPEAT_EXTRA = [2, 3, 7];

/** Appends the block; `plain` are the bytes that the tokens stand for, at most 65,535. */
export function putBlock(output: BitOutput, tokens: Tokens, plain: Uint8Array, final: boolean): void {
  const { literals, distances } = tokens;
  codeLengths(literals, LITERALS, 15, own.literalLengths);
  codeLengths(distances, DISTANCES, 15, own.distanceLengths);
  const header = packLengths();
  const extra = extraBits(literals, distances);
  const ownBits = header.bits + extra + codeBits(literals, distances, own);
  const fixedBits = extra + codeBits(literals, distances, FIXED);
  const storedBits = 8 * plain.length + 7 + 32;
  if (storedBits < ownBits && storedBits < fixedBits) {
    putStored(output, plain, final);
  } else if (fixedBits <= ownBits) {
    putBits(output, final ? 3 : 2, 3);
    putTokens(output, tokens, FIXED);
  } else {
    putBits(output, final ? 5 : 4, 3);
    putHeader(output, header);
    assignCodes(own.literalLengths, LITERALS, own.literals);
    assignCodes(own.distanceLengths, DISTANCES, own.distances);
    putTokens(output, tokens, own);
  }
}

function codeBits(literals: Int32Array, distances: Int32Array, codes: Codes): number {
  let bits = 0;
  for (let symbol = 0; symbol < LITERALS; symbol++) bits += literals[symbol]! * codes.literalLengths[symbol]!;
  for (let symbol = 0; symbol < DISTANCES; symbol++)
    bits += distances[symbol]! * codes.distanceLengths[symbol]!;
  return bits;
}

function extraBits(literals: Int32Array, distances: Int32Array): number {
  let bits = 0;
  for (let index = 8; index < 28; index++) bits += literals[257 + index]! * LENGTH_EXTRA[index]!;
  for (let symbol = 4; symbol < DISTANCES; symbol++) bits += distances[symbol]! * DISTANCE_EXTRA[symbol]!;
  return bits;
}

interface PackedHeader {
  readonly literals: number;
  readonly distances: number;
  /** How many of `PACKED_ORDER` are named. */
  readonly named: number;
  /** Bytes of `packed`. */
  readonly size: number;
  readonly bits: number;
}

/** Run-length coding of the two tables of code lengths, one after the other (3.2.7). */
function packLengths(): PackedHeader {
  let literals = LITERALS;
  while (own.literalLengths[literals - 1] === 0) literals--;
  let distances = DISTANCES;
  while (distances > 1 && own.distanceLengths[distances - 1] === 0) distances--;
  lengths.set(own.literalLengths.subarray(0, literals));
  lengths.set(own.distanceLengths.subarray(0, distances), literals);
  packedFrequencies.fill(0);
  let size = 0;
  function pack(symbol: number, repeat: number): void {
    packed[size++] = symbol;
    if (symbol >= 16) packed[size++] = repeat;
    packedFrequencies[symbol]!++;
  }
  for (let at = 0, end = 0; at < literals + distances; ) {
    const length = lengths[at]!;
    while (end < literals + distances && lengths[end] === length) end++;
    if (length !== 0) {
      pack(length, 0);
      at++;
    }
    for (let run = end - at; run > 0; run = end - at) {
      let taken = 1;
      if (run < 3) {
        pack(length, 0);
      } else if (length !== 0) {
        taken = Math.min(run, 6);
        pack(16, taken - 3);
      } else if (run < 11) {
        taken = run;
        pack(17, run - 3);
      } else {
        taken = Math.min(run, 138);
        pack(18, taken - 11);
      }
      at += taken;
    }
  }
  codeLengths(packedFrequencies, 19, 7, packedLengths);
  let named = 19;
  while (named > 4 && packedLengths[PACKED_ORDER[named - 1]!] === 0) named--;
  let bits = 14 + 3 * named;
  for (let symbol = 0; symbol < 19; symbol++) {
    const more = symbol < 16 ? 0 : REPEAT_EXTRA[symbol - 16]!;
    bits += packedFrequencies[symbol]! * (packedLengths[symbol]! + more);
  }
  return { literals, distances, named, size, bits };
}

function putHeader(output: BitOutput, { literals, distances, named, size }: PackedHeader): void {
  putBits(output, literals - 257, 5);
  putBits(output, distances - 1, 5);
  putBits(output, named - 4, 4);
  for (let index = 0; index < named; index++) putBits(output, packedLengths[PACKED_ORDER[index]!]!, 3);
  assignCodes(packedLengths, 19, packedCodes);
  for (let at = 0; at < size; at++) {
    const symbol = packed[at]!;
    putBits(output, packedCodes[symbol]!, packedLengths[symbol]!);
    if (symbol >= 16) putBits(output, packed[++at]!, REPEAT_EXTRA[symbol - 16]!);
  }
}

/** The same as a `putBits` for each, with the state held in variables: this loop runs for every token. */
function putTokens(output: BitOutput, tokens: Tokens, codes: Codes): void {
  const { list, count: total } = tokens;
  const { literals, literalLengths, distances, distanceLengths } = codes;
  const { bytes } = output;
  let { bits, count, size } = output;
  for (let index = 0; index < total; index++) {
    const token = list[index]!;
    const length = token >>> 16;
    const symbol = length === 0 ? token : LENGTH_SYMBOL[length]!;
    bits |= literals[symbol]! << count;
    count += literalLengths[symbol]!;
    if (count >= 16) {
      bytes[size++] = bits;
      bytes[size++] = bits >>> 8;
      bits >>>= 16;
      count -= 16;
    }
    if (length === 0) continue;
    if (symbol > 264) {
      bits |= (length - LENGTH_BASE[symbol - 257]!) << count;
      count += LENGTH_EXTRA[symbol - 257]!;
      if (count >= 16) {
        bytes[size++] = bits;
        bytes[size++] = bits >>> 8;
        bits >>>= 16;
        count -= 16;
      }
    }
    const distance = token & 0xffff;
    const place = distanceSymbol(distance);
    bits |= distances[place]! << count;
    count += distanceLengths[place]!;
    if (count >= 16) {
      bytes[size++] = bits;
      bytes[size++] = bits >>> 8;
      bits >>>= 16;
      count -= 16;
    }
    if (place > 3) {
      bits |= (distance - DISTANCE_BASE[place]!) << count;
      count += DISTANCE_EXTRA[place]!;
      if (count >= 16) {
        bytes[size++] = bits;
        bytes[size++] = bits >>> 8;
        bits >>>= 16;
        count -= 16;
      }
    }
  }
  output.bits = bits;
  output.count = count;
  output.size = size;
  putBits(output, literals[END_OF_BLOCK]!, literalLengths[END_OF_BLOCK]!);
}
