import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BivyError } from '../../src/kernel/errors.ts';
import { type Answer, readBody } from '../../src/kernel/http-body.ts';

const FILE = randomBytes(2000);
const URL_ = new URL('https://h.example/file');

/** What a server does with one request: how it answers, after how many bytes it breaks off, in pieces of which size. */
const turn = fc.record({
  answer: fc.constantFrom('range', 'whole', 'wrong-range', 'other-etag', 'missing'),
  after: fc.nat(2500),
  piece: fc.integer({ min: 1, max: 700 }),
  etag: fc.boolean(),
  length: fc.constantFrom('true', 'none', 'short', 'long'),
});
type Turn = typeof turn extends fc.Arbitrary<infer T> ? T : never;

function answerOf({ answer, after, piece, etag, length }: Turn, from: number): Answer {
  const start = answer === 'range' ? from : 0;
  const rest = FILE.subarray(start);
  const declared = { true: rest.length, none: undefined, short: rest.length - 100, long: rest.length + 100 }[
    length
  ];
  const partial = answer === 'range' || answer === 'wrong-range';
  const headers = {
    ...(etag ? { etag: answer === 'other-etag' ? '"other"' : '"file"' } : {}),
    ...(declared === undefined ? {} : { 'content-length': String(declared) }),
    ...(partial ? { 'content-range': `bytes ${start}-${FILE.length - 1}/${FILE.length}` } : {}),
  };
  const body = (async function* () {
    const end = Math.min(after, rest.length, Math.max(0, declared ?? rest.length));
    for (let at = 0; at < end; at += piece) yield rest.subarray(at, Math.min(end, at + piece));
    if (end < rest.length || length === 'long')
      throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
  })();
  const status = from === 0 ? 200 : answer === 'missing' ? 404 : partial ? 206 : 200;
  return {
    url: URL_,
    response: { status, headers, body: Object.assign(body, { destroy: () => undefined }) },
  };
}

describe('a body that keeps breaking off', () => {
  it('is the file, or an error after a beginning of it, whatever the server does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(turn, { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        async (turns, verified) => {
          let next = 0;
          const again = async (headers: Record<string, string>): Promise<Answer> => {
            const from = Number(/^bytes=(\d+)-$/.exec(headers['range'] ?? '')?.[1] ?? 0);
            return answerOf(turns[++next % turns.length]!, from);
          };
          const chunks: Uint8Array[] = [];
          const options = {
            limit: 5000,
            verified,
            signal: new AbortController().signal,
            emit: () => undefined,
            patience: { paceMs: 1000, paceBytes: 0, attempts: 4 },
          };
          let failure: unknown;
          try {
            const first = answerOf({ ...turns[0]!, answer: 'whole' }, 0);
            for await (const chunk of readBody(first, again, options)) chunks.push(chunk);
          } catch (error) {
            failure = error;
          }
          const got = Buffer.concat(chunks);
          expect(got.equals(FILE.subarray(0, got.length))).toBe(true);
          if (failure !== undefined) expect(failure).toBeInstanceOf(BivyError);
          // A length that was declared too short is a lie that only a digest can find out.
          else if (turns[0]!.length === 'short') expect(got.length).toBe(FILE.length - 100);
          else expect(got.length).toBe(FILE.length);
        },
      ),
      { numRuns: 500 },
    );
  });
});
