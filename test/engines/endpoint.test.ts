import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findEndpoint } from '../../src/engines/endpoint.ts';
import { digestOf, hexOf } from '../../src/kernel/digest.ts';
import { codeOf, scratch } from '../support/images.ts';

interface Configured {
  readonly current?: string;
  readonly contexts?: Readonly<Record<string, unknown>>;
}

function home({ current, contexts = {} }: Configured): string {
  const folder = scratch();
  const docker = join(folder, '.docker');
  mkdirSync(docker);
  writeFileSync(
    join(docker, 'config.json'),
    JSON.stringify({ auths: {}, ...(current === undefined ? {} : { currentContext: current }) }),
  );
  for (const [name, meta] of Object.entries(contexts)) {
    const place = join(docker, 'contexts/meta', hexOf(digestOf(name)));
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'meta.json'), typeof meta === 'string' ? meta : JSON.stringify(meta));
  }
  return folder;
}

const at = (host: string): object => ({
  Name: 'x',
  Metadata: {},
  Endpoints: { docker: { Host: host, SkipTLSVerify: false } },
});

describe('the engine', () => {
  it.each<[string, Configured, NodeJS.ProcessEnv, object]>([
    ['is at the default socket', {}, {}, { kind: 'unix', path: '/var/run/docker.sock' }],
    [
      'is where DOCKER_HOST says',
      {},
      { DOCKER_HOST: 'unix:///x y.sock' },
      { kind: 'unix', path: '/x y.sock' },
    ],
    [
      'is where DOCKER_HOST says, whatever the context',
      { current: 'a', contexts: { a: at('unix:///a') } },
      { DOCKER_HOST: 'unix:///b', DOCKER_CONTEXT: 'a' },
      { path: '/b' },
    ],
    ['is not where an empty DOCKER_HOST says', {}, { DOCKER_HOST: '' }, { path: '/var/run/docker.sock' }],
    [
      'is where the current context says',
      { current: 'a', contexts: { a: at('unix:///a') } },
      {},
      { path: '/a' },
    ],
    [
      'is where DOCKER_CONTEXT says',
      { current: 'a', contexts: { a: at('unix:///a'), b: at('unix:///b') } },
      { DOCKER_CONTEXT: 'b' },
      { path: '/b' },
    ],
    [
      'is at the default socket in the default context',
      { current: 'a' },
      { DOCKER_CONTEXT: 'default' },
      { path: '/var/run/docker.sock' },
    ],
    [
      'may be behind tcp',
      {},
      { DOCKER_HOST: 'tcp://10.0.0.1' },
      { kind: 'tcp', host: '10.0.0.1', port: 2375 },
    ],
    ['may have a port', {}, { DOCKER_HOST: 'tcp://engine:80' }, { kind: 'tcp', host: 'engine', port: 80 }],
    [
      'may have an IPv6 address',
      {},
      { DOCKER_HOST: 'tcp://[::1]:99' },
      { kind: 'tcp', host: '::1', port: 99 },
    ],
    [
      'may want TLS',
      {},
      { DOCKER_HOST: 'tcp://engine', DOCKER_TLS_VERIFY: '1' },
      { port: 2376, tls: { verify: true } },
    ],
    [
      'may want TLS without being known',
      {},
      { DOCKER_HOST: 'tcp://engine:9', DOCKER_TLS: '1' },
      { port: 9, tls: { verify: false } },
    ],
    ['may be behind https', {}, { DOCKER_HOST: 'https://engine:9' }, { port: 9, tls: { verify: true } }],
    [
      'may be behind ssh',
      {},
      { DOCKER_HOST: 'ssh://me@engine:22' },
      {
        kind: 'ssh',
        arguments: [
          '-o',
          'ConnectTimeout=30',
          '-T',
          '-l',
          'me',
          '-p',
          '22',
          '--',
          'engine',
          'docker',
          'system',
          'dial-stdio',
        ],
      },
    ],
    [
      'may be at a socket behind ssh',
      {},
      { DOCKER_HOST: 'ssh://engine/run/my%20sock' },
      {
        kind: 'ssh',
        arguments: [
          '-o',
          'ConnectTimeout=30',
          '-T',
          '--',
          'engine',
          'docker',
          '--host',
          "'unix:///run/my%20sock'",
          'system',
          'dial-stdio',
        ],
      },
    ],
  ])('%s', (_, configured, environment, expected) => {
    expect(findEndpoint({ HOME: home(configured), ...environment })).toMatchObject(expected);
  });

  it('has its certificates where it is said', () => {
    const folder = home({ current: 'a', contexts: { a: at('tcp://engine:1') } });
    const certificates = join(folder, '.docker/contexts/tls', hexOf(digestOf('a')), 'docker');
    mkdirSync(certificates, { recursive: true });
    writeFileSync(join(certificates, 'ca.pem'), 'CA');
    expect(findEndpoint({ HOME: folder })).toMatchObject({ tls: { verify: true, ca: Buffer.from('CA') } });
    const environment = {
      HOME: home({}),
      DOCKER_HOST: 'tcp://engine:1',
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: certificates,
    };
    expect(findEndpoint(environment)).toMatchObject({ tls: { verify: true, ca: Buffer.from('CA') } });
  });

  it.each<[string, Configured, NodeJS.ProcessEnv]>([
    ['a context that is not there', {}, { DOCKER_CONTEXT: 'gone' }],
    ['a context of something else', { current: 'k', contexts: { k: { Endpoints: { kubernetes: {} } } } }, {}],
    ['a damaged context', { current: 'k', contexts: { k: '{' } }, {}],
    ['no address', {}, { DOCKER_HOST: 'somewhere' }],
    ['a named pipe', {}, { DOCKER_HOST: 'npipe:////./pipe/docker' }],
    ['a path behind tcp', {}, { DOCKER_HOST: 'tcp://engine:1/x' }],
    ['an option as a host', {}, { DOCKER_HOST: 'ssh://-oProxyCommand=x' }],
    ['an option as a user', {}, { DOCKER_HOST: 'ssh://-oProxyCommand=x@engine' }],
    ['a password', {}, { DOCKER_HOST: 'ssh://me:secret@engine' }],
    ['an empty socket', {}, { DOCKER_HOST: 'unix://' }],
  ])('is not found by %s', async (_, configured, environment) => {
    const work = () => findEndpoint({ HOME: home(configured), ...environment });
    expect(await codeOf(work)).toBe('ENGINE_UNREACHABLE');
    expect(() => work()).toThrow(expect.not.objectContaining({ message: expect.stringContaining('secret') }));
  });
});
