import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { GLOBAL_OPTIONS } from '../../src/cli/options.ts';
import { bivy } from '../support/command.ts';

describe('help', () => {
  it.each([[[]], [['--help']], [['-h']], [['help']]])(
    '%j: every command, where to start, exit statuses',
    async (args) => {
      const ran = await bivy(args);
      expect(ran).toMatchObject({ status: 0, stderr: '' });
      for (const [name, { summary }] of Object.entries(COMMANDS))
        expect(ran.stdout).toContain(`  ${name.padEnd(10)}  ${summary}`);
      expect(ran.stdout).toContain('Exit status: 0 done, 1 findings, 2 could not, 130 interrupted.');
      expect(ran.stdout).toContain('BIVY_DEBIAN_MIRROR');
      for (const line of ran.stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(140);
    },
  );

  it.each(
    Object.keys(COMMANDS).flatMap((name) => [
      [name, '--help'],
      [name, '-h'],
      ['help', name],
    ]),
  )('%s %s: usage, every option, examples', async (...args) => {
    const ran = await bivy(args);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    const command = COMMANDS[args.find((arg) => arg in COMMANDS) ?? ''];
    expect(ran.stdout).toContain(`Usage: ${command?.usage}`);
    for (const [name, { help }] of Object.entries({ ...command?.options, ...GLOBAL_OPTIONS })) {
      expect(ran.stdout).toContain(`--${name}`);
      expect(ran.stdout).toContain(help);
    }
    for (const [line] of command?.examples ?? []) expect(ran.stdout).toContain(line);
  });

  it('names the version', async () => {
    const { version } = JSON.parse((await import('node:fs')).readFileSync('package.json', 'utf8'));
    expect(await bivy(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('what is not known', () => {
  it.each([
    [['biuld'], 'there is no command `bivy biuld`', 'did you mean `bivy build`?'],
    [['frobnicate'], 'there is no command `bivy frobnicate`', 'run `bivy --help`'],
    [['help', 'biuld'], 'there is no command `bivy biuld`', 'did you mean `bivy build`?'],
    [['build', '--outptu', 'oci:x'], '`bivy build` has no option `--outptu`', 'did you mean `--output`?'],
    [['plan', '--write'], '`bivy plan` has no option `--write`', 'run `bivy plan --help`'],
    [['build', '-z'], '`bivy build` has no option `-z`', 'run `bivy build --help`'],
    [['build', 'one', 'two'], '`bivy build` does not take `two`', 'run `bivy build --help`'],
    [['build', '--base'], '`--base` needs a value: BASE', 'run `bivy build --help`'],
    [['build', '-o', '--quiet'], '`--output` needs a value: DESTINATION', 'run `bivy build --help`'],
    [['build', '--no-root=yes'], '`--no-root` takes no value', 'run `bivy build --help`'],
    [['build', '--base', 'a', '--base', 'b'], '`--base` is given twice', 'run `bivy build --help`'],
    [
      ['plan', '--mode', 'guess'],
      '`--mode guess` is none that bivy knows',
      'write `--mode lock-markers` or `--mode walk`',
    ],
    [
      ['dockerfile', '--rung', '7'],
      '`--rung 7`: the climb has rungs 0 to 5',
      'write `--rung 0` to `--rung 5`',
    ],
    [['cache', 'empty'], '`bivy cache` does not know `empty`', 'write `bivy cache size`, `prune` or `clear`'],
  ])('%j', async (args, message, hint) => {
    const ran = await bivy(args, { environment: { BIVY_CACHE_DIR: '/nonexistent/cache' } });
    expect(ran).toEqual({ status: 2, stdout: '', stderr: `error: ${message}\n\nhint: ${hint}\n` });
    const json = await bivy([...args, '--json'], { environment: { BIVY_CACHE_DIR: '/nonexistent/cache' } });
    expect(json.status).toBe(2);
    expect(JSON.parse(json.stdout)).toMatchObject({ version: 1, error: { code: 'USAGE' } });
  });
});

describe('colours', () => {
  it.each([
    [true, {}, true],
    [true, { NO_COLOR: '1' }, false],
    [true, { TERM: 'dumb' }, false],
    [false, {}, false],
    [false, { FORCE_COLOR: '1' }, true],
  ])('terminal %s, %j: %s', async (terminal, environment, coloured) => {
    const { stderr } = await bivy(['biuld'], { terminal, environment });
    expect(stderr.includes('\u001b[31m')).toBe(coloured);
    expect(stderr).toContain('error:');
  });
});
