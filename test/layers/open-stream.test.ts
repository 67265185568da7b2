import { constants, crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leaveOpen } from '../../src/layers/open-stream.ts';

const { Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE } = constants;
const options = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  strategy: fc.constantFrom(Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE),
  // Fewer symbols a block: more blocks a stream.
  memLevel: fc.integer({ min: 1, max: 9 }),
});
const contents = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }),
  // Many symbols: several blocks.
  fc.integer({ min: 20_000, max: 60_000 }).map((size) => {
    return Buffer.from(Array.from({ length: size }, (_, at) => (Math.imul(at, 2_654_435_761) >>> 20) & 0xff));
  }),
  fc.string({ maxLength: 3000, unit: fc.constantFrom(...'abc \n') }).map((text) => Buffer.from(text)),
);

describe('leaveOpen', () => {
  it('gives a stream that any other may follow, for every stream of one block', () => {
    const seen = { open: 0, several: 0, padding: new Set<number>() };
    fc.assert(
      fc.property(contents, contents, options, (plain, after, how) => {
        const bytes = deflateRawSync(plain, how);
        const open = leaveOpen(bytes, plain.length, crc32(plain));
        if ((bytes[0]! & 1) === 0) {
          seen.several++;
          expect(open).toBeUndefined();
          return;
        }
        seen.open++;
        seen.padding.add(open!.compressed.length - bytes.length);
        expect(open!.inflated.equals(Buffer.from(plain))).toBe(true);
        const joined = Buffer.concat([open!.compressed, deflateRawSync(after, how)]);
        expect(inflateRawSync(joined).equals(Buffer.concat([plain, after]))).toBe(true);
      }),
      { numRuns: 1000 },
    );
    expect(seen.open).toBeGreaterThan(100);
    expect(seen.several).toBeGreaterThan(0);
    expect([...seen.padding].sort()).toEqual([4, 5]);
  });

  it('leaves the given bytes alone', () => {
    const bytes = deflateRawSync('some text');
    const before = Buffer.from(bytes);
    leaveOpen(bytes, 9, crc32('some text'));
    expect(bytes.equals(before)).toBe(true);
  });

  const plain = Buffer.from('some text, some text');
  const good = deflateRawSync(plain);
  it.each<[string, Buffer, number, number]>([
    ['of no bytes', Buffer.alloc(0), 0, 0],
    ['with another size', good, plain.length - 1, crc32(plain)],
    ['with another CRC-32', good, plain.length, 1],
    ['cut short', good.subarray(0, -2), plain.length, crc32(plain)],
    ['with bytes after its end', Buffer.concat([good, Buffer.from('abc')]), plain.length, crc32(plain)],
    ['of several blocks', deflateRawSync(plain, { level: 0, chunkSize: 64 }).fill(0, 0, 1), 20, crc32(plain)],
    ['that is none', Buffer.alloc(20, 0xff), 20, 0],
  ])('gives nothing for a stream %s', (_, bytes, size, crc) => {
    expect(leaveOpen(bytes, size, crc)).toBeUndefined();
  });
});
