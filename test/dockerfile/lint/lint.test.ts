import { describe, expect, it } from 'vitest';
import { openInput } from '../../../src/dockerfile/lint/input.ts';
import { EVERY_RULE, type LintOptions, lint } from '../../../src/dockerfile/lint/lint.ts';
import type { Rule } from '../../../src/dockerfile/lint/rule.ts';
import { RULES } from '../../../src/dockerfile/lint/rules/index.ts';
import { meantSelector, selectRules } from '../../../src/dockerfile/lint/select.ts';

/** Finds each `bad`, wherever it stands. */
const BAD: Rule = {
  id: 'BV901',
  technique: 'T3',
  severity: 'warning',
  title: 'nothing is bad',
  fixes: [],
  *check({ dockerfile: { text } }) {
    for (const { index } of text.matchAll(/bad/g))
      yield { message: 'bad', span: { start: index, end: index + 3 } };
  },
};
const WORSE: Rule = { ...BAD, id: 'BV902', technique: null, severity: 'error' };
const OWN = RULES.filter(({ id }) => id === 'BV003' || id === 'BV004');
const ALL = [...OWN, BAD, WORSE];

function found(text: string, options: Partial<LintOptions> = {}, rules: readonly Rule[] = ALL): string[] {
  const { findings } = lint(openInput(text, 'Dockerfile', undefined), { ...EVERY_RULE, ...options }, rules);
  return findings.map(({ rule, span }) => `${rule}@${text.slice(0, span.start).split('\n').length}`);
}

describe('findings', () => {
  it('come in the order of the file, then of the rules', () => {
    expect(found('FROM bad\nRUN bad\n')).toEqual(['BV901@1', 'BV902@1', 'BV901@2', 'BV902@2']);
  });

  it('carry rule, technique and severity, which settings may change', () => {
    const input = openInput('FROM bad\n', 'Dockerfile', undefined);
    expect(lint(input, EVERY_RULE, [BAD]).findings).toEqual([
      {
        rule: 'BV901',
        technique: 'T3',
        severity: 'warning',
        message: 'bad',
        span: { start: 5, end: 8 },
        fix: null,
      },
    ]);
    const severity = new Map([['BV901', 'error' as const]]);
    expect(lint(input, { ...EVERY_RULE, severity }, [BAD]).findings[0]?.severity).toBe('error');
  });

  it.each([
    [{ select: ['BV901'] }, ['BV901@1']],
    [{ select: ['BV9'], ignore: ['BV902'] }, ['BV901@1']],
    [{ select: ['t3'] }, ['BV901@1']],
    [{ ignore: ['T3'] }, ['BV902@1']],
    [{ ignore: ['BV'] }, []],
  ])('are those selected: %j', (options, expected) => {
    expect(found('FROM bad\n', options)).toEqual(expected);
  });

  it('of what is no text are one', () => {
    const input = openInput('\u007fELF\0\0\0bad', 'Dockerfile', undefined);
    const { findings, techniques } = lint(input);
    expect(findings.map(({ rule, span }) => [rule, span.start])).toEqual([['BV002', 4]]);
    expect(new Set(Object.values(techniques))).toEqual(new Set(['n/a']));
  });
});

