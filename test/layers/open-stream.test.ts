import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leaveOpen } from '../../src/layers/open-stream.ts';

/** What a splice may be followed by: another stream, whose end is the end of both. */
const NEXT = Buffer.from('and then the next file');

function followed(open: Buffer): Buffer {
  return inflateRawSync(Buffer.concat([open, deflateRawSync(NEXT)]));
}

describe('a stream that is left open', () => {
  it('can be followed by another, whatever is in it', () => {
    let opened = 0;
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 2000 }),
      fc
        .array(fc.constantFrom('import os\n', 'def f():\n', '    return 1\n', 'é'), { maxLength: 400 })
        .map((lines) => Buffer.from(lines.join(''))),
    );
    fc.assert(
      fc.property(content, fc.constantFrom(1, 6, 9), (bytes, level) => {
        const raw = deflateRawSync(bytes, { level });
        const open = leaveOpen(raw, bytes.length, crc32(bytes));
        if (open === undefined) return;
        opened += 1;
        expect(Buffer.from(open.inflated).equals(Buffer.from(bytes))).toBe(true);
        expect(followed(open.compressed)).toEqual(Buffer.concat([bytes, NEXT]));
      }),
      { numRuns: 500 },
    );
    expect(opened).toBeGreaterThan(300);
  });

  it('does not change the stream it was given', () => {
    const raw = deflateRawSync(Buffer.from('left alone '.repeat(50)));
    const before = Buffer.from(raw);
    leaveOpen(raw, 550, crc32(Buffer.from('left alone '.repeat(50))));
    expect(raw.equals(before)).toBe(true);
  });

  it('is not one of several blocks, nor one that lies about its size or sum', () => {
    const bytes = Buffer.from('several '.repeat(20));
    const sum = crc32(bytes);
    const raw = deflateRawSync(bytes);
    expect(leaveOpen(raw, bytes.length, sum)).toBeDefined();
    expect(leaveOpen(raw, bytes.length - 1, sum)).toBeUndefined();
    expect(leaveOpen(raw, bytes.length + 1, sum)).toBeUndefined();
    expect(leaveOpen(raw, bytes.length, sum ^ 1)).toBeUndefined();
    expect(leaveOpen(Buffer.concat([raw, raw]), bytes.length, sum)).toBeUndefined();
    expect(leaveOpen(Buffer.alloc(0), 0, 0)).toBeUndefined();
    // Z_SYNC_FLUSH between two halves: more than one block.
    const blocks = Buffer.concat([deflateRawSync(bytes, { finishFlush: 2 }), deflateRawSync(bytes)]);
    expect(leaveOpen(blocks, bytes.length * 2, crc32(Buffer.concat([bytes, bytes])))).toBeUndefined();
  });
});
