// Where Docker's engine listens, as the docker CLI decides it: `DOCKER_HOST`, `DOCKER_CONTEXT`, the current context of
// its configuration, the default socket. Sources: docker/cli, cli/command/cli.go `resolveContextName`,
// cli/context/store; moby/client, `ParseHostURL`.

import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { digestOf, hexOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';

interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly verify: boolean;
}

export type Endpoint = {
  /** As the user or the context wrote it: `unix:///var/run/docker.sock`. */
  readonly address: string;
  /** What named it, for messages: `DOCKER_HOST`, or a context. */
  readonly from: string;
} & (
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: TlsFiles }
  | { readonly kind: 'ssh'; readonly arguments: readonly string[] }
);

const DEFAULT = 'unix:///var/run/docker.sock';
const MAX_CONFIG = 1 << 20;

/** @throws BivyError `ENGINE_UNREACHABLE` where a context is not there or an address cannot be used */
export function findEndpoint(environment: NodeJS.ProcessEnv): Endpoint {
  const directory =
    said(environment, 'DOCKER_CONFIG') ?? join(said(environment, 'HOME') ?? homedir(), '.docker');
  const host = said(environment, 'DOCKER_HOST');
  if (host !== undefined) return parseAddress(host, '`DOCKER_HOST`', tlsOf(environment, directory));
  const named = said(environment, 'DOCKER_CONTEXT');
  const context = named ?? currentContext(directory);
  if (context === undefined || context === 'default') {
    return parseAddress(DEFAULT, 'the default', tlsOf(environment, directory));
  }
  return readContext(
    directory,
    context,
    named === undefined ? `the current context \`${context}\`` : '`DOCKER_CONTEXT`',
  );
}

/** @param from what named the address, for messages */
function parseAddress(address: string, from: string, tls?: TlsFiles): Endpoint {
  const [, scheme, rest] = /^([a-z]+):\/\/(.*)$/s.exec(address) ?? [];
  if (scheme === 'unix' && rest !== undefined && rest !== '') {
    return { kind: 'unix', address, from, path: rest };
  }
  if ((scheme === 'tcp' || scheme === 'http' || scheme === 'https') && URL.canParse(`http://${rest}`)) {
    const url = new URL(`http://${rest}`);
    const secure = tls ?? (scheme === 'https' ? { verify: true } : undefined);
    const port = /:(\d+)$/.exec(url.host)?.[1] ?? (/^[^/]*:80(?:\/|$)/.test(rest ?? '') ? '80' : undefined);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (url.pathname !== '/') throw unusable(address, from, 'a path after the port is not supported');
    return {
      kind: 'tcp',
      address,
      from,
      host: host === '' ? 'localhost' : host,
      port: Number(port ?? (secure === undefined ? 2375 : 2376)),
      ...(secure === undefined ? {} : { tls: secure }),
    };
  }
  if (scheme === 'ssh' && URL.canParse(address)) {
    return { kind: 'ssh', address, from, arguments: sshArguments(address, from) };
  }
  throw unusable(
    address,
    from,
    scheme === 'npipe' ? 'named pipes are not supported' : 'it is no address of an engine',
  );
}

/** What `ssh` is told: docker/cli, cli/connhelper/connhelper.go and ssh.go. */
function sshArguments(address: string, from: string): readonly string[] {
  const { username, password, hostname, port, pathname, search, hash } = new URL(address);
  if (password !== '')
    throw unusable(address.replace(password, '***'), from, 'ssh takes no password from it');
  // What begins with `-` would be an option of ssh.
  if (!/^[\w.[\]:][\w.[\]:-]*$/.test(hostname) || !/^(?:[\w.][\w.-]*)?$/.test(decodeURIComponent(username))) {
    throw unusable(address, from, 'its user or host is no name');
  }
  if (search !== '' || hash !== '') throw unusable(address, from, 'it has more than a host and a path');
  return [
    '-o',
    'ConnectTimeout=30',
    '-T',
    ...(username === '' ? [] : ['-l', decodeURIComponent(username)]),
    ...(port === '' ? [] : ['-p', port]),
    '--',
    hostname.replace(/^\[|\]$/g, ''),
    'docker',
    ...(pathname === '' || pathname === '/' ? [] : ['--host', quote(`unix://${pathname}`)]),
    'system',
    'dial-stdio',
  ];
}

/** For the shell of the other side. */
function quote(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function tlsOf(environment: NodeJS.ProcessEnv, directory: string): TlsFiles | undefined {
  const verify = said(environment, 'DOCKER_TLS_VERIFY') !== undefined;
  if (!verify && said(environment, 'DOCKER_TLS') === undefined) return undefined;
  return readTls(said(environment, 'DOCKER_CERT_PATH') ?? directory, verify);
}

function readTls(directory: string, verify: boolean): TlsFiles {
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => {
    const file = join(directory, name);
    return existsSync(file) ? readFileSync(file) : undefined;
  });
  return {
    verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

function currentContext(directory: string): string | undefined {
  const config = readJson(join(directory, 'config.json')) as { currentContext?: unknown } | undefined;
  const name = config?.currentContext;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

function readContext(directory: string, name: string, from: string): Endpoint {
  const id = hexOf(digestOf(name));
  const meta = readJson(join(directory, 'contexts', 'meta', id, 'meta.json')) as
    | { Endpoints?: { docker?: { Host?: unknown; SkipTLSVerify?: unknown } } }
    | undefined;
  const docker = meta?.Endpoints?.docker;
  if (typeof docker?.Host !== 'string' || docker.Host === '') {
    throw new BivyError('ENGINE_UNREACHABLE', `the Docker context \`${name}\` names no engine`, {
      causes: [
        meta === undefined ? 'it is not there' : 'it has no `docker` endpoint',
        `it comes from ${from}`,
      ],
      hint: 'see `docker context ls`, and choose one with `DOCKER_CONTEXT` or `docker context use`',
    });
  }
  const files = join(directory, 'contexts', 'tls', id, 'docker');
  const tls = existsSync(files) ? readTls(files, docker.SkipTLSVerify !== true) : undefined;
  return parseAddress(docker.Host, from, tls);
}

/** The file's JSON; nothing where it is absent or no JSON, as the docker CLI has it. */
function readJson(file: string): unknown {
  try {
    const bytes = readFileSync(file);
    return bytes.length > MAX_CONFIG ? undefined : JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function said(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = environment[name];
  return value === '' ? undefined : value;
}

function unusable(address: string, from: string, cause: string): BivyError {
  return new BivyError('ENGINE_UNREACHABLE', `\`${address}\` cannot be used as Docker's address`, {
    causes: [cause, `it comes from ${from}`],
    hint: 'name the engine as `unix:///PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST`',
  });
}
