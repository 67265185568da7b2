import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Repository } from '../../src/registry/registry.ts';
import type { TestRegistry } from '../support/registry.ts';
import type { RegistryStep } from '../support/registry-step.ts';
import { connect, digestOf, failureOf, serve, someBytes, sourceOf } from './client-fixture.ts';

const MIB = 1 << 20;
const UPLOADS = /\/blobs\/uploads\//;
const REFUSED: RegistryStep = {
  kind: 'answer',
  status: 400,
  body: JSON.stringify({
    errors: [{ code: 'SIZE_INVALID', message: 'no\u001b[31m!\u202e', detail: { why: 1 } }],
  }),
};

function at(server: TestRegistry, path = 'team/app'): Repository {
  return { domain: server.domain, path };
}

function expectStored(server: TestRegistry, bytes: Uint8Array, path = 'team/app'): void {
  expect(server.blobs.get(`${path}@${digestOf(bytes)}`)?.equals(bytes)).toBe(true);
}

describe('a blob that is sent', () => {
  it.each([0, 1, 1000, MIB, MIB + 1, 3 * MIB])('of %i bytes arrives', async (size) => {
    const server = await serve();
    const { registry } = connect();
    const bytes = someBytes(size);
    let sent = 0;
    const onSent = (count: number): void => {
      sent += count;
    };
    expect(await registry.sendBlob(at(server), sourceOf(bytes), { onSent })).toBe('sent');
    expectStored(server, bytes);
    expect(sent).toBe(size);
    expect(server.bytes.in).toBe(size);
    expect(server.count('PATCH')).toBe(size > MIB ? 1 : 0);
  });

  it.each(['relative', 'absolute'] as const)('goes to %s locations as they are', async (locations) => {
    const server = await serve({ locations });
    const { registry } = connect();
    const bytes = someBytes(2 * MIB);
    await registry.sendBlob(at(server), sourceOf(bytes));
    expectStored(server, bytes);
  });

  it('goes in one piece where chunks have a least size, also after a break', async () => {
    const server = await serve({ minChunk: 1_500_000 });
    const { registry } = connect();
    const bytes = someBytes(4 * MIB);
    server.script('PATCH', UPLOADS, { kind: 'break', after: 2 * MIB });
    await registry.sendBlob(at(server), sourceOf(bytes));
    expectStored(server, bytes);
  });

  it('goes in pieces where a proxy takes no more at once', async () => {
    const server = await serve({ maxChunk: 20 * MIB });
    const { registry, events } = connect();
    const bytes = someBytes(33 * MIB);
    await registry.sendBlob(at(server), sourceOf(bytes, MIB));
    expectStored(server, bytes);
    expect(
      server.log.filter(({ method }) => method === 'PATCH').map(({ headers }) => headers['content-range']),
    ).toEqual([undefined, `0-${16 * MIB - 1}`, `${16 * MIB}-${32 * MIB - 1}`, `${32 * MIB}-${33 * MIB - 1}`]);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'retry', reason: 'answered with status 413' }),
    );
  });
});

