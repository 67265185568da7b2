import { describe, expect, it } from 'vitest';
import { MANIFEST } from '../../src/oci/spec.ts';
import type { Credential } from '../../src/registry/credential.ts';
import type { Repository } from '../../src/registry/registry.ts';
import type { TestRegistry } from '../support/registry.ts';
import type { RegistryAuth } from '../support/registry-auth.ts';
import { connect, digestOf, failureOf, serve, someBytes, sourceOf } from './client-fixture.ts';

const ME = { kind: 'password', username: 'me', password: 'pass word:ü' } as const;
const KNOWS_ME = { username: 'me', password: 'pass word:ü' } as const;
const BEARER: RegistryAuth = { kind: 'bearer', ...KNOWS_ME };
const IDENTITY: RegistryAuth = { kind: 'bearer', identity: 'refresh-secret' };

function at(server: TestRegistry, path = 'team/app'): Repository {
  return { domain: server.domain, path };
}

function kinds(server: TestRegistry, path: RegExp): readonly string[] {
  return server.log.filter((entry) => path.test(entry.path)).map(({ authorization }) => authorization);
}

const TOKEN = /^\/token$/;
const REPOSITORY = /^\/v2\/team\//;

describe('who asks', () => {
  it('is not told to those who do not want to know', async () => {
    const server = await serve();
    const { registry, asked } = connect({ login: ME });
    await registry.sendBlob(at(server), sourceOf(someBytes(10)));
    expect(kinds(server, /./)).not.toContain('basic');
    expect(asked).toEqual([]);
  });

  it.each<[string, RegistryAuth, Credential]>([
    ['Basic', { kind: 'basic', ...KNOWS_ME }, ME],
    [
      'Basic, by a refresh token',
      { kind: 'basic', identity: 'refresh-secret' },
      { kind: 'identity', token: 'refresh-secret' },
    ],
    ['Bearer', BEARER, ME],
    ['Bearer, called otherwise', { ...BEARER, field: 'access_token' }, ME],
    ['a realm that reads the first scope alone', { ...BEARER, firstScopeOnly: true }, ME],
    ['OAuth 2', IDENTITY, { kind: 'identity', token: 'refresh-secret' }],
    [
      'a refresh token and no OAuth 2',
      { ...IDENTITY, oauth: false },
      { kind: 'identity', token: 'refresh-secret' },
    ],
    [
      'odd case and space',
      { ...BEARER, challenge: (usual) => usual.replace('Bearer realm=', 'bEARER  Realm = ') },
      ME,
    ],
    [
      'several challenges',
      { ...BEARER, challenge: (usual) => `Basic realm="a, b", ${usual}, Negotiate` },
      ME,
    ],
    ['a challenge without a scope', { ...BEARER, challenge: (usual) => usual.replace(/,scope=.*/, '') }, ME],
  ])('is told by %s', async (_, auth, login) => {
    const server = await serve({ auth });
    const { registry } = connect({ login });
    const bytes = someBytes(10);
    await registry.sendBlob(at(server), sourceOf(bytes));
    expect(server.blobs.has(`team/app@${digestOf(bytes)}`)).toBe(true);
    expect(kinds(server, REPOSITORY)).not.toContain('none');
    if (auth.kind === 'bearer') expect(kinds(server, REPOSITORY)).not.toContain('basic');
  });

  it('may be nobody, where the registry lets everybody pull', async () => {
    const server = await serve({ auth: { kind: 'bearer', anonymous: 'pull' } });
    const { registry } = connect();
    const digest = digestOf('blob');
    server.addBlob('team/app', Buffer.from('blob'));
    expect(await registry.hasBlob(at(server), digest)).toBe(true);
    expect(kinds(server, TOKEN)).toEqual(['none']);
  });

  it('is sent as a token that is no login, as it is', async () => {
    const server = await serve({ auth: BEARER });
    const { registry } = connect({ login: { kind: 'bearer', token: 'given-elsewhere' } });
    expect(await failureOf(registry.hasBlob(at(server), digestOf('x')))).toMatchObject({
      code: 'REGISTRY_DENIED',
    });
    expect(server.tokens()).toBe(0);
    expect(server.log.at(-1)?.headers['authorization']).toBe('Bearer given-elsewhere');
  });

  it('is told to a realm on another host, and the token to the registry', async () => {
    const server = await serve({ auth: BEARER, ownRealm: true });
    const { registry } = connect({ login: ME });
    await registry.sendBlob(at(server), sourceOf(someBytes(10)));
    expect(kinds(server, TOKEN)).toEqual(['basic']);
    expect(new Set(kinds(server, REPOSITORY))).toEqual(new Set(['bearer']));
  });
});

