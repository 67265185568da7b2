// The README's first command, on a cache that knows nothing: it sets up everything, says what it made, and runs it where
// an engine answers.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { haveEngine } from './support/engine.ts';
import { ROOT, scratchFolder } from './support/program.ts';

const engine = haveEngine();
const folder = scratchFolder();

function quickstart(environment: NodeJS.ProcessEnv): {
  readonly status: number | null;
  readonly said: string;
} {
  const ran = spawnSync('npm', ['run', '--silent', 'quickstart'], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, BIVY_CACHE_DIR: join(folder, 'cache'), ...environment },
    timeout: 300_000,
  });
  return { status: ran.status, said: ran.stdout + ran.stderr };
}

describe('npm run quickstart', () => {
  it('makes annapurna without an engine, and says how to run it', () => {
    const { status, said } = quickstart({ DOCKER_HOST: 'unix:///nonexistent/docker.sock' });
    expect(said).toContain('debian:12');
    expect(said).toMatch(/Made sha256:[0-9a-f]{64}/);
    expect(said).toContain('-o docker');
    expect(status).toBe(0);
    expect(existsSync(join(ROOT, 'dist', 'quickstart', 'oci-layout'))).toBe(true);
  });

  it.skipIf(!engine)('runs it where an engine answers', () => {
    const { status, said } = quickstart({});
    expect(said).toContain('{"mountain":"annapurna","metres":8091}');
    expect(status).toBe(0);
  });
});