describe('an upload that breaks', () => {
  it('goes on where the registry stopped to take it', async () => {
    const server = await serve();
    const { registry, events } = connect();
    const bytes = someBytes(5 * MIB);
    const source = sourceOf(bytes);
    server.script('PATCH', UPLOADS, { kind: 'break', after: 3 * MIB });
    await registry.sendBlob(at(server), source);
    expectStored(server, bytes);
    expect(source.opened).toEqual([0, 3 * MIB]);
    const [, second] = server.log.filter(({ method }) => method === 'PATCH');
    expect(second?.headers['content-range']).toBe(`${3 * MIB}-${5 * MIB - 1}`);
    expect(second?.received()).toBe(2 * MIB);
    expect(server.count('POST')).toBe(1);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'retry', reason: 'closed the connection' }),
    );
  });

  it('begins anew where the registry has forgotten it', async () => {
    const server = await serve();
    const { registry } = connect();
    const bytes = someBytes(5 * MIB);
    const source = sourceOf(bytes);
    server.script('PATCH', UPLOADS, { kind: 'break', after: 3 * MIB, keep: false });
    await registry.sendBlob(at(server), source);
    expectStored(server, bytes);
    expect(source.opened).toEqual([0, 0]);
    expect(server.count('POST')).toBe(2);
  });

  it.each([408, 425, 429, 499, 500, 502, 503, 504, 522])(
    'goes on after %i, for a PATCH and a PUT',
    async (status) => {
      const server = await serve();
      const { registry } = connect();
      const bytes = someBytes(2 * MIB);
      server.script('PATCH', UPLOADS, { kind: 'answer', status });
      server.script('PUT', UPLOADS, { kind: 'answer', status });
      await registry.sendBlob(at(server), sourceOf(bytes));
      expectStored(server, bytes);
    },
  );

  it('waits as long as it is asked to, and no longer than it should', async () => {
    const server = await serve();
    const { registry } = connect({ patience: { backoffMs: 600_000, pauseMs: 600_000 } });
    const bytes = someBytes(1000);
    const busy = (seconds: string): RegistryStep => ({
      kind: 'answer',
      status: 429,
      headers: { 'retry-after': seconds },
    });
    server.script('PUT', UPLOADS, busy('0'));
    await registry.sendBlob(at(server), sourceOf(bytes));
    expectStored(server, bytes);
    server.script('PUT', UPLOADS, busy('3600'));
    expect(await failureOf(registry.sendBlob(at(server), sourceOf(someBytes(10))))).toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: `\`${server.domain}\` was asked to push a blob to \`team/app\` and answered with status 429`,
      hint: expect.stringContaining('wants 3600 s of peace'),
    });
  });

  it('is not sent again where only the last word was lost', async () => {
    const server = await serve();
    const { registry } = connect();
    const bytes = someBytes(2 * MIB);
    server.script('PUT', UPLOADS, { kind: 'silent' });
    await registry.sendBlob(at(server), sourceOf(bytes));
    expectStored(server, bytes);
    expect(server.bytes.in).toBe(2 * MIB);
    expect(server.count('POST')).toBe(1);
  });

  it('sends what a PATCH took and did not say', async () => {
    const server = await serve();
    const { registry } = connect();
    const bytes = someBytes(2 * MIB);
    server.script('PATCH', UPLOADS, { kind: 'silent' });
    await registry.sendBlob(at(server), sourceOf(bytes));
    expectStored(server, bytes);
    expect(server.bytes.in).toBe(2 * MIB);
  });

  it('is given up on, where nothing helps', async () => {
    const server = await serve();
    const { registry, events } = connect();
    server.always('PATCH', UPLOADS, { kind: 'reset' });
    expect(await failureOf(registry.sendBlob(at(server), sourceOf(someBytes(2 * MIB))))).toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringContaining('closed the connection'),
    });
    expect(events.filter(({ type }) => type === 'retry')).toHaveLength(3);
  });

  it('is given up on, where it takes a step and forgets it, again and again', async () => {
    const server = await serve();
    const { registry } = connect();
    let turn = 0;
    const steps: RegistryStep[] = Array.from({ length: 40 }, () => ({
      kind: 'break',
      after: 2 * MIB,
      keep: turn++ % 2 === 0,
    }));
    server.script('PATCH', UPLOADS, ...steps);
    expect(await failureOf(registry.sendBlob(at(server), sourceOf(someBytes(9 * MIB))))).toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
    });
    expect(server.count('PATCH')).toBeLessThan(12);
  });

  it('is left when the server takes no more bytes', async () => {
    const server = await serve();
    const { registry } = connect({ patience: { idleMs: 150, attempts: 2 } });
    server.always('PATCH', UPLOADS, { kind: 'hang' });
    expect(await failureOf(registry.sendBlob(at(server), sourceOf(someBytes(40 * MIB), MIB)))).toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringContaining('the server took no more bytes for 1 s'),
    });
  });

  it('is left at once on Ctrl-C', async () => {
    const server = await serve();
    const { registry, abort } = connect();
    server.always('PUT', UPLOADS, { kind: 'hang' });
    const sending = failureOf(registry.sendBlob(at(server), sourceOf(someBytes(1000))));
    while (server.count('PUT') === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    abort.abort();
    expect(await sending).toMatchObject({ name: 'AbortError' });
  });

  it('arrives whole, whatever happens on the way', async () => {
    const fault = fc.constantFrom<RegistryStep>(
      { kind: 'reset' },
      { kind: 'silent' },
      { kind: 'answer', status: 503 },
      { kind: 'answer', status: 404 },
      { kind: 'answer', status: 416 },
      { kind: 'break', after: 1_300_000 },
      { kind: 'break', after: 100, keep: false },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fault), { maxLength: 3 }),
        fc.constantFrom(10_000, 3_000_000),
        async (faults, size) => {
          const steps = new Map(faults);
          let count = 0;
          const server = await serve({ on: () => steps.get(count++) });
          const { registry } = connect();
          const bytes = someBytes(size);
          await registry.sendBlob(at(server), sourceOf(bytes)).catch((error: unknown) => {
            // A session that is not begun for 404 is no registry's to forget.
            expect(error).toMatchObject({ code: 'REGISTRY_INVALID' });
          });
          const stored = server.blobs.get(`team/app@${digestOf(bytes)}`);
          expect(stored === undefined || stored.equals(bytes)).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('an upload that is refused', () => {
  it('says why, in words that are safe to show', async () => {
    const server = await serve();
    const { registry } = connect();
    server.script('PUT', UPLOADS, REFUSED);
    expect(await failureOf(registry.sendBlob(at(server), sourceOf(someBytes(10))))).toMatchObject({
      code: 'REGISTRY_INVALID',
      message: `\`${server.domain}\` was asked to push a blob to \`team/app\` and answered with status 400`,
      causes: ['SIZE_INVALID: no[31m! ({"why":1})'],
    });
    expect(server.count('PUT')).toBe(1);
  });

  it('says that the repository must be there first', async () => {
    const server = await serve();
    const { registry } = connect();
    const body = JSON.stringify({ errors: [{ code: 'NAME_UNKNOWN', message: 'no such repository' }] });
    server.script('POST', UPLOADS, { kind: 'answer', status: 404, body });
    expect(await failureOf(registry.sendBlob(at(server), sourceOf(someBytes(10))))).toMatchObject({
      code: 'REGISTRY_INVALID',
      causes: ['NAME_UNKNOWN: no such repository'],
      hint: expect.stringContaining('created before anything is pushed'),
    });
  });

  it('is refused where the digest differs, and not tried again', async () => {
    const server = await serve();
    const { registry } = connect();
    const source = { ...sourceOf(someBytes(2 * MIB)), digest: digestOf('something else') };
    expect(await failureOf(registry.sendBlob(at(server), source))).toMatchObject({
      code: 'REGISTRY_INVALID',
      causes: ['DIGEST_INVALID: provided digest did not match uploaded content'],
    });
    expect(server.count('PUT')).toBe(1);
  });

  it('tells what its source threw, as it is', async () => {
    const server = await serve();
    const { registry } = connect();
    const error = Object.assign(new Error('the disk is gone'), { code: 'EIO' });
    const source = sourceOf(someBytes(2 * MIB));
    async function* open(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw error;
    }
    expect(await failureOf(registry.sendBlob(at(server), { ...source, open }))).toMatchObject({
      cause: error,
    });
    async function* short(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
    }
    expect(await failureOf(registry.sendBlob(at(server), { ...source, open: short }))).toMatchObject({
      code: 'HASH_MISMATCH',
      message: `the blob \`${source.digest}\` ends ${2 * MIB - 10} bytes before its end`,
    });
    expect(server.count('PATCH')).toBeLessThanOrEqual(2);
    expect(server.blobs.size).toBe(0);
  });

  it.each<[string, RegistryStep, string]>([
    ['no location', { kind: 'headers', headers: { location: '' } }, 'does not say where'],
    [
      'a location of another scheme',
      { kind: 'headers', headers: { location: 'gopher://127.0.0.1/x' } },
      'neither `http:` nor `https:`',
    ],
    [
      'a location that is not encrypted',
      { kind: 'headers', headers: { location: 'http://192.0.2.1/x' } },
      'which is not encrypted',
    ],
    ['a redirect', { kind: 'redirect', to: 'http://127.0.0.1:1' }, 'answered with status 307'],
  ])('with %s', async (_, step, message) => {
    const server = await serve();
    const { registry } = connect();
    server.script('POST', UPLOADS, step);
    expect(await failureOf(registry.sendBlob(at(server), sourceOf(someBytes(10))))).toMatchObject({
      code: 'REGISTRY_INVALID',
      message: expect.stringContaining(message),
    });
  });
});

describe('a mount', () => {
  it('moves no bytes', async () => {
    const server = await serve();
    const { registry } = connect();
    const bytes = someBytes(1000);
    server.addBlob('team/other', bytes);
    const from = [
      at(server),
      { domain: 'elsewhere.example', path: 'x' },
      at(server, 'team/none'),
      at(server, 'team/other'),
    ];
    expect(await registry.sendBlob(at(server), sourceOf(bytes), { from })).toBe('mounted');
    expectStored(server, bytes);
    expect(server.bytes.in).toBe(0);
    expect(
      server.log.filter(({ method }) => method === 'POST').map(({ query }) => query.get('from')),
    ).toEqual(['team/none', 'team/other']);
  });

  it.each(['session', 'refuse'] as const)('that is not done (%s) becomes an upload', async (mounts) => {
    const server = await serve({ mounts });
    const { registry } = connect();
    const bytes = someBytes(1000);
    server.addBlob('team/other', bytes);
    expect(await registry.sendBlob(at(server), sourceOf(bytes), { from: [at(server, 'team/other')] })).toBe(
      'sent',
    );
    expectStored(server, bytes);
    expect(server.count('POST')).toBe(mounts === 'session' ? 1 : 2);
  });

  it.each<RegistryStep>([
    { kind: 'answer', status: 500 },
    { kind: 'reset' },
    { kind: 'headers', headers: { location: '' } },
  ])('that fails becomes an upload: $kind', async (step) => {
    const server = await serve({ mounts: 'session' });
    const { registry } = connect();
    const bytes = someBytes(1000);
    server.script('POST', UPLOADS, ...Array.from({ length: step.kind === 'headers' ? 1 : 4 }, () => step));
    expect(await registry.sendBlob(at(server), sourceOf(bytes), { from: [at(server, 'team/other')] })).toBe(
      'sent',
    );
    expectStored(server, bytes);
  });
});

describe('many blobs at once', () => {
  it('come over at most 8 connections', async () => {
    const server = await serve();
    const { registry } = connect();
    const blobs = Array.from({ length: 30 }, () => someBytes(20_000));
    await Promise.all(blobs.map((bytes) => registry.sendBlob(at(server), sourceOf(bytes))));
    for (const bytes of blobs) expectStored(server, bytes);
    expect(server.mostAtOnce()).toBeLessThanOrEqual(8);
    expect(server.count('GET', /^\/v2\/$/)).toBe(1);
  });

  it('and large take little memory', async () => {
    const server = await serve({ keepBytes: false });
    const { registry } = connect();
    const piece = someBytes(MIB);
    const size = 256 * MIB;
    let most = 0;
    async function* open(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < size; at += MIB) {
        most = Math.max(most, process.memoryUsage().arrayBuffers);
        yield piece;
      }
    }
    const before = process.memoryUsage().arrayBuffers;
    const blob = { digest: digestOf('not that'), size, open };
    expect(await failureOf(registry.sendBlob(at(server), blob))).toMatchObject({
      causes: [/^DIGEST_INVALID/],
    });
    expect(server.bytes.in).toBe(size);
    expect(most - before).toBeLessThan(64 * MIB);
  });
});
