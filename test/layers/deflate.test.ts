import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDeflater } from '../../src/layers/deflate.ts';
import { leaveOpen } from '../../src/layers/open-stream.ts';

/** One stream in the given pieces; `ending` says how it ends. */
function deflate(pieces: readonly Uint8Array[], ending: 'flush' | 'finish'): Buffer {
  const taken: Uint8Array[] = [];
  const deflater = createDeflater((piece) => taken.push(Uint8Array.from(piece)));
  for (const piece of pieces) deflater.write(piece);
  deflater[ending]();
  return Buffer.concat(taken);
}

/** Bytes that look like nothing: the same for the same seed. */
function noise(size: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(size);
  let state = seed;
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** Text with the repetitions of a program. */
function prose(size: number, seed = 1): Buffer {
  const words = [
    'self',
    'return',
    'import ',
    '    def ',
    '(',
    ')',
    ':\n',
    ' = ',
    'None',
    'numpy',
    '.',
    '"""',
  ];
  const picks = noise(size, seed);
  let text = '';
  for (let at = 0; text.length < size; at++) {
    text += words[picks[at]! % words.length];
    if (picks[at]! > 250) text += String(picks[at + 1]);
  }
  return Buffer.from(text.slice(0, size));
}

const SHAPES: Readonly<Record<string, Buffer>> = {
  nothing: Buffer.alloc(0),
  'one byte': Buffer.from('a'),
  'three bytes, too few to hash': Buffer.from('aaa'),
  'one distance code': Buffer.from('abcdabcd'),
  'a run of zeros': Buffer.alloc(100_000),
  'a run longer than the buffer': Buffer.alloc(3_000_000, 7),
  'noise that is stored': noise(200_000),
  'exactly one block': prose(65_535),
  'one byte more than a block': prose(65_536),
  'prose over several blocks': prose(300_000),
  'noise and prose by turns': Buffer.concat([noise(50_000), prose(90_000), noise(70_000, 2), prose(10)]),
  'a repetition at the window’s edge': Buffer.concat([prose(300), noise(32_768 - 300), prose(300)]),
  'a repetition past the window': Buffer.concat([prose(300), noise(32_768), prose(300)]),
  'all bytes once': Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  // Frequencies like Fibonacci's numbers ask for codes longer than 15 bits.
  'a skewed alphabet': skewed(),
};

function skewed(): Buffer {
  const parts: Buffer[] = [];
  let [a, b] = [1, 1];
  for (let symbol = 0; symbol < 22; symbol++) {
    parts.push(Buffer.alloc(a, symbol * 11));
    [a, b] = [b, a + b];
  }
  const bytes = Buffer.concat(parts);
  // Shuffled, so that there are literals and not runs.
  const picks = noise(bytes.length * 2, 3);
  for (let at = bytes.length - 1; at > 0; at--) {
    const other = picks.readUInt16LE(2 * at) % (at + 1);
    [bytes[at], bytes[other]] = [bytes[other]!, bytes[at]!];
  }
  return bytes;
}

const contents = fc.oneof(
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 2000 }) },
  { weight: 2, arbitrary: fc.string({ maxLength: 2000 }).map((text) => Buffer.from(text)) },
  fc
    .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 400 })), {
      maxLength: 20,
    })
    .map((runs) => Buffer.concat(runs.flatMap(([bytes, times]) => Array<Uint8Array>(times).fill(bytes)))),
  fc
    .tuple(fc.integer({ min: 0, max: 150_000 }), fc.integer({ min: 0, max: 1000 }))
    .map(([size, seed]) => prose(size, seed)),
);

