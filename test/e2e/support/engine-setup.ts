// Vitest's global set-up of the end-to-end tests: the compiled program, and an engine where none answers.

import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup as startEngine } from './engine.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (newest(join(ROOT, 'src')) > newest(join(ROOT, 'dist', 'cli'))) {
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
  }
  return startEngine();
}

/** Milliseconds since 1970 of the file written last; 0 where there is none. */
function newest(directory: string): number {
  try {
    const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
    return Math.max(0, ...names.map((name) => statSync(join(directory, name)).mtimeMs));
  } catch {
    return 0;
  }
}
