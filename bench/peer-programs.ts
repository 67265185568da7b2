// The programs that peers need and Debian has not: a current BuildKit, built once with Go, and uv, installed once by pip.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sharedFolder } from '../test/e2e/support/shared-folders.ts';

const BUILDKIT = { module: 'github.com/moby/buildkit', version: 'v0.33.1' };
const UV = '0.13.9';

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

/** Nothing, and a word about it, where it cannot be had. */
export function uvProgram(): string | undefined {
  const folder = sharedFolder('programs', `uv-${UV}`);
  const path = join(folder, 'bin', 'uv');
  try {
    if (!existsSync(path)) run('python3', ['-m', 'pip', 'install', '-q', '--target', folder, `uv==${UV}`]);
    return path;
  } catch (error) {
    console.warn(`SKIPPED: no uv could be installed: ${String(error)}`);
    return undefined;
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
