// Programs that Debian does not have in a current version: built once through the Go module proxy, and kept.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sharedFolder } from './shared-folders.ts';

const PROGRAMS = {
  /** Half a minute. */
  crane: ['github.com/google/go-containerregistry/cmd/crane', 'v0.22.1'],
  /** Two minutes. */
  registry: ['github.com/distribution/distribution/v3/cmd/registry', 'v3.1.2'],
  /** Two minutes. */
  buildx: ['github.com/docker/buildx/cmd/buildx', 'v0.37.1'],
} as const;

/** Where the program is; nothing, and a word about it, on a machine without Go. @throws Error where it cannot be built */
export function goProgram(name: keyof typeof PROGRAMS): string | undefined {
  const [module, version] = PROGRAMS[name];
  const folder = sharedFolder('programs', `${name}-${version}`);
  const path = join(folder, name);
  if (existsSync(path)) return path;
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
  } catch {
    console.warn(`SKIPPED: no Go here to build \`${name}\` ${version} with; what it says is not tested`);
    return undefined;
  }
  execFileSync('go', ['install', `${module}@${version}`], {
    env: { ...process.env, GOBIN: folder, CGO_ENABLED: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return path;
}
