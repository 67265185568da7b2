import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unzstd } from '../../src/oci/zstd.ts';
import { codeOf } from '../support/images.ts';
import { skippableFrame, zstdFrame } from '../support/zstd.ts';

/**
 * Made once by the reference program from `words()`: `zstd -19 words -o one.zst`, `zstd -1 --no-check words -o two.zst`,
 * `cat words | zstd -3 --long=27 -o three.zst`.
 */
const fixture = (name: string): Buffer =>
  readFileSync(fileURLToPath(new URL(`../fixtures/zstd/${name}.zst`, import.meta.url)));

/** 160 kB of text, more than two blocks: literals, matches near and far, repeated offsets. */
function words(): Buffer {
  const roots = ['layer', 'wheel', 'blob', 'digest', 'frame', 'block', 'window', 'tar', 'base', 'python'];
  let state = 12345;
  const next = (limit: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % limit;
  };
  let text = '';
  while (text.length < 160_000) {
    text += `${roots[next(roots.length)]}${next(50)}${next(7) === 0 ? '\n' : ' '}`;
    if (next(100) === 0) text += text.slice(0, next(2000));
  }
  return Buffer.from(text.slice(0, 160_000), 'latin1');
}

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function unpack(bytes: Uint8Array, size = 1 << 16): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of unzstd(chunked(bytes, size), 'a test')) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('what the reference program wrote', () => {
  it.each(['one', 'two', 'three'])('%s', async (name) => {
    for (const size of [1 << 20, 4099]) {
      expect((await unpack(fixture(name), size)).equals(words())).toBe(true);
    }
  });

  it('byte by byte', async () => {
    expect((await unpack(fixture('one'), 1)).equals(words())).toBe(true);
  });

  it('in several frames, with such between them as hold nothing', async () => {
    const all = [
      skippableFrame(Buffer.from('x'), 15),
      fixture('one'),
      fixture('two'),
      skippableFrame(Buffer.alloc(0)),
      zstdFrame(Buffer.from('end'), { checksum: true }),
      skippableFrame(Buffer.alloc(5000, 7), 3),
    ];
    const plain = Buffer.concat([words(), words(), Buffer.from('end')]);
    for (const size of [1 << 20, 1000]) {
      expect((await unpack(Buffer.concat(all), size)).equals(plain)).toBe(true);
    }
  });

  it('and cut anywhere is refused', async () => {
    const bytes = fixture('one');
    const cuts = [1, 3, 4, 5, 6, 7, 9, 100, 5000, bytes.length - 5, bytes.length - 4, bytes.length - 1];
    for (const length of cuts) {
      expect(await codeOf(() => unpack(bytes.subarray(0, length)))).toBe('BASE_INVALID');
    }
  });

  it('and changed anywhere ends, as something else or as a refusal', async () => {
    const bytes = fixture('two');
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = Buffer.from(bytes);
        changed[at]! ^= flip;
        await unpack(changed).catch((error: unknown) => {
          expect((error as { code?: unknown }).code).toMatch(/^BASE_(?:INVALID|UNSUPPORTED)$/);
        });
      }),
      { numRuns: 30 },
    );
  });
});

describe('a frame', () => {
  it('of any bytes in any blocks comes out as it was', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            bytes: fc.uint8Array({ maxLength: 300 }),
            block: fc.integer({ min: 1, max: 300 }),
            run: fc.option(fc.record({ byte: fc.nat(255), length: fc.nat(1000) }), { nil: undefined }),
            checksum: fc.boolean(),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        fc.integer({ min: 1, max: 50 }),
        async (frames, size) => {
          const packed = frames.map(({ bytes, block, run, checksum }) =>
            zstdFrame(bytes, { block, checksum, window: 0, ...(run === undefined ? {} : { run }) }),
          );
          const plain = frames.map(({ bytes, run }) =>
            Buffer.concat([bytes, Buffer.alloc(run?.length ?? 0, run?.byte ?? 0)]),
          );
          expect((await unpack(Buffer.concat(packed), size)).equals(Buffer.concat(plain))).toBe(true);
        },
      ),
    );
  });

  const frame = zstdFrame(Buffer.from('content'));
  const changed = (at: number, value: number): Buffer => {
    const bytes = Buffer.from(frame);
    bytes[at] = value;
    return bytes;
  };
  it.each<[string, Buffer, string]>([
    ['nothing at all', Buffer.alloc(0), 'BASE_INVALID'],
    ['only frames that hold nothing', skippableFrame(Buffer.from('x')), 'BASE_INVALID'],
    ['something else', Buffer.from('something else'), 'BASE_INVALID'],
    ['zeros behind it', Buffer.concat([frame, Buffer.alloc(512)]), 'BASE_INVALID'],
    ['a block of a kind that is not', changed(6, (7 << 3) | 7), 'BASE_INVALID'],
    ['a block that is too large', zstdFrame(Buffer.alloc(2 ** 17 + 1), { block: 2 ** 18 }), 'BASE_INVALID'],
    [
      'a run that is too long',
      zstdFrame(Buffer.alloc(0), { run: { byte: 0, length: 2 ** 17 + 1 } }),
      'BASE_INVALID',
    ],
    ['a bit that is reserved', changed(4, 8), 'BASE_INVALID'],
    ['a window of more than 128 MiB', changed(5, (17 << 3) | 1), 'BASE_UNSUPPORTED'],
    ['a window of 3.75 TiB', changed(5, 0xff), 'BASE_UNSUPPORTED'],
    [
      'as much content in one piece',
      Buffer.concat([frame.subarray(0, 4), Buffer.from([0xe0, 0, 0, 0, 0, 1, 0, 0, 0]), frame.subarray(6)]),
      'BASE_UNSUPPORTED',
    ],
    [
      'a dictionary',
      Buffer.concat([frame.subarray(0, 4), Buffer.from([1, 0x68, 9]), frame.subarray(6)]),
      'BASE_UNSUPPORTED',
    ],
    ['a skippable frame that ends early', skippableFrame(Buffer.alloc(9)).subarray(0, -1), 'BASE_INVALID'],
  ])('may not have %s', async (_, bytes, code) => {
    expect(await codeOf(() => unpack(bytes))).toBe(code);
  });

  it('may have a window of 128 MiB, and one block of 1 byte', async () => {
    expect((await unpack(zstdFrame(Buffer.from('x'), { window: 17 << 3 }))).toString()).toBe('x');
  });

  it('that is left early leaves its source', async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield zstdFrame(Buffer.from('again'));
      } finally {
        closed = true;
      }
    }
    for await (const chunk of unzstd(source(), 'a test')) {
      expect(Buffer.from(chunk).toString()).toBe('again');
      break;
    }
    expect(closed).toBe(true);
  });

  it('passes on what its source throws', async () => {
    async function* source(): AsyncGenerator<Uint8Array> {
      yield zstdFrame(Buffer.from('content')).subarray(0, 8);
      throw new Error('gone');
    }
    const reading = (async () => {
      for await (const _ of unzstd(source(), 'a test'));
    })();
    await expect(reading).rejects.toThrow('gone');
  });
});
