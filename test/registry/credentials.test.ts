import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BivyError, describeError } from '../../src/kernel/errors.ts';
import { findCredentials } from '../../src/registry/credentials.ts';
import { askHelper } from '../../src/registry/credentials-helper.ts';
import type { Repository } from '../../src/registry/registry.ts';

const PLACES: string[] = [];
afterAll(() => {
  for (const place of PLACES) rmSync(place, { recursive: true, force: true });
});

const SECRET = 'tr0ub4dor-and-3';
const HUB: Repository = { domain: 'docker.io', path: 'library/python' };
const TEAM: Repository = { domain: 'registry.example:5000', path: 'team/app' };

interface Place {
  readonly root: string;
  readonly environment: NodeJS.ProcessEnv;
  file(path: string, content: unknown): string;
  helper(name: string, script: string): void;
  /** What helpers were asked. */
  asked(): string[];
}

/** A user's home of whom nothing else is known. */
function place(more: NodeJS.ProcessEnv = {}): Place {
  const root = mkdtempSync(join(tmpdir(), 'bivy-logins-'));
  PLACES.push(root);
  const bin = join(root, 'bin');
  const log = join(root, 'asked');
  mkdirSync(bin);
  return {
    root,
    environment: {
      PATH: `${bin}:/usr/bin:/bin`,
      HOME: root,
      XDG_RUNTIME_DIR: join(root, 'run'),
      ...more,
    },
    file(path, content) {
      const full = join(root, path);
      mkdirSync(dirname(full), { recursive: true });
      writeFileSync(full, typeof content === 'string' ? content : JSON.stringify(content));
      return full;
    },
    helper(name, script) {
      const path = join(bin, `docker-credential-${name}`);
      writeFileSync(path, `#!/bin/sh\nserver=$(cat)\necho "${name} $1 $server" >> '${log}'\n${script}\n`);
      chmodSync(path, 0o755);
    },
    asked: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
  };
}

function basic(username: string, password: string): { auth: string } {
  return { auth: Buffer.from(`${username}:${password}`).toString('base64') };
}

function password(username: string, secret: string = SECRET): object {
  return { kind: 'password', username, password: secret };
}

function find(at: Place, repository: Repository, own?: string): Promise<unknown> {
  return findCredentials({
    environment: at.environment,
    insecure: [],
    mirrors: {},
    ...(own === undefined ? {} : { own }),
  })(repository);
}

