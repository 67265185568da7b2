// How DEFLATE names lengths and distances: a symbol and some extra bits (RFC 1951, 3.2.5). Tables made once.

export const LITERALS = 286;
export const DISTANCES = 30;
export const END_OF_BLOCK = 256;

/** Extra bits and smallest length of symbols 257 to 285, from index 0. */
export const LENGTH_EXTRA: Uint8Array = Uint8Array.of(
  ...[0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0],
);
export const LENGTH_BASE: Uint16Array = new Uint16Array(29);

/** Symbol of a length of 3 to 258. */
export const LENGTH_SYMBOL: Uint16Array = new Uint16Array(259);

/** Extra bits and smallest distance of each distance symbol. */
export const DISTANCE_EXTRA: Uint8Array = Uint8Array.from({ length: DISTANCES }, (_, symbol) =>
  symbol < 2 ? 0 : (symbol >> 1) - 1,
);
export const DISTANCE_BASE: Uint16Array = new Uint16Array(DISTANCES);

/** Symbol of distance `d`: at `d - 1` up to 256, at `256 + ((d - 1) >> 7)` above. */
const DISTANCE_SYMBOL = new Uint8Array(512);

/** @param distance 1 to 32768 */
export function distanceSymbol(distance: number): number {
  return distance <= 256 ? DISTANCE_SYMBOL[distance - 1]! : DISTANCE_SYMBOL[256 + ((distance - 1) >> 7)]!;
}

fillLengths();
fillDistances();

function fillLengths(): void {
  let length = 3;
  for (let index = 0; index < 28; index++) {
    LENGTH_BASE[index] = length;
    for (let more = 1 << LENGTH_EXTRA[index]!; more > 0; more--) LENGTH_SYMBOL[length++] = 257 + index;
  }
  // The last length has a symbol of its own, though the symbol before could say it.
  LENGTH_BASE[28] = 258;
  LENGTH_SYMBOL[258] = 285;
}

function fillDistances(): void {
  let distance = 1;
  for (let symbol = 0; symbol < DISTANCES; symbol++) {
    DISTANCE_BASE[symbol] = distance;
    for (let more = 1 << DISTANCE_EXTRA[symbol]!; more > 0; more--, distance++) {
      DISTANCE_SYMBOL[distance <= 256 ? distance - 1 : 256 + ((distance - 1) >> 7)] = symbol;
    }
  }
}
