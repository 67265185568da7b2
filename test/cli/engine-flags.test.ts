// The flags of the two ways of `bivy build`: what goes together, and what is refused before anything is looked for.

import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { wayOf } from '../../src/cli/engine-build.ts';
import { parseOptions } from '../../src/cli/options.ts';
import { bivy } from '../support/command.ts';

function way(...args: string[]) {
  return wayOf(parseOptions('build', args, COMMANDS['build']?.options ?? {}));
}

describe('which way', () => {
  it.each([
    [[], { kind: 'native' }],
    [['--engine', 'native', '--workers', '2'], { kind: 'native' }],
    [['--engine', 'buildkit'], { kind: 'buildkit' }],
    [
      ['--engine', 'buildkit:podman', '-f', 'Dockerfile', '--target', 'x'],
      { kind: 'buildkit', name: 'podman' },
    ],
    [['--engine', 'buildkit', '--only', 'main', '--python', '3.12'], { kind: 'buildkit' }],
  ])('%j', (args, expected) => {
    expect(way(...args)).toEqual(expected);
  });
});

describe('what is refused', () => {
  it.each([
    [['-f', 'Dockerfile'], '`--file` is for a Dockerfile', 'add `--engine buildkit`, or leave `--file` out'],
    [
      ['--secret', 'id=a'],
      '`--secret` is for a Dockerfile',
      'add `--engine buildkit`, or leave `--secret` out',
    ],
    [
      ['--engine', 'native', '--pull'],
      '`--pull` is for a Dockerfile',
      'add `--engine buildkit`, or leave `--pull` out',
    ],
    [
      ['--engine', 'docker'],
      '`--engine docker`: there is no such engine',
      'write `--engine native`, `--engine buildkit`, or',
    ],
    [['--engine', 'buildkit:'], '`--engine buildkit:`: there is no such engine', 'write `--engine native`'],
    [
      ['--engine', 'buildkit', '--workers', '2'],
      '`--workers` is for the native way: ',
      'leave `--workers` or',
    ],
    [['--engine', 'buildkit', '--offline'], '`--offline` is for the native way: ', 'leave `--offline` or'],
    [['--engine', 'buildkit', '--no-reuse'], '`--no-reuse` is for the native way: use `--no-cache`', 'leave'],
    [
      ['--engine', 'buildkit', '-f', 'a/Dockerfile', '--only', 'main'],
      '`--only` is for the generated Dockerfile, and `--file` names another',
      'say it in `a/Dockerfile`',
    ],
  ])('%j', async (args, message, hint) => {
    const { status, stdout } = await bivy(['build', '.', '--json', ...args]);
    expect(status).toBe(2);
    const { error } = JSON.parse(stdout);
    expect(error.code).toBe('USAGE');
    expect(error.message.startsWith(message), error.message).toBe(true);
    expect(error.hint.startsWith(hint), error.hint).toBe(true);
  });
});
