// What a user would build and push with instead: the Docker engine, and a current buildkitd.

import { execFile, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { buildkitPrograms } from '../test/e2e/support/buildkit.ts';
import { docker } from '../test/e2e/support/engine.ts';

const run = promisify(execFile);

export interface Delivery {
  /** A folder with a Dockerfile. */
  readonly context: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Where it is pushed to. */
  readonly reference: string;
  /** An image in the registry whose layers may be reused, with what it says inline. */
  readonly cacheFrom?: string;
}

export interface Builder {
  readonly name: string;
  /** Builds and pushes. @returns seconds */
  deliver(delivery: Delivery): Promise<number>;
  /** Forgets everything but the bases. */
  wipe(): Promise<void>;
  stop(): Promise<void>;
}

/** The engine of `DOCKER_HOST`, which holds bases under their own names and otherwise nothing that is missed. */
export function dockerBuilder(): Builder {
  const made = new Set<string>();
  return {
    name: '`docker build` and `docker push`',
    async deliver({ context, parameters, reference, cacheFrom }) {
      made.add(reference);
      const options = Object.entries(parameters).flatMap(([name, value]) => [
        '--build-arg',
        `${name}=${value}`,
      ]);
      if (cacheFrom !== undefined) options.push('--cache-from', cacheFrom);
      const started = performance.now();
      await docker('build', '--network', 'host', '-q', ...options, '-t', reference, context);
      await docker('push', '-q', reference);
      return (performance.now() - started) / 1000;
    },
    async wipe() {
      if (made.size > 0) await docker('rmi', '-f', ...made);
      made.clear();
      await docker('builder', 'prune', '-af');
    },
    stop: () => Promise.resolve(),
  };
}

/** @param work a folder for its socket and its store; nothing, and a word about it, where it cannot be had */
export async function startBuildkit(work: string): Promise<Builder | undefined> {
  const programs = buildkitPrograms();
  if (programs === undefined) return undefined;
  const folder = join(work, 'buildkit');
  mkdirSync(folder);
  const address = `unix://${join(folder, 'socket')}`;
  const config = join(folder, 'buildkitd.toml');
  writeFileSync(config, '[worker.oci]\nnetworkMode = "host"\n[worker.containerd]\nenabled = false\n');
  const parameters = ['--config', config, '--addr', address, '--root', join(folder, 'root')];
  const daemon = spawn(programs.buildkitd, parameters, { stdio: 'ignore' });
  const ended = new Promise((resolve) => daemon.once('close', resolve));
  const control = (...rest: string[]): Promise<unknown> =>
    run(programs.buildctl, ['--addr', address, ...rest], { maxBuffer: 64 << 20 });
  const stop = async (): Promise<void> => {
    daemon.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for (let tries = 0; !(await succeeds(control('debug', 'workers'))); tries += 1) {
    if (tries === 60 || daemon.exitCode !== null) {
      await stop();
      console.warn('SKIPPED: buildkitd does not start here; it needs root and runc');
      return undefined;
    }
    await sleep(500);
  }
  return {
    name: 'buildkitd',
    async deliver({ context, parameters: named, reference }) {
      const options = Object.entries(named).flatMap(([name, value]) => [
        '--opt',
        `build-arg:${name}=${value}`,
      ]);
      const folders = ['--local', `context=${context}`, '--local', `dockerfile=${context}`];
      const output = ['--output', `type=image,name=${reference},push=true`];
      const started = performance.now();
      await control(
        'build',
        '--progress',
        'plain',
        '--frontend',
        'dockerfile.v0',
        ...folders,
        ...options,
        ...output,
      );
      return (performance.now() - started) / 1000;
    },
    async wipe() {
      // Everything but what was pulled: its descriptions begin with that word.
      for (const filter of ['type==exec.cachemount', 'type==source.local', 'description~=^[^p]']) {
        await control('prune', '--all', '--filter', filter);
      }
    },
    stop,
  };
}

function succeeds(done: Promise<unknown>): Promise<boolean> {
  return done.then(
    () => true,
    () => false,
  );
}
