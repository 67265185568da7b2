import { describe, expect, it } from 'vitest';
import { decodeLintSettings, type KnownRules, NO_LINT_SETTINGS } from '../../src/project/lint-settings.ts';
import { resolveSettings } from '../../src/project/settings.ts';

const RULES: KnownRules = {
  ids: ['BV101', 'BV110'],
  meant: (selector) =>
    ['BV101', 'BV110', 'BV1', 'T10'].includes(selector) ? undefined : selector === 'BV11' ? 'BV110' : null,
};
const decode = (table: unknown) =>
  decodeLintSettings(table, RULES, { file: 'pyproject.toml', lineOf: () => 7 });

describe('[tool.bivy.lint]', () => {
  it('may be empty', () => {
    expect(decode({})).toEqual(NO_LINT_SETTINGS);
  });

  it('has every key of the documentation', () => {
    const table = {
      select: ['BV1'],
      ignore: ['T10'],
      'fail-on': 'never',
      severity: { BV110: 'info' },
      exclude: ['./legacy/', '**/*.dev'],
    };
    expect(decode(table)).toEqual({
      select: ['BV1'],
      ignore: ['T10'],
      failOn: 'never',
      severity: new Map([['BV110', 'info']]),
      exclude: ['legacy/', '**/*.dev'],
    });
  });

  it.each([
    [{ selekt: [] }, '`[tool.bivy.lint]` has no key `selekt`', 'did you mean `select`?'],
    [{ select: 'BV1' }, 'must be a list, not a string', 'write `select = ["BV1"]`'],
    [
      { select: ['BV11'] },
      '`tool.bivy.lint.select[0]` names no rule and no technique: `BV11`',
      'did you mean `BV110`?',
    ],
    [{ ignore: ['BV101', 'DL3008'] }, '`tool.bivy.lint.ignore[1]` names no rule', 'run `bivy lint --list`'],
    [{ 'fail-on': 'fatal' }, 'must be `error`, `warning`, `info`, `none`, `never`, not `fatal`', undefined],
    [
      { severity: { BV111: 'info' } },
      '`[tool.bivy.lint.severity]` has no key `BV111`',
      'did you mean `BV101`?',
    ],
    [{ severity: { BV110: 'off' } }, '`tool.bivy.lint.severity.BV110` must be', undefined],
    [{ severity: 'error' }, 'must be a table', undefined],
    [{ exclude: ['../x'] }, 'leaves the project', 'only files of the project can go into the image'],
    [[], 'must be a table', undefined],
  ])('refuses %j', (table, message, hint) => {
    try {
      decode(table);
    } catch (error) {
      expect(error).toMatchObject({
        message: expect.stringContaining(message),
        hint,
        location: { file: 'pyproject.toml', line: 7 },
      });
      return;
    }
    throw new Error('not refused');
  });

  it('is no matter of a build', () => {
    expect(resolveSettings({ table: { lint: { nonsense: 1 } } })).toEqual(resolveSettings({}));
    expect(() => resolveSettings({ table: { lnt: {} } })).toThrow(
      expect.objectContaining({ hint: 'did you mean `lint`?' }),
    );
  });
});
