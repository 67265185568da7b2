// The Dockerfile way, for real: the usual two commands in examples/annapurna, every rung, and everest over HTTP.
// The official bases are stood in where no registry can be reached (support/bases.sh).

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDockerfile } from '../../src/app/dockerfile.ts';
import { CLIENT, docker, haveEngine } from './support/engine.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));
const ANSWER = '{"mountain":"annapurna","metres":8091}\n';

const ready = haveEngine();

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

describe.skipIf(!ready)('generated Dockerfiles', () => {
  const work = mkdtempSync(join(tmpdir(), 'bivy-dockerfile-'));

  beforeAll(() => {
    execFileSync('bash', [fileURLToPath(new URL('./support/bases.sh', import.meta.url)), 'all'], {
      env: { ...process.env, DOCKER: CLIENT },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  function copyOf(name: string): string {
    const directory = join(work, name);
    cpSync(join(EXAMPLES, name), directory, { recursive: true });
    return directory;
  }

  it('annapurna as it stands: the two usual commands', async () => {
    await docker('build', '--network', 'host', '-t', 'optimized-python-app', join(EXAMPLES, 'annapurna'));
    expect((await docker('run', '--rm', 'optimized-python-app')).stdout).toBe(ANSWER);
    const inside =
      'import importlib.util as u, os; print(os.getuid(), [n for n in ("pip", "poetry", "black", "mypy") if u.find_spec(n)])';
    expect((await docker('run', '--rm', 'optimized-python-app', 'python', '-I', '-c', inside)).stdout).toBe(
      '65532 []\n',
    );
  });

  it.each([0, 1, 2, 3, 4, 5] as const)('annapurna, rung %i', async (rung) => {
    const directory = copyOf('annapurna');
    await makeDockerfile({ directory, rung, write: true });
    await docker('build', '--network', 'host', '-t', `bivy-test/rung:${rung}`, directory);
    expect((await docker('run', '--rm', `bivy-test/rung:${rung}`)).stdout).toBe(ANSWER);
  });

  it('a code edit rebuilds the last layer only', async () => {
    const directory = copyOf('annapurna');
    const build = (): Promise<unknown> =>
      docker('build', '--network', 'host', '-t', 'bivy-test/edit', directory);
    const layers = async (): Promise<string[]> =>
      JSON.parse(
        (await docker('image', 'inspect', '-f', '{{json .RootFS.Layers}}', 'bivy-test/edit')).stdout,
      ) as string[];
    await build();
    const before = await layers();
    writeFileSync(join(directory, 'annapurna', 'extra.py'), 'HEIGHT = 8091\n');
    await build();
    const after = await layers();
    expect(after).toHaveLength(before.length);
    expect(after.filter((layer, index) => layer !== before[index])).toHaveLength(1);
    expect(after.at(-1)).not.toBe(before.at(-1));
  });

  it('everest answers over HTTP', async () => {
    const directory = copyOf('everest');
    await makeDockerfile({ directory, write: true });
    await docker('build', '--network', 'host', '-t', 'bivy-test/everest', directory);
    expect((await docker('run', '--rm', 'bivy-test/everest', 'id', '-u')).stdout).toBe('65532\n');
    const id = (
      await docker('run', '--rm', '-d', '-p', '127.0.0.1::8000', 'bivy-test/everest')
    ).stdout.trim();
    try {
      const address = (await docker('port', id, '8000')).stdout.trim();
      let body = '';
      for (let tries = 0; tries < 60 && body === ''; tries += 1) {
        await pause(500);
        const signal = AbortSignal.timeout(5000);
        body = await fetch(`http://${address}/highest`, { signal }).then(
          (response) => response.text(),
          () => '',
        );
      }
      expect(JSON.parse(body)).toMatchObject({ name: 'south col' });
    } finally {
      await docker('stop', '-t', '5', id);
    }
  });
});