describe('inline ignores', () => {
  it.each([
    [
      'before the instruction',
      'FROM a\n# bivy ignore=BV901,BV902 because\nRUN bad\nRUN bad\n',
      ['BV901@4', 'BV902@4'],
    ],
    ['one of two rules', '# bivy ignore=BV902 because\nFROM bad\n', ['BV901@2']],
    [
      'with a comment and an empty line between',
      '# bivy ignore=BV901,BV902 because\n# more\n\nFROM bad\n',
      [],
    ],
    [
      'inside a continuation',
      'FROM a\nRUN true \\\n  # bivy ignore=BV901,BV902 because\n  && bad\nRUN bad\n',
      ['BV901@5', 'BV902@5'],
    ],
    ['for a heredoc', 'FROM a\n# bivy ignore=BV901,BV902 because\nRUN <<EOF\nbad\nEOF\n', []],
    [
      'two comments for one instruction',
      '# bivy ignore=BV901 because\n# bivy ignore=BV902 because\nFROM bad\n',
      [],
    ],
    ['for the file', '# bivy ignore-file=BV901 because\nFROM bad\nRUN bad\n', ['BV902@2', 'BV902@3']],
    ['in a CRLF file', '# bivy ignore=BV901,BV902 because\r\nFROM bad\r\n', []],
    ['with blanks around', '  #   bivy   ignore=BV901,BV902   because\nFROM bad\n', []],
    ['without a reason: told, and heeded', '# bivy ignore=BV901,BV902\nFROM bad\n', ['BV003@1']],
    ['of a rule that there is not', '# bivy ignore=BV999 because\nFROM a\n', ['BV003@1']],
    [
      'for the file, too late',
      'FROM bad\n# bivy ignore-file=BV901,BV902 because\n',
      ['BV901@1', 'BV902@1', 'BV003@2'],
    ],
    ['misspelt', '# bivy: ignore=BV901 because\nFROM a\n', ['BV003@1']],
    ['misspelt otherwise', '# bivy ignores BV901\nFROM a\n', ['BV003@1']],
    ['in the manner of others', '# bivy: noqa\nFROM a\n', ['BV003@1']],
    ['that silence nothing', '# bivy ignore=BV901 because\nFROM a\n', ['BV004@1']],
    [
      'in part of no use',
      '# bivy ignore=BV901,BV902 because\nFROM a\n# bivy ignore=BV902 x\nRUN bad\n',
      ['BV004@1', 'BV004@1', 'BV901@4'],
    ],
    ['after the last instruction', 'FROM a\n# bivy ignore=BV901 because\n', ['BV004@2']],
    ['of an unused ignore', '# bivy ignore=BV901,BV004 for both platforms\nFROM a\n', ['BV004@1']],
    [
      'of unused ignores, for the file',
      '# bivy ignore-file=BV004 shared\n# bivy ignore=BV901 because\nFROM a\n',
      [],
    ],
    [
      'of what is wrong with ignores',
      '# bivy ignore-file=BV003 template\n# bivy: ignore=BV901 because\nFROM a\n',
      [],
    ],
    [
      'in no comment of another kind',
      '# bivy builds this\n# Written by bivy: ignore what you like\nFROM a\n',
      [],
    ],
  ])('%s', (_name, text, expected) => {
    expect(found(text)).toEqual(expected);
  });

  it('of rules that were not looked for are not called unused', () => {
    expect(found('# bivy ignore=BV901 because\nFROM a\n', { ignore: ['BV901'] })).toEqual([]);
    expect(found('# bivy ignore=BV901 because\nFROM a\n', { select: ['BV902', 'BV004'] })).toEqual([]);
  });

  it('name the rule that was meant, where it stands', () => {
    const text = '# bivy ignore=BV110,BV1100 because\nFROM a\n';
    const { findings } = lint(openInput(text, 'Dockerfile', undefined));
    const fault = findings.find(({ rule }) => rule === 'BV003');
    expect(fault?.message).toBe('there is no rule `BV1100`; did you mean `BV110`?');
    expect(text.slice(fault?.span.start, fault?.span.end)).toBe('BV1100');
  });

  it('leave the verdicts as they are', () => {
    const text = '# bivy ignore=BV110 rebuilt every night\nFROM python:3\nUSER 1\n';
    const { findings, techniques } = lint(openInput(text, 'Dockerfile', undefined), {
      ...EVERY_RULE,
      select: ['T10'],
    });
    expect(findings).toEqual([]);
    expect(techniques.T10).toBe('missed');
  });
});

describe('selectors', () => {
  it.each([
    ['BV901', undefined],
    ['bv9', undefined],
    ['T3', undefined],
    ['BV910', 'BV901'],
    ['T33', 'T3'],
    ['poetry', null],
    ['', null],
  ])('%j means %j', (selector, meant) => {
    expect(meantSelector(selector, [BAD, WORSE])).toBe(meant);
  });

  it('select in the order of the rules', () => {
    expect(selectRules([BAD, WORSE], { select: ['BV902', 'BV901'], ignore: [] })).toEqual([BAD, WORSE]);
  });
});