describe('a token', () => {
  it('is fetched once for all who wait', async () => {
    const server = await serve({ auth: BEARER });
    const { registry, asked } = connect({ login: ME });
    const blobs = Array.from({ length: 20 }, () => someBytes(10));
    await Promise.all(blobs.map((bytes) => registry.hasBlob(at(server), digestOf(bytes))));
    expect(server.tokens()).toBe(1);
    await Promise.all(blobs.map((bytes) => registry.sendBlob(at(server), sourceOf(bytes))));
    expect(server.tokens()).toBe(2);
    expect(asked).toEqual([at(server)]);
    const scopes = server.log
      .filter(({ path }) => path === '/token')
      .map(({ query }) => query.getAll('scope'));
    expect(scopes).toEqual([['repository:team/app:pull'], ['repository:team/app:pull,push']]);
  });

  it('for more serves who wants less', async () => {
    const server = await serve({ auth: BEARER });
    const { registry } = connect({ login: ME });
    await registry.sendBlob(at(server), sourceOf(someBytes(10)));
    await registry.hasBlob(at(server), digestOf('x'));
    expect(server.tokens()).toBe(1);
  });

  it('asks for the source of a mount too, and does without where it is closed', async () => {
    const server = await serve({ auth: { ...BEARER, closed: ['team/closed'] } });
    const { registry } = connect({ login: ME });
    const bytes = someBytes(10);
    server.addBlob('team/open', bytes);
    server.addBlob('team/closed', bytes);
    expect(await registry.sendBlob(at(server), sourceOf(bytes), { from: [at(server, 'team/open')] })).toBe(
      'mounted',
    );
    expect(server.log.find(({ path }) => path === '/token')?.query.getAll('scope')).toEqual([
      'repository:team/app:pull,push',
      'repository:team/open:pull',
    ]);
    const other = await registry.sendBlob(at(server, 'team/b'), sourceOf(bytes), {
      from: [at(server, 'team/closed')],
    });
    expect(other).toBe('sent');
  });

  it('that expires half-way is renewed, by a request or in the middle of a blob', async () => {
    const server = await serve({ auth: { ...BEARER, tokenUses: 1 } });
    const { registry } = connect({ login: ME });
    const bytes = someBytes(3 << 20);
    server.script('PATCH', /uploads/, { kind: 'break', after: 2 << 20 });
    await registry.sendBlob(at(server), sourceOf(bytes));
    expect(server.blobs.get(`team/app@${digestOf(bytes)}`)?.equals(bytes)).toBe(true);
    expect(server.tokens()).toBeGreaterThan(2);
  });

  it('that is refused in the middle of a large body is renewed, though the connection is closed', async () => {
    const server = await serve({ auth: BEARER });
    const { registry } = connect({ login: ME });
    const bytes = someBytes(40 << 20);
    const headers = {
      connection: 'close',
      'www-authenticate': `Bearer realm="${server.url}/token",service="tests"`,
    };
    server.script('PATCH', /uploads/, { kind: 'answer', status: 401, headers });
    expect(await registry.sendBlob(at(server), sourceOf(bytes, 1 << 20))).toBe('sent');
    expect(server.blobs.get(`team/app@${digestOf(bytes)}`)?.equals(bytes)).toBe(true);
  });

  it('that expired for many at once is renewed once', async () => {
    const server = await serve({ auth: BEARER });
    const { registry } = connect({ login: ME });
    await registry.hasBlob(at(server), digestOf('x'));
    server.expireTokens();
    await Promise.all(
      Array.from({ length: 8 }, (_, index) => registry.hasBlob(at(server), digestOf(`${index}`))),
    );
    expect(server.tokens()).toBe(2);
  });

  it('that is about to expire is not sent any more', async () => {
    const server = await serve({ auth: { ...BEARER, expiresIn: 0.001 } });
    const { registry } = connect({ login: ME });
    await registry.hasBlob(at(server), digestOf('x'));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await registry.hasBlob(at(server), digestOf('y'));
    expect(server.tokens()).toBe(2);
    expect(server.log.filter(({ path }) => REPOSITORY.test(path)).map(({ status }) => status())).toEqual([
      404, 404,
    ]);
  });

  it.each([
    ['no JSON', 'hello'],
    ['nothing', '{}'],
    ['null', 'null'],
    ['a number', '{"token":7}'],
    ['a header', '{"token":"a\\r\\nx-evil: 1"}'],
  ])('that is none is told: %s', async (_, body) => {
    const server = await serve({ auth: BEARER });
    const { registry } = connect({ login: ME });
    server.script('GET', TOKEN, { kind: 'answer', status: 200, body });
    expect(await failureOf(registry.hasBlob(at(server), digestOf('x')))).toMatchObject({
      code: 'REGISTRY_INVALID',
      message: `\`${server.domain}\` sends for tokens to where none is given`,
    });
  });
});

