// The program that a peer needs and Debian has not: uv, installed once by pip.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sharedFolder } from '../test/e2e/support/shared-folders.ts';

const UV = '0.13.9';

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

function run(program: string, parameters: readonly string[]): void {
  execFileSync(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 << 20 });
}
