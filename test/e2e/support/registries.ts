// Real registries on loopback: Debian's `docker-registry` (Distribution 2.8), and a current Distribution built with Go.

import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CERTIFICATE } from '../../support/registry.ts';

export interface RealRegistryOptions {
  /** `docker-registry` where left out. */
  readonly program?: string;
  /** Asks for this login, by `htpasswd`. */
  readonly login?: { readonly username: string; readonly password: string };
  /** HTTPS with the certificate of the tests. */
  readonly tls?: boolean;
}

export interface RealRegistry {
  /** `127.0.0.1:PORT` */
  readonly domain: string;
  readonly url: string;
  /** Where it keeps what it is sent. */
  readonly storage: string;
  stop(): Promise<void>;
}

const DEBIAN = 'docker-registry';
const HTPASSWD = 'htpasswd';

/** Whether Debian's registry is there; in CI its absence is a failure, elsewhere it is said. */
export function haveRegistry(): boolean {
  return haveProgram(DEBIAN, '--version') && haveProgram(HTPASSWD, '-nbB', 'name', 'word');
}

/** Whether a program answers; in CI its absence is a failure, elsewhere it is said. */
export function haveProgram(name: string, ...parameters: readonly string[]): boolean {
  try {
    execFileSync(name, parameters, { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    // Said below.
  }
  if (process.env['CI'] === 'true') throw new Error(`CI has no \`${name}\``);
  console.warn(`SKIPPED: no \`${name}\` here; what it says of pushed images is not tested`);
  return false;
}

/** Starts an empty registry. */
export async function startRealRegistry(options: RealRegistryOptions = {}): Promise<RealRegistry> {
  const { program = DEBIAN, login, tls = false } = options;
  const folder = mkdtempSync(join(tmpdir(), 'bivy-registry-'));
  const storage = join(folder, 'storage');
  mkdirSync(storage);
  const domain = `127.0.0.1:${await freePort()}`;
  const url = `${tls ? 'https' : 'http'}://${domain}`;
  const users = join(folder, 'htpasswd');
  if (login !== undefined) {
    writeFileSync(users, execFileSync(HTPASSWD, ['-nbB', login.username, login.password]));
  }
  const http = {
    addr: domain,
    secret: 'of the tests',
    ...(tls ? { tls: { certificate: CERTIFICATE, key: CERTIFICATE } } : {}),
  };
  // JSON is YAML.
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
    http,
    ...(login === undefined ? {} : { auth: { htpasswd: { realm: 'tests', path: users } } }),
  };
  writeFileSync(join(folder, 'config.yml'), JSON.stringify(config));
  const daemon = spawn(program, ['serve', join(folder, 'config.yml')], {
    stdio: 'ignore',
    env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
  });
  const ended = new Promise((resolve) => daemon.once('exit', resolve));
  const stop = async (): Promise<void> => {
    daemon.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for (let tries = 0; !(await answers(domain)); tries += 1) {
    if (tries === 100 || daemon.exitCode !== null) {
      await stop();
      throw new Error(`\`${program}\` does not answer on ${domain}`);
    }
    await sleep(100);
  }
  return { domain, url, storage, stop };
}

/** A port of loopback that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function answers(domain: string): Promise<boolean> {
  const [host, port] = domain.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host: host ?? '', port: Number(port) });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
