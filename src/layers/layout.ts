// The numbers that decide how entries become bytes. They are part of every layer's key.

/** Order, headers, threshold, members: whoever changes a byte of what is written counts it up. */
const LAYOUT_VERSION = 2;

/** The output of `wasm/deflate.ts`: a change of a single byte of it asks for another number. */
const ENCODER_VERSION = 2;

/** How every layer is written, whatever is in it. */
export const FORMAT: Readonly<Record<string, string | number>> = {
  compression: 'gzip',
  layout: LAYOUT_VERSION,
  encoder: ENCODER_VERSION,
};

/** Files of this many bytes and more are spliced. Smaller ones compress better together than alone. */
export const SPLICE_THRESHOLD: number = 16 * 1024;
