import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RULES } from '../../src/dockerfile/lint/rules/index.ts';
import { lint } from '../../src/index.ts';
import { bivy } from '../support/command.ts';

let root = '';
let file = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bivy-lint-'));
  mkdirSync(join(root, '.git'));
  file = join(root, 'Dockerfile');
  writeFileSync(file, 'FROM python:3.13\nUSER 65532\n');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('bivy lint', () => {
  it('prints findings and fails', async () => {
    const ran = await bivy(['lint', file, '--select', 'BV110']);
    expect(ran.status).toBe(1);
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toContain(`${file}:1:6: warning BV110 (T10): `);
    expect(ran.stdout).toContain('  1 | FROM python:3.13\n    |      ^^^^^^^^^^^\n');
    expect(ran.stdout).toContain('1 finding in 1 file: 1 warning');
    expect(ran.stdout).toMatch(/ {2}T10 {2}base pinned +missed\n/);
  });

  it.each([
    [['--fail-on', 'error'], 0],
    [['--fail-on', 'never'], 0],
    [['--fail-on', 'info'], 1],
    [['--ignore', 'BV110'], 0],
  ])('%j: exit status %i', async (flags, status) => {
    expect((await bivy(['lint', root, '--select', 'BV110', ...flags])).status).toBe(status);
  });

  it('is a line a finding where it is to be quiet', async () => {
    const ran = await bivy(['lint', file, '--select', 'BV110', '--quiet']);
    expect(ran.stdout.split('\n')).toHaveLength(2);
  });

  it.each([['--json'], ['--format=json'], ['--format', 'json']])(
    '%j: one document on one line',
    async (...flags) => {
      const ran = await bivy(['lint', file, ...flags]);
      expect(ran.stdout.trimEnd().split('\n')).toHaveLength(1);
      const document = JSON.parse(ran.stdout);
      expect(document).toMatchObject({
        version: 1,
        files: [{ path: file, techniques: { T8: 'met', T10: 'missed' } }],
      });
      expect(Object.keys(document.files[0].techniques)).toHaveLength(10);
      const failed = await bivy(['lint', join(root, 'nothing'), ...flags]);
      expect(JSON.parse(failed.stdout)).toMatchObject({ version: 1, error: { code: 'DOCKERFILE_MISSING' } });
    },
  );

  it('is what the library gives', async () => {
    const ran = await bivy(['lint', file, '--json']);
    expect(await lint({ paths: [file] })).toEqual(JSON.parse(ran.stdout));
  });

  it('writes SARIF and workflow commands', async () => {
    const sarif = JSON.parse((await bivy(['lint', file, '--format', 'sarif'])).stdout);
    expect(sarif.runs[0].tool.driver.rules.map(({ id }: { id: string }) => id)).toEqual(
      RULES.map(({ id }) => id),
    );
    expect((await bivy(['lint', file, '--select', 'BV110', '--format', 'github'])).stdout).toMatch(
      /^::warning file=.*title=BV110 \(T10\)::[^\n]+\n$/,
    );
    expect((await bivy(['lint', file, '--select', 'BV001', '--format', 'github'])).stdout).toBe('');
  });

  it('changes nothing where nothing is to be fixed', async () => {
    const before = readFileSync(file);
    expect(await bivy(['lint', file, '--select', 'BV001', '--diff'])).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
    expect((await bivy(['lint', file, '--select', 'BV001', '--fix'])).status).toBe(0);
    expect(readFileSync(file)).toEqual(before);
  });

  it('lists and explains rules', async () => {
    const list = await bivy(['lint', '--list']);
    expect(list.stdout.trimEnd().split('\n')).toHaveLength(RULES.length);
    expect(list.stdout).toContain('BV110  T10');
    expect(JSON.parse((await bivy(['lint', '--list', '--json'])).stdout).rules).toHaveLength(RULES.length);
    expect((await bivy(['lint', '--explain', 'bv110'])).stdout).toMatch(/^BV110: .*\n/);
    const explained = JSON.parse((await bivy(['lint', '--explain', 'BV110', '--json'])).stdout);
    expect(explained.rule).toMatchObject({ id: 'BV110', technique: 'T10' });
    expect(explained.rule.page).toMatch(/^# BV110/);
  });

  it.each([
    [['--explain', 'BV1100'], 'there is no rule `BV1100`', 'did you mean `BV110`?'],
    [['--explain', 'pinning'], 'there is no rule `pinning`', 'run `bivy lint --list`'],
    [['--select', 'BV11O'], '`--select BV11O` names no rule and no technique', 'did you mean `BV110`?'],
    [['--ignore', 'DL3008'], '`--ignore DL3008` names no rule and no technique', 'run `bivy lint --list`'],
    [['--format', 'jsno'], '`--format jsno` is none that bivy knows', 'did you mean `json`?'],
    [['--fail-on', 'fatal'], '`--fail-on fatal` is none that bivy knows', 'known are `error`'],
    [['--unsafe-fixes'], '`--unsafe-fixes` says which fixes', '--fix'],
    [['--diff', '--json'], '`--diff` prints a diff', '--diff'],
    [['--json', '--format', 'text'], '`--json` and `--format text`', '--format'],
    [['--fix', '-'], '`--fix` writes files', '--diff'],
    [['--project', 'x', '--no-project'], '`--project` and `--no-project`', '--project'],
  ])('refuses %j', async (args, message, hint) => {
    const ran = await bivy(['lint', ...args]);
    expect(ran.status).toBe(2);
    const text = ran.stdout + ran.stderr;
    expect(text).toContain(message);
    expect(text).toContain(hint);
  });
});
