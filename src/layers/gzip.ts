// Gzip members (RFC 1952) that say nothing but their content: no time, no name, no operating system; and the algebra
// that gives the CRC-32 of joined pieces without reading them again.

/** MTIME 0, XFL 0, OS 255 (unknown): what every member begins with. */
export const HEADER: Uint8Array = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);

/** The eight bytes after a member's DEFLATE stream. `size` is taken modulo 2^32, as the format asks. */
export function encodeTrailer(crc: number, size: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, crc, true);
  view.setUint32(4, size % 2 ** 32, true);
  return bytes;
}

/** CRC-32 of `ab`, from those of `a` and `b` and the length of `b` in bytes (below 2^50). Method: zlib's `crc32_combine`. */
export function combineCrc(a: number, b: number, lengthOfB: number): number {
  return (multiply(powerOfX(lengthOfB), a) ^ b) >>> 0;
}

/** Polynomials over GF(2) modulo CRC-32's, bits reversed: the highest bit is x^0. */
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;

/** x^(2^n) for n of 0 to 31; the sequence then repeats. */
const SQUARES: readonly number[] = squares();

function squares(): readonly number[] {
  const list = [0x40000000];
  while (list.length < 32) list.push(multiply(list.at(-1)!, list.at(-1)!));
  return list;
}

/** x^(8 * bytes). */
function powerOfX(bytes: number): number {
  let product = ONE;
  let rest = bytes;
  for (let n = 3; rest > 0; n++) {
    if (rest % 2 === 1) product = multiply(SQUARES[n & 31]!, product);
    rest = Math.floor(rest / 2);
  }
  return product;
}

function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ POLYNOMIAL;
  }
  return product >>> 0;
}
