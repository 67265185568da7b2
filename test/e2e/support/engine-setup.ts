// Vitest's global set-up of the end-to-end tests: the compiled program, and an engine where none answers.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setup as startEngine } from './engine.ts';
import { ROOT, sharedCache } from './shared-folders.ts';

export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (newest(join(ROOT, 'src')) > newest(join(ROOT, 'dist', 'cli'))) {
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
  }
  forgetOtherPrograms();
  return startEngine();
}

/** What another program made of the same inputs under the same keys would be taken for this one's: it is forgotten. */
function forgetOtherPrograms(): void {
  const hash = createHash('sha256');
  const program = join(ROOT, 'dist');
  for (const name of readdirSync(program, { recursive: true, encoding: 'utf8' }).sort()) {
    if (name.endsWith('.js')) hash.update(`${name}\0`).update(readFileSync(join(program, name)));
  }
  const stamp = join(sharedCache(), 'made-by');
  const digest = hash.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  for (const kind of ['familiar', 'preparations', 'layers', 'layer-contents', 'debian-bases']) {
    rmSync(join(sharedCache(), 'records', kind), { recursive: true, force: true });
  }
  writeFileSync(stamp, digest);
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