describe('a login in a file', () => {
  it('is none where there is no file', async () => {
    expect(await find(place(), HUB)).toBeUndefined();
  });

  it.each<[string, object, unknown]>([
    ['user and password', basic('me', SECRET), password('me')],
    ['a password with colons', basic('me', 'a:b:c'), password('me', 'a:b:c')],
    ['an empty password', basic('me', ''), password('me', '')],
    ['padded with zeros', { auth: Buffer.from('me:x\0\0').toString('base64') }, password('me', 'x')],
    ['spelled out', { username: 'me', password: SECRET }, password('me')],
    [
      'an identity token',
      { ...basic('me', 'old'), identitytoken: SECRET },
      { kind: 'identity', token: SECRET },
    ],
    [
      'a token for the registry',
      { identitytoken: 'x', registrytoken: SECRET },
      { kind: 'bearer', token: SECRET },
    ],
    ['nothing', {}, undefined],
    ['nulls', { auth: null, identitytoken: null }, undefined],
    ['half of it', { username: 'me' }, undefined],
  ])('may be %s', async (_, entry, expected) => {
    const at = place();
    at.file('.docker/config.json', { auths: { 'registry.example:5000': entry }, other: 1 });
    expect(await find(at, TEAM)).toEqual(expected);
  });

  it.each<[string, Repository]>([
    ['https://index.docker.io/v1/', HUB],
    ['https://index.docker.io/v2/', HUB],
    ['index.docker.io', HUB],
    ['docker.io', HUB],
    ['docker.io/library', HUB],
    ['docker.io/library/python', HUB],
    ['registry-1.docker.io', HUB],
    ['registry.example:5000', TEAM],
    ['https://registry.example:5000', TEAM],
    ['http://registry.example:5000/', TEAM],
    ['https://registry.example:5000/v2/', TEAM],
    ['https://registry.example:5000/some/path', TEAM],
    ['registry.example:5000/v1/', TEAM],
    ['registry.example:5000/team', TEAM],
    ['registry.example:5000/team/app', TEAM],
  ])('under %s is found', async (key, repository) => {
    const at = place();
    at.file('.docker/config.json', { auths: { [key]: basic('me', SECRET) } });
    expect(await find(at, repository)).toEqual(password('me'));
  });

  it.each<[string, Repository]>([
    ['registry.example', TEAM],
    ['registry.example:5001', TEAM],
    ['registry.example:5000/team/ap', TEAM],
    ['registry.example:5000/team/app/more', TEAM],
    ['registry.example:5000/other', TEAM],
    ['evil.registry.example:5000', TEAM],
    ['https://registry.example:50000/', TEAM],
    ['docker.io/team', HUB],
    ['index.docker.io.evil.example', HUB],
    ['__proto__', HUB],
  ])('under %s is for others', async (key, repository) => {
    const at = place();
    at.file('.docker/config.json', `{"auths": {"${key}": ${JSON.stringify(basic('me', SECRET))}}}`);
    expect(await find(at, repository)).toBeUndefined();
  });

  it('for the longest beginning of the name wins', async () => {
    const at = place();
    at.file('.config/containers/auth.json', {
      auths: {
        'registry.example:5000': basic('host', 'x'),
        'registry.example:5000/team': basic('team', 'x'),
        'registry.example:5000/team/app': basic('app', 'x'),
      },
    });
    for (const [path, who] of [
      ['team/app', 'app'],
      ['team/app/more', 'app'],
      ['team/other', 'team'],
      ['team', 'team'],
      ['teams/app', 'host'],
    ] as const) {
      expect(await find(at, { ...TEAM, path })).toEqual(password(who, 'x'));
    }
  });

  it('in a file that the environment names wins over those of every user', async () => {
    const at = place();
    const login = (who: string): object => ({ auths: { [TEAM.domain]: basic(who, 'x') } });
    at.file('.config/containers/auth.json', login('config'));
    expect(await find(at, TEAM)).toEqual(password('config', 'x'));
    at.file('run/containers/auth.json', login('runtime'));
    expect(await find(at, TEAM)).toEqual(password('runtime', 'x'));
    at.file('.docker/config.json', login('docker'));
    expect(await find(at, TEAM)).toEqual(password('docker', 'x'));
    at.environment['REGISTRY_AUTH_FILE'] = at.file('elsewhere/auth.json', login('named'));
    expect(await find(at, TEAM)).toEqual(password('named', 'x'));
    at.environment['DOCKER_CONFIG'] = dirname(at.file('other-docker/config.json', login('other')));
    expect(await find(at, TEAM)).toEqual(password('other', 'x'));
  });

  it('is looked for in further files where one has none', async () => {
    const at = place();
    at.file('.docker/config.json', { auths: { 'other.example': basic('other', 'x') } });
    at.file('run/containers/auth.json', '');
    at.file('.config/containers/auth.json', { auths: { [TEAM.domain]: basic('me', SECRET) } });
    expect(await find(at, TEAM)).toEqual(password('me'));
  });

  it('is read once', async () => {
    const at = place();
    const file = at.file('.docker/config.json', { auths: { [TEAM.domain]: basic('me', SECRET) } });
    const ask = findCredentials({ environment: at.environment, insecure: [], mirrors: {} });
    expect(await ask(TEAM)).toEqual(password('me'));
    rmSync(file);
    expect(await ask(TEAM)).toEqual(password('me'));
  });

  it('that is broken is nobody’s business where another is wanted', async () => {
    const at = place();
    at.file('.docker/config.json', { auths: { a: { auth: '!' }, [TEAM.domain]: basic('me', SECRET) } });
    expect(await find(at, TEAM)).toEqual(password('me'));
  });
});

