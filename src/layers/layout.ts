// The numbers that decide how entries become bytes. They are part of every layer's key.

/** `estargz`: gzip that can be read from any file on, with a table of contents (containerd/stargz-snapshotter). */
export type Compression = 'gzip' | 'estargz';

/** Order, headers, threshold, members: whoever changes a byte of what is written counts it up. */
const LAYOUT_VERSION = 2;

/** The output of `wasm/deflate.ts`: a change of a single byte of it asks for another number. */
const ENCODER_VERSION = 2;

/** Table of contents, chunks, which streams are spliced, and which files of a wheel come first. */
const ESTARGZ_VERSION = 1;

/** How every layer is written, whatever is in it, where nothing else is asked for. */
export const FORMAT: Readonly<Record<string, string | number>> = {
  compression: 'gzip',
  layout: LAYOUT_VERSION,
  encoder: ENCODER_VERSION,
};

/** The same for a layer that is compressed in that way; what goes into its key. */
export function formatOf(compression: Compression = 'gzip'): Readonly<Record<string, string | number>> {
  return compression === 'gzip' ? FORMAT : { ...FORMAT, compression, [compression]: ESTARGZ_VERSION };
}

/** Files of this many bytes and more are spliced into gzip. Smaller ones compress better together than alone. */
export const SPLICE_THRESHOLD: number = 16 * 1024;

/**
 * Most bytes of a file behind one member of eStargz: larger ones are compressed again, in chunks. Readers fetch, hold and
 * check a chunk whole; this is what the reference library makes.
 */
export const CHUNK: number = 4 << 20;
