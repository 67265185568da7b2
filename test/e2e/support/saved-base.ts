// The image that stands in for `python:3.11-slim-bookworm`, as a file: a base for builders that no registry serves.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLIENT, docker } from './engine.ts';

/** Needs an engine. @returns as `--base` takes it */
export async function savedBase(folder: string): Promise<string> {
  execFileSync('bash', [fileURLToPath(new URL('./bases.sh', import.meta.url)), 'slim'], {
    env: { ...process.env, DOCKER: CLIENT },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const file = join(folder, 'base.tar');
  await docker('save', '--output', file, 'python:3.11-slim-bookworm');
  return `docker-archive:${file}`;
}

/** The path with Debian's client first: another `docker` may have no BuildKit of its own. */
export function engineEnvironment(): Readonly<Record<string, string>> {
  return CLIENT.startsWith('/usr/bin/') ? { PATH: `/usr/bin:${process.env['PATH'] ?? ''}` } : {};
}