describe('a login of the environment', () => {
  it('is for the registry pushed to alone', async () => {
    const at = place({ BIVY_REGISTRY_USERNAME: 'me', BIVY_REGISTRY_PASSWORD: SECRET });
    at.file('.docker/config.json', { auths: { [TEAM.domain]: basic('file', 'x') } });
    expect(await find(at, TEAM, TEAM.domain)).toEqual(password('me'));
    expect(await find(at, TEAM, 'docker.io')).toEqual(password('file', 'x'));
    expect(await find(at, HUB, TEAM.domain)).toBeUndefined();
    expect(await find(at, TEAM)).toEqual(password('file', 'x'));
  });

  it.each([
    [{ BIVY_REGISTRY_USERNAME: 'me' }, 'BIVY_REGISTRY_PASSWORD'],
    [{ BIVY_REGISTRY_PASSWORD: SECRET, BIVY_REGISTRY_USERNAME: '' }, 'BIVY_REGISTRY_USERNAME'],
  ])('is whole or refused', async (environment, missing) => {
    await expect(find(place(environment), TEAM, TEAM.domain)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`\`${missing}\` is not`),
    });
  });

  it('that is empty is none', async () => {
    const at = place({ BIVY_REGISTRY_USERNAME: '', BIVY_REGISTRY_PASSWORD: '' });
    expect(await find(at, TEAM, TEAM.domain)).toBeUndefined();
  });
});

