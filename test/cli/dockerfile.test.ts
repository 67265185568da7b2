import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { bivy } from '../support/command.ts';
import { moduleWheel } from '../support/poetry-project.ts';
import { openWorkshop, type Workshop } from '../support/workshop.ts';

async function shop(): Promise<{
  readonly opened: Workshop;
  run(...args: readonly string[]): ReturnType<typeof bivy>;
  text(name: string): string;
}> {
  const opened = await openWorkshop();
  opened.lay([moduleWheel('alpha')]);
  const environment = { BIVY_CACHE_DIR: opened.cache };
  return {
    opened,
    run: (...args) => bivy(['dockerfile', opened.project, ...args], { environment }),
    text: (name) => readFileSync(opened.path('project', name), 'utf8'),
  };
}

describe('bivy dockerfile', () => {
  it('prints the file; with --json everything about it; with --write it writes both and says so', async () => {
    const { opened, run, text } = await shop();
    const plain = await run();
    expect(plain).toMatchObject({ status: 0, stderr: '' });
    const json = JSON.parse((await run('--json')).stdout);
    expect(json).toEqual({
      version: 1,
      dockerfile: expect.stringContaining('FROM '),
      dockerignore: expect.any(String),
      explained: expect.stringContaining('#  T1: '),
      lines: expect.arrayContaining([
        expect.objectContaining({ technique: 'T1', reason: expect.any(String) }),
      ]),
      files: [
        { path: 'Dockerfile', text: json.dockerfile },
        { path: '.dockerignore', text: json.dockerignore },
      ],
      build: { context: '.', dockerfile: 'Dockerfile', secrets: [], ssh: false },
      notes: [],
      written: [],
      drift: [],
    });
    expect(plain.stdout.trimEnd()).toBe(json.dockerfile.trimEnd());
    expect(existsSync(opened.path('project', 'Dockerfile'))).toBe(false);
    const written = await run('--write');
    expect(written.status, written.stderr).toBe(0);
    expect(text('Dockerfile')).toBe(json.dockerfile);
    expect(text('.dockerignore')).toBe(json.dockerignore);
  });

  it('never writes over a file that is not bivy’s, but for --force', async () => {
    const { opened, run, text } = await shop();
    writeFileSync(opened.path('project', 'Dockerfile'), 'FROM scratch\n');
    const ran = await run('--write', '--json');
    expect(ran.status).toBe(2);
    expect(JSON.parse(ran.stdout).error.code).toBe('DOCKERFILE_NOT_OURS');
    expect(text('Dockerfile')).toBe('FROM scratch\n');
    expect(existsSync(opened.path('project', '.dockerignore'))).toBe(false);
    expect((await run('--write', '--force')).status).toBe(0);
    expect(text('Dockerfile')).toContain('AS runtime');
  });

  it('says with --check what differs, and ends with 1', async () => {
    const { opened, run, text } = await shop();
    const missing = await run('--check');
    expect(missing.status).toBe(1);
    expect(missing.stdout).toContain('--- /dev/null\n+++ b/Dockerfile\n');
    expect(missing.stderr).toContain('there is no `Dockerfile`');
    await run('--write');
    expect(await run('--check')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    writeFileSync(
      opened.path('project', 'Dockerfile'),
      text('Dockerfile').replace('USER 65532:65532', 'USER root'),
    );
    const changed = await run('--check', '--json');
    expect(changed.status).toBe(1);
    expect(JSON.parse(changed.stdout).drift).toEqual([
      {
        path: 'Dockerfile',
        kind: 'changed',
        diff: expect.stringContaining('-USER root\n+USER 65532:65532\n'),
      },
    ]);
  });

  it('prints reasons, a bake file and a Compose file', async () => {
    const { run } = await shop();
    expect((await run('--explain')).stdout).toContain('\n#  T6: ');
    expect((await run('--bake')).stdout).toContain('target "hut" {');
    expect(parse((await run('--compose')).stdout)).toHaveProperty('services.hut.build');
  });

  it.each([
    [['--explain', '--write'], '`--explain` prints the Dockerfile'],
    [['--force'], '`--force` means nothing without `--write`'],
    [['--write', '--check'], '`--write` and `--check` exclude each other'],
  ])('refuses %j', async (args, message) => {
    const { run } = await shop();
    const ran = await run(...args);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain(message);
  });
});
