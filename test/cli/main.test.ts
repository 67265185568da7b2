// The executable's own streams: what `bivy` in process, as the other tests run it, never meets.

import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const FULL = '/dev/full';

describe.skipIf(!existsSync(FULL))('a stream that takes nothing', () => {
  it.each([
    ['stdout: said in one line, not as findings', ['--help'], 1, 2, 'error: cannot write the result to'],
    ['stderr: the status stays that of the command', ['no-such-command'], 2, 2, ''],
  ] as const)('%s', (_name, args, stream, status, said) => {
    const full = openSync(FULL, 'w');
    try {
      const ran = spawnSync(process.execPath, ['--import', 'tsx', MAIN, ...args], {
        stdio: ['ignore', stream === 1 ? full : 'pipe', stream === 2 ? full : 'pipe'],
        encoding: 'utf8',
      });
      expect(ran.status).toBe(status);
      expect(ran.stderr ?? '').toContain(said);
      expect(ran.stderr ?? '').not.toContain(' at ');
    } finally {
      closeSync(full);
    }
  });
});