describe('a helper', () => {
  const answer = (username: string): string =>
    `printf '%s' '${JSON.stringify({ ServerURL: 'x', Username: username, Secret: SECRET })}'`;

  it('for the server wins over the one for all, and this over the file', async () => {
    const at = place();
    at.helper('one', answer('one'));
    at.helper('all', answer('all'));
    const auths = { [TEAM.domain]: basic('file', 'x') };
    at.file('.docker/config.json', { auths, credsStore: 'all', credHelpers: { [TEAM.domain]: 'one' } });
    expect(await find(at, TEAM)).toEqual(password('one'));
    at.file('.docker/config.json', { auths, credsStore: 'all' });
    expect(await find(at, TEAM)).toEqual(password('all'));
    expect(at.asked()).toEqual([`one get ${TEAM.domain}`, `all get ${TEAM.domain}`]);
  });

  it('is asked by the name under which the default domain is kept', async () => {
    const at = place();
    at.helper('all', answer('me'));
    at.file('.docker/config.json', { credsStore: 'all' });
    expect(await find(at, HUB)).toEqual(password('me'));
    at.file('.docker/config.json', { credHelpers: { 'docker.io': 'all' } });
    expect(await find(at, HUB)).toEqual(password('me'));
    expect(at.asked()).toEqual(['all get https://index.docker.io/v1/', 'all get docker.io']);
  });

  it('may keep an identity token', async () => {
    const at = place();
    at.helper('all', answer('<token>'));
    at.file('.docker/config.json', { credsStore: 'all' });
    expect(await find(at, TEAM)).toEqual({ kind: 'identity', token: SECRET });
  });

  it('may have nothing: then the file counts', async () => {
    const at = place();
    at.helper('all', 'echo "credentials not found in native keychain"; exit 1');
    at.file('.docker/config.json', { credsStore: 'all' });
    expect(await find(at, TEAM)).toBeUndefined();
    at.file('.docker/config.json', { credsStore: 'all', auths: { [TEAM.domain]: basic('me', SECRET) } });
    expect(await find(at, TEAM)).toEqual(password('me'));
    at.helper('all', `echo '{"Username":"","Secret":""}'`);
    expect(await find(at, TEAM)).toEqual(password('me'));
  });

  it('is asked once a server, by however many at once', async () => {
    const at = place();
    at.helper('all', answer('me'));
    at.file('.docker/config.json', { credsStore: 'all' });
    const ask = findCredentials({ environment: at.environment, insecure: [], mirrors: {} });
    const repositories = ['a', 'b', 'c/d'].map((path) => ({ ...TEAM, path }));
    expect(await Promise.all(repositories.map(ask))).toEqual(repositories.map(() => password('me')));
    expect(at.asked()).toHaveLength(1);
  });

  it('gets no shell', async () => {
    const at = place();
    at.file('.docker/config.json', { credsStore: `x; touch ${join(at.root, 'pwned')}` });
    await expect(find(at, TEAM)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    at.file('.docker/config.json', { credsStore: '../../bin/sh' });
    await expect(find(at, TEAM)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(existsSync(join(at.root, 'pwned'))).toBe(false);
  });

  it('that does not end is given up, whatever it started', async () => {
    const at = place();
    at.helper('slow', 'sleep 3 &\nexec sleep 60');
    const question = { helper: 'slow', server: 'x', file: 'f', environment: at.environment, limit: 300 };
    await expect(askHelper(question)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('took longer than 0.3 s'),
    });
  });
});

describe('what is wrong is told without a secret', () => {
  const auths = (entry: unknown): object => ({ auths: { [TEAM.domain]: entry } });
  it.each<[string, unknown, string | undefined, RegExp]>([
    ['no JSON', `{"auths": {"x": {"auth": "${SECRET}"`, undefined, /config\.json`: it is no JSON/],
    ['an array', `["${SECRET}"]`, undefined, /config\.json` must be a table/],
    ['a string for logins', { auths: SECRET }, undefined, /`auths` must be a table, not a string/],
    ['a string for a login', auths(SECRET), undefined, /`auths\."registry.example:5000"` must be a table/],
    ['a number', auths({ auth: 12345 }), undefined, /auth` must be a string/],
    ['no base64', auths({ auth: `${SECRET}!` }), undefined, /auth` must be `user:password` in base64/],
    [
      'no colon',
      auths({ auth: Buffer.from(SECRET).toString('base64') }),
      undefined,
      /must be `user:password`/,
    ],
    [
      'a helper that is not there',
      { credsStore: 'gone' },
      undefined,
      /`docker-credential-gone`, which is not on/,
    ],
    ['a helper with a path', { credsStore: `a/${'b'}` }, undefined, /which is no name of a helper/],
    ['a helper that fails', { credsStore: 'bad' }, `echo ${SECRET}; echo ${SECRET} >&2; exit 3`, /status 3/],
    ['a helper that is killed', { credsStore: 'bad' }, 'kill -9 $$', /status unknown/],
    ['a helper that talks', { credsStore: 'bad' }, `echo ${SECRET}`, /something else than JSON/],
    [
      'a helper without a secret',
      { credsStore: 'bad' },
      `echo '{"Secret":"${SECRET}"}'`,
      /no `Username` and/,
    ],
    ['a helper that says null', { credsStore: 'bad' }, 'echo null', /no `Username` and/],
    [
      'a helper that never stops talking',
      { credsStore: 'bad' },
      `while echo ${SECRET}${SECRET}${SECRET}${SECRET}${SECRET}${SECRET}; do :; done`,
      /more than 1048576 bytes/,
    ],
    ['a helper list of the wrong kind', { credHelpers: [SECRET] }, undefined, /credHelpers` must be a table/],
  ])('%s', async (_, content, script, message) => {
    const at = place();
    const file = at.file('.docker/config.json', content);
    if (script !== undefined) at.helper('bad', script);
    const error = await find(at, TEAM).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(BivyError);
    const told = error as BivyError;
    expect(told.code).toBe('CONFIG_INVALID');
    expect(told.message).toMatch(message);
    expect(told.message).toContain(file);
    const all = JSON.stringify(describeError(told)) + told.stack + String(told.cause);
    expect(all).not.toContain(SECRET);
    expect(all).not.toContain(Buffer.from(SECRET).toString('base64'));
  });

  it('a directory, or a file of another user', async () => {
    const at = place();
    mkdirSync(join(at.root, '.docker/config.json'), { recursive: true });
    await expect(find(at, TEAM)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('EISDIR'),
    });
  });

  it('a file of more bytes than logins have', async () => {
    const at = place();
    at.file('.docker/config.json', ' '.repeat((1 << 20) + 1));
    await expect(find(at, TEAM)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
