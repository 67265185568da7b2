import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CERTIFICATE, startRegistry, type TestRegistry } from '../support/registry.ts';
import { type ClientOptions, connect, digestOf, failureOf, serve } from './client-fixture.ts';

const directory = mkdtempSync(join(tmpdir(), 'bivy-certs-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function has(server: Pick<TestRegistry, 'domain'>, options: ClientOptions = {}): Promise<unknown> {
  return connect(options).registry.hasBlob({ domain: server.domain, path: 'team/app' }, digestOf('x'));
}

/** A directory like `certs.d`, with one file for that host. */
function certificates(name: string, text: string): readonly string[] {
  const root = mkdtempSync(join(directory, 'd-'));
  mkdirSync(join(root, name));
  writeFileSync(join(root, name, 'ca.crt'), text);
  writeFileSync(join(root, name, 'client.key'), 'no certificate');
  return [join(directory, 'none'), root];
}

const PEM = readFileSync(CERTIFICATE, 'utf8');

describe('a host', () => {
  it('of this machine may speak plain HTTP; the others’ questions go encrypted alone', async () => {
    const server = await serve();
    expect(await has(server)).toBe(false);
    const { registry, events } = connect();
    const error = await failureOf(
      registry.hasBlob({ domain: 'bivy.invalid:5000', path: 'a' }, digestOf('x')),
    );
    expect(error).toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      hint: expect.stringContaining('--insecure-registry bivy.invalid:5000'),
    });
    expect(
      events.filter(({ type }) => type === 'request').map((event) => 'url' in event && event.url),
    ).not.toContain('http://bivy.invalid:5000/v2/');
  });

  it('whose certificate nobody signed is refused, and told how to be trusted', async () => {
    const server = await serve({ tls: true });
    const error = await failureOf(has(server));
    expect(error).toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringContaining('could not prove who it is'),
      hint: expect.stringContaining(`/etc/docker/certs.d/${server.domain}/ca.crt`),
    });
    expect(server.log).toEqual([]);
  });

  it('is trusted by certificates of its own', async () => {
    const server = await serve({ tls: true });
    expect(await has(server, { certificates: certificates(server.domain, PEM) })).toBe(false);
    expect(await failureOf(has(server, { certificates: certificates('other.example', PEM) }))).toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
    });
  });

  it('is trusted by what the environment names', async () => {
    const server = await serve({ tls: true });
    expect(await has(server, { environment: { SSL_CERT_FILE: CERTIFICATE } })).toBe(false);
  });

  it('is trusted with any certificate where the user says so, and no other host is', async () => {
    const server = await serve({ tls: true });
    const other = await serve({ tls: true });
    expect(await has(server, { insecure: [server.domain] })).toBe(false);
    server.always('HEAD', /blobs/, { kind: 'redirect', to: other.url });
    expect(await failureOf(has(server, { insecure: [server.domain] }))).toMatchObject({
      message: expect.stringContaining('could not prove who it is'),
    });
    expect(other.log).toEqual([]);
  });

  it('sends for tokens to who is trusted as it is', async () => {
    const auth = { kind: 'bearer', anonymous: 'pull' } as const;
    const server = await serve({ tls: true, ownRealm: true, auth });
    expect(await has(server, { certificates: certificates(server.domain, PEM) })).toBe(false);
    expect(await has(server, { insecure: [server.domain] })).toBe(false);
    expect(server.tokens()).toBe(2);
  });

  it('of this machine is asked past any proxy', async () => {
    const gone = await startRegistry();
    await gone.close();
    const server = await serve({ auth: { kind: 'bearer', anonymous: 'pull' }, ownRealm: true });
    expect(await has(server, { environment: { HTTP_PROXY: gone.url, https_proxy: gone.url } })).toBe(false);
  });

  it('with certificates that cannot be used is told', async () => {
    const server = await serve({ tls: true });
    expect(
      await failureOf(has(server, { certificates: certificates(server.domain, 'hello') })),
    ).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('it holds no PEM certificate'),
    });
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    expect(await failureOf(has(server, { certificates: certificates(server.domain, broken) }))).toMatchObject(
      {
        code: 'CONFIG_INVALID',
      },
    );
  });

  it.each(['a/b', '..', 'user@host', 'a b', 'a?b', 'http://a'])('%s is none', async (domain) => {
    expect(await failureOf(has({ domain }, { certificates: [directory] }))).toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  it('is asked for itself once, and again where it did not answer', async () => {
    const server = await serve();
    const { registry } = connect({ patience: { attempts: 1 } });
    const ask = (): Promise<boolean> => registry.hasBlob({ domain: server.domain, path: 'a' }, digestOf('x'));
    // Once to see how it is spoken to, and once in earnest.
    server.script('GET', /^\/v2\/$/, { kind: 'reset' }, { kind: 'reset' });
    expect(await failureOf(ask())).toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
    await Promise.all([ask(), ask(), ask()]);
    await ask();
    expect(server.count('GET', /^\/v2\/$/)).toBe(3);
  });

  it('that nobody listens at is told', async () => {
    const gone = await startRegistry();
    await gone.close();
    expect(await failureOf(has(gone))).toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: `cannot get \`http://${gone.domain}/v2/\`: the server refused the connection`,
    });
  });

  it('is not asked where the network is not to be used', async () => {
    const server = await serve();
    expect(await failureOf(has(server, { offline: true }))).toMatchObject({ code: 'OFFLINE' });
    expect(server.log).toEqual([]);
  });
});
