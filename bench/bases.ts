// A base to be pulled: what stands in for the official Python image, made by an engine of the bench's own.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CLIENT, docker, startEngine } from '../test/e2e/support/engine.ts';

const SCRIPT = fileURLToPath(new URL('../test/e2e/support/bases.sh', import.meta.url));
const STAND_IN = 'python:3.11-slim-bookworm';
/** Below a registry's domain. */
const BASE = 'library/python:3.11-slim';

export interface Engine {
  /** Pushes the stand-in to `DOMAIN/library/python:3.11-slim`; the engine has it under that name too. */
  pushBase(domain: string): Promise<string>;
  stop(): Promise<void>;
}

/** An empty engine that has the stand-in; nothing, and a word about what for, where it cannot be had. */
export async function startBenchEngine(what: string): Promise<Engine | undefined> {
  const stop = await startEngine();
  if (stop === undefined) {
    console.warn(`SKIPPED: ${what} needs a Docker engine of its own, which needs root and dockerd`);
    return undefined;
  }
  try {
    execFileSync('bash', [SCRIPT], { env: { ...process.env, DOCKER: CLIENT }, stdio: 'pipe' });
  } catch (error) {
    await stop();
    console.warn(`SKIPPED: ${what} needs the stand-in for the official Python image: ${String(error)}`);
    return undefined;
  }
  return {
    async pushBase(domain) {
      const name = `${domain}/${BASE}`;
      await docker('tag', STAND_IN, name);
      await docker('push', '-q', name);
      return name;
    },
    stop,
  };
}
