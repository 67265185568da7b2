import { describe, expect, it } from 'vitest';
import { connect, digestOf, failureOf, serve, someBytes, sourceOf } from './client-fixture.ts';

const MIB = 1 << 20;
const UPLOADS = /\/blobs\/uploads\//;

describe('a blob that is sent', () => {
  it.each([0, 1, 1000, MIB, MIB + 1, 3 * MIB])('of %i bytes arrives', async (size) => {
    const server = await serve();
    const { registry } = connect();
    const repository = { domain: server.domain, path: 'team/app' };
    const bytes = someBytes(size);
    let sent = 0;
    expect(
      await registry.sendBlob(repository, sourceOf(bytes), {
        onSent: (count) => {
          sent += count;
        },
      }),
    ).toBe('sent');
    expect(server.blobs.get(`team/app@${digestOf(bytes)}`)?.equals(bytes)).toBe(true);
    expect(sent).toBe(size);
    expect(server.bytes.in).toBe(size);
    expect(await registry.hasBlob(repository, digestOf(bytes))).toBe(true);
    expect(await registry.hasBlob(repository, digestOf('another'))).toBe(false);
  });
});
