// A Docker engine for the end-to-end tests: the one that answers, else a private one started for this run.
// In CI its absence is a failure; elsewhere the tests that need it are skipped, loudly.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Debian's client has BuildKit; another one that comes first on the path may lack it. */
export const CLIENT: string = existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the Docker client; throws with its output where it fails. */
export async function docker(...args: string[]): Promise<Ran> {
  const environment = { ...process.env, DOCKER_BUILDKIT: '1' };
  return run(CLIENT, args, { env: environment, maxBuffer: 64 << 20, encoding: 'utf8' });
}

export function engineAnswers(): boolean {
  try {
    execFileSync(CLIENT, ['version', '--format', '{{.Server.Version}}'], { stdio: 'pipe', timeout: 15_000 });
    return true;
  } catch {
    return false;
  }
}

/** Whether to run the tests that need an engine; says so where not. */
export function haveEngine(): boolean {
  if (engineAnswers()) return true;
  if (process.env['CI'] === 'true')
    throw new Error('CI has no Docker engine: install docker.io and run as root');
  console.warn('SKIPPED: no Docker engine answers, and none could be started (root and dockerd are needed)');
  return false;
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Vitest's global set-up: starts an engine where none answers, and stops it at the end. */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  return engineAnswers() ? undefined : startEngine();
}

/**
 * Starts a private, empty engine, to which `DOCKER_HOST` points from then on.
 * @returns what stops and removes it; undefined where this machine cannot start one (root and dockerd are needed)
 */
export async function startEngine(): Promise<(() => Promise<void>) | undefined> {
  if (process.getuid?.() !== 0 || !existsSync('/usr/sbin/dockerd')) return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'bivy-dockerd-'));
  const socket = join(directory, 'docker.sock');
  const daemon = spawn(
    '/usr/sbin/dockerd',
    [
      '--data-root',
      join(directory, 'data'),
      '--exec-root',
      join(directory, 'exec'),
      '--pidfile',
      join(directory, 'pid'),
      '-H',
      `unix://${socket}`,
    ],
    { stdio: 'ignore' },
  );
  process.env['DOCKER_HOST'] = `unix://${socket}`;
  for (let tries = 0; tries < 120 && !engineAnswers(); tries += 1) await pause(500);
  return async () => {
    daemon.kill('SIGTERM');
    for (let tries = 0; tries < 40 && daemon.exitCode === null; tries += 1) await pause(250);
    rmSync(directory, { recursive: true, force: true });
  };
}
