import { crc32, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combineCrc, encodeTrailer, HEADER } from '../../src/layers/gzip.ts';

describe('combineCrc', () => {
  it('is the CRC-32 of the joined bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.uint8Array({ maxLength: 5000 }), (a, b) => {
        expect(combineCrc(crc32(a), crc32(b), b.length)).toBe(crc32(Buffer.concat([a, b])));
      }),
    );
  });

  it('is associative, for lengths beyond 2^32 too', () => {
    const crc = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const length = fc.integer({ min: 0, max: 2 ** 40 });
    fc.assert(
      fc.property(crc, crc, crc, length, length, (a, b, c, ofB, ofC) => {
        const left = combineCrc(combineCrc(a, b, ofB), c, ofC);
        expect(left).toBe(combineCrc(a, combineCrc(b, c, ofC), ofB + ofC));
      }),
    );
  });

  it('counts long runs as reading them does', () => {
    const zeros = Buffer.alloc(1 << 20);
    let read = crc32(Buffer.from('x'));
    let piece = crc32(zeros);
    for (let times = 0; times < 16; times++) read = crc32(zeros, read);
    for (let doubled = 1 << 20; doubled < 1 << 24; doubled *= 2) piece = combineCrc(piece, piece, doubled);
    expect(combineCrc(crc32(Buffer.from('x')), piece, 1 << 24)).toBe(read);
  });
});

describe('a member', () => {
  it('says nothing but its content', () => {
    expect(Buffer.from(HEADER).toString('hex')).toBe('1f8b08000000000000ff');
    const member = Buffer.concat([HEADER, Buffer.from([3, 0]), encodeTrailer(0, 0)]);
    expect(gunzipSync(member)).toHaveLength(0);
  });

  it('counts its size modulo 2^32', () => {
    expect(Buffer.from(encodeTrailer(0x01020304, 2 ** 32 + 5)).toString('hex')).toBe('0403020105000000');
  });
});