describe('the encoder', () => {
  it.each(Object.entries(SHAPES))('gives back %s', (_, plain) => {
    expect(inflateRawSync(deflate([plain], 'finish')).equals(plain)).toBe(true);
    const open = deflate([plain], 'flush');
    expect(open.subarray(-4)).toEqual(Buffer.from([0, 0, 0xff, 0xff]));
    expect(inflateRawSync(Buffer.concat([open, Buffer.from([3, 0])])).equals(plain)).toBe(true);
  });

  it('stores what does not compress, with 5 bytes for each 65,535', () => {
    expect(deflate([noise(65_535 * 3)], 'finish')).toHaveLength(65_535 * 3 + 3 * 5);
  });

  it('compresses about as well as zlib does', () => {
    const folder = fileURLToPath(new URL('../../src/layers/', import.meta.url));
    const plain = Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))));
    const limit = deflateRawSync(plain, { level: 6 }).length * 1.04;
    expect(deflate([plain], 'finish').length).toBeLessThan(limit);
  });

  it('gives any bytes back, before any further stream', () => {
    fc.assert(
      fc.property(contents, contents, fc.integer({ min: 0, max: 9 }), (plain, after, level) => {
        const joined = Buffer.concat([deflate([plain], 'flush'), deflateRawSync(after, { level })]);
        expect(inflateRawSync(joined).equals(Buffer.concat([plain, after]))).toBe(true);
        expect(inflateRawSync(deflate([plain], 'finish')).equals(plain)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('does not depend on how the input is cut', () => {
    fc.assert(
      fc.property(contents, fc.array(fc.nat({ max: 150_000 }), { maxLength: 6 }), (plain, cuts) => {
        const places = [
          0,
          ...cuts.map((cut) => Math.min(cut, plain.length)).sort((a, b) => a - b),
          plain.length,
        ];
        const pieces = places.slice(1).map((place, index) => plain.subarray(places[index], place));
        expect(deflate(pieces, 'flush').equals(deflate([plain], 'flush'))).toBe(true);
      }),
    );
  });

  it('does not depend on the streams before', () => {
    fc.assert(
      fc.property(fc.array(contents, { minLength: 1, maxLength: 30 }), contents, (before, plain) => {
        const taken: Uint8Array[] = [];
        const deflater = createDeflater((piece) => taken.push(Uint8Array.from(piece)));
        for (const other of before) {
          deflater.write(other);
          deflater.flush();
        }
        taken.length = 0;
        deflater.write(plain);
        deflater.finish();
        expect(Buffer.concat(taken).equals(deflate([plain], 'finish'))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('writes the bytes that `ENCODER_VERSION` stands for', () => {
    const hash = createHash('sha256');
    for (const plain of Object.values(SHAPES)) {
      hash.update(deflate([plain], 'flush'));
      hash.update(deflate([plain], 'finish'));
    }
    // Another digest means another encoder: count `ENCODER_VERSION` up, or users get two layers for one key.
    expect(hash.digest('hex')).toMatchInlineSnapshot(
      `"d78e6d23c61ebab6108cafa75c00458ac4a760aa12d946646ef8cecc452405c0"`,
    );
  });
});

/** Cases as the programs under `fixtures/inflate` read them, and what they should print. */
function cases(): { input: Buffer; expected: string } {
  const streams: Buffer[] = [];
  const lines: string[] = [];
  function add(stream: Buffer, plain: Uint8Array): void {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(stream.length);
    streams.push(length, stream);
    lines.push(`${plain.length} ${crc32(plain)}`);
  }
  const drawn = fc.sample(contents, { numRuns: 200, seed: 2026 });
  for (const plain of [...Object.values(SHAPES), ...drawn]) {
    const after = prose(1000, plain.length + 1);
    add(deflate([plain], 'finish'), plain);
    add(
      Buffer.concat([deflate([plain], 'flush'), deflate([after], 'flush'), deflateRawSync(after)]),
      Buffer.concat([plain, after, after]),
    );
    // As in a layer: our own, a stream of an archive that was left open, and our own again.
    const taken = leaveOpen(deflateRawSync(after, { level: plain.length % 10 }), after.length, crc32(after));
    if (taken === undefined) throw new Error('a thousand bytes are one block');
    add(
      Buffer.concat([deflate([plain], 'flush'), taken.compressed, deflate([plain], 'finish')]),
      Buffer.concat([plain, after, plain]),
    );
  }
  return { input: Buffer.concat(streams), expected: lines.join('\n') };
}

function isInstalled(program: string, argument: string): boolean {
  const found = spawnSync(program, [argument]).status === 0;
  if (!found) console.warn(`${program} is not installed: its inflater is not asked`);
  return found;
}

describe('other inflaters', () => {
  it.skipIf(!isInstalled('python3', '--version'))('Python’s zlib accepts every kind of output', () => {
    const { input, expected } = cases();
    const script = fileURLToPath(new URL('../fixtures/inflate/main.py', import.meta.url));
    const { stdout, stderr } = spawnSync('python3', [script], { input, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout.trim()).toBe(expected);
  });

  it.skipIf(!isInstalled('go', 'version'))('Go’s compress/flate accepts every kind of output', () => {
    const { input, expected } = cases();
    const program = fileURLToPath(new URL('../fixtures/inflate/main.go', import.meta.url));
    const { stdout, stderr } = spawnSync('go', ['run', program], { input, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout.trim()).toBe(expected);
  });
});
