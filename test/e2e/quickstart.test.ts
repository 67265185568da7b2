import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { engineAnswers } from './support/engine.ts';
import { ROOT, sharedCache } from './support/shared-folders.ts';

describe('npm run quickstart', () => {
  it('builds the example, says what it made and how to run it, and runs it where an engine answers', () => {
    rmSync(join(ROOT, 'dist', 'quickstart'), { recursive: true, force: true });
    const stdout = execFileSync('npm', ['run', '--silent', 'quickstart'], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, BIVY_CACHE_DIR: sharedCache() },
    });
    const digest = /^Made (sha256:[0-9a-f]{64})$/m.exec(stdout)?.[1];
    const index = JSON.parse(readFileSync(join(ROOT, 'dist', 'quickstart', 'index.json'), 'utf8'));
    expect(index.manifests[0].digest).toBe(digest);
    if (engineAnswers()) expect(stdout).toContain('{"mountain":"annapurna","metres":8091}');
    else expect(stdout).toContain('docker run');
    expect(existsSync(join(ROOT, 'dist', 'cli', 'main.js'))).toBe(true);
  });
});