describe('who is refused', () => {
  it.each<[string, RegistryAuth, Credential | undefined, RegExp]>([
    ['nobody, by Basic', { kind: 'basic', ...KNOWS_ME }, undefined, /^run `docker login 127/],
    ['nobody, by Bearer', BEARER, undefined, /^run `docker login 127/],
    [
      'a wrong password, by Basic',
      { kind: 'basic', ...KNOWS_ME },
      { ...ME, password: 'no' },
      /was refused: it may have expired/,
    ],
    ['a wrong password, by Bearer', BEARER, { ...ME, password: 'no' }, /was refused: it may have expired/],
    [
      'an old refresh token',
      IDENTITY,
      { kind: 'identity', token: 'old' },
      /was refused: it may have expired/,
    ],
    ['who may do nothing there', { ...BEARER, closed: ['team/app'] }, ME, /may not do this/],
  ])('%s: and told what to do', async (_, auth, login, hint) => {
    const server = await serve({ auth });
    const { registry, events } = connect(login === undefined ? {} : { login });
    const error = await failureOf(registry.hasBlob(at(server), digestOf('x')));
    expect(error).toMatchObject({ code: 'REGISTRY_DENIED', hint: expect.stringMatching(hint) });
    expect(server.log.length).toBeLessThan(8);
    for (const secret of ['pass word', 'no:', 'token-', 'Basic ', 'old']) {
      expect(JSON.stringify([events, error, String(error)])).not.toContain(secret);
    }
  });

  it('is told what the registry said, without what was sent to it', async () => {
    const server = await serve({ auth: BEARER });
    const { registry } = connect({ login: ME });
    const errors = [
      { code: 'DENIED', message: 'you sent Authorization: Bearer token-1-secret-value, which is no good' },
    ];
    server.always('PUT', /manifests/, { kind: 'answer', status: 403, body: JSON.stringify({ errors }) });
    const manifest = { mediaType: MANIFEST, digest: digestOf('{}'), bytes: Buffer.from('{}') };
    expect(await failureOf(registry.putManifest(at(server), '1.0', manifest))).toMatchObject({
      code: 'REGISTRY_DENIED',
      message: `\`${server.domain}\` does not let you push \`team/app:1.0\``,
      causes: ['DENIED: you sent Authorization: Bearer …, which is no good'],
    });
  });

  it.each([
    ['http://192.0.2.1/token', 'sends for tokens to `http://192.0.2.1/token`, which is not encrypted'],
    ['ftp://a/token', 'sends for tokens to an address that is neither `http:` nor `https:`'],
  ])('is a realm at %s', async (realm, message) => {
    const server = await serve({ auth: { ...BEARER, realm } });
    const { registry } = connect({ login: ME });
    expect(await failureOf(registry.hasBlob(at(server), digestOf('x')))).toMatchObject({
      code: 'REGISTRY_INVALID',
      message: `\`${server.domain}\` ${message}`,
    });
  });
});

describe('a blob elsewhere', () => {
  it('is fetched without what proves who asks', async () => {
    const storage = await serve();
    const server = await serve({ auth: { kind: 'basic', ...KNOWS_ME } });
    const { registry } = connect({ login: ME });
    const bytes = someBytes(1000);
    server.addBlob('team/app', bytes);
    storage.addBlob('team/app', bytes);
    server.always('*', /blobs\/sha256/, { kind: 'redirect', to: storage.url });
    const chunks: Uint8Array[] = [];
    for await (const chunk of registry.readBlob(at(server), { digest: digestOf(bytes), size: 1000 }))
      chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    expect(await registry.hasBlob(at(server), digestOf(bytes))).toBe(true);
    storage.always('HEAD', /blobs/, { kind: 'answer', status: 403 });
    const { registry: another } = connect({ login: ME });
    expect(await another.hasBlob(at(server), digestOf(bytes))).toBe(true);
    expect(kinds(storage, /./)).toEqual(['none', 'none', 'none']);
  });

  it('is sent to another host without what proves who asks', async () => {
    const storage = await serve();
    const server = await serve({ auth: { kind: 'basic', ...KNOWS_ME } });
    const { registry } = connect({ login: ME });
    server.script('POST', /uploads/, {
      kind: 'headers',
      headers: { location: `${storage.url}/put/here?sig=a%2Fb` },
    });
    storage.always('PUT', /^\/put\/here$/, { kind: 'answer', status: 201 });
    await registry.sendBlob(at(server), sourceOf(someBytes(10)));
    expect(kinds(storage, /./)).toEqual(['none']);
    expect(storage.log[0]?.search).toMatch(/^\?sig=a%2Fb&digest=sha256%3A[0-9a-f]{64}$/);
  });
});
