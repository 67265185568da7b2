// A current BuildKit: its daemon and its client, built once with Go, and the daemon on a TCP socket of this machine, as a
// team's would be elsewhere.

import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './registries.ts';
import { sharedFolder } from './shared-folders.ts';

const BUILDKIT = { module: 'github.com/moby/buildkit', version: 'v0.33.1' };

export interface BuildkitPrograms {
  readonly buildkitd: string;
  readonly buildctl: string;
}

/** Two minutes, the first time; nothing, and a word about it, where they cannot be had. */
export function buildkitPrograms(): BuildkitPrograms | undefined {
  const { module, version } = BUILDKIT;
  const folder = sharedFolder('programs', `buildkit-${version}`);
  const programs = { buildkitd: join(folder, 'buildkitd'), buildctl: join(folder, 'buildctl') };
  if (existsSync(programs.buildkitd) && existsSync(programs.buildctl)) return programs;
  const work = mkdtempSync(join(folder, 'source-'));
  try {
    const downloaded = run('go', ['mod', 'download', '-json', `${module}@${version}`]);
    const { Dir } = JSON.parse(downloaded) as { readonly Dir: string };
    // As the main module, since `go install` refuses the exclude directives of its `go.mod`.
    cpSync(Dir, join(work, 'module'), { recursive: true });
    run('chmod', ['-R', 'u+w', work]);
    const built = join(work, 'built');
    const flags = ['-trimpath', '-ldflags', `-s -w -X ${module}/version.Version=${version}`];
    run(
      'go',
      ['build', ...flags, '-o', `${built}/`, './cmd/buildkitd', './cmd/buildctl'],
      join(work, 'module'),
    );
    for (const [name, path] of Object.entries(programs)) renameSync(join(built, name), path);
    return programs;
  } catch (error) {
    console.warn(`SKIPPED: no current buildkitd could be built with Go: ${String(error)}`);
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

export interface Buildkitd {
  /** `tcp://127.0.0.1:PORT` */
  readonly address: string;
  stop(): Promise<void>;
}

/** An empty buildkitd on loopback; nothing, and a word about it, where it cannot be had. In CI that is a failure. */
export async function startBuildkitd(): Promise<(Buildkitd & BuildkitPrograms) | undefined> {
  const programs = buildkitPrograms();
  const started = programs === undefined ? undefined : await start(programs);
  if (started !== undefined) return started;
  if (process.env['CI'] === 'true') throw new Error('CI has no buildkitd: Go, root and runc are needed');
  console.warn('SKIPPED: no buildkitd could be started here; the remote engine is not tested');
  return undefined;
}

async function start(programs: BuildkitPrograms): Promise<(Buildkitd & BuildkitPrograms) | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'bivy-buildkitd-'));
  const address = `tcp://127.0.0.1:${await freePort()}`;
  const config = join(folder, 'buildkitd.toml');
  mkdirSync(join(folder, 'root'));
  writeFileSync(config, '[worker.oci]\nnetworkMode = "host"\n[worker.containerd]\nenabled = false\n');
  const parameters = ['--config', config, '--addr', address, '--root', join(folder, 'root')];
  const daemon = spawn(programs.buildkitd, parameters, { stdio: 'ignore' });
  const ended = new Promise((resolve) => daemon.once('close', resolve));
  const stop = async (): Promise<void> => {
    daemon.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for (let tries = 0; !answers(programs.buildctl, address); tries += 1) {
    if (tries === 60 || daemon.exitCode !== null) {
      await stop();
      return undefined;
    }
    await sleep(500);
  }
  return { ...programs, address, stop };
}

function answers(buildctl: string, address: string): boolean {
  try {
    execFileSync(buildctl, ['--addr', address, 'debug', 'workers'], { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

function run(program: string, parameters: readonly string[], directory?: string): string {
  return execFileSync(program, parameters, {
    ...(directory === undefined ? {} : { cwd: directory }),
    env: { ...process.env, CGO_ENABLED: '0' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 << 20,
  });
}
