import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import type { LintedFile, LintRun, PlacedFinding } from '../../src/app/lint.ts';
import { lintCommands } from '../../src/report/lint-github.ts';
import { lintDocument } from '../../src/report/lint-json.ts';
import { lintSarif } from '../../src/report/lint-sarif.ts';
import { lintLines } from '../../src/report/lint-text.ts';
import { SARIF } from './sarif-schema.ts';

const TECHNIQUES = {
  T1: 'n/a',
  T2: 'met',
  T3: 'missed',
  T4: 'n/a',
  T5: 'n/a',
  T6: 'n/a',
  T7: 'n/a',
  T8: 'n/a',
  T9: 'n/a',
  T10: 'n/a',
} as const;

const FINDING: PlacedFinding = {
  rule: 'BV103',
  technique: 'T3',
  severity: 'warning',
  message: 'dev groups ship',
  span: { start: 11, end: 25 },
  fix: {
    title: 'add `--only main`',
    safety: 'safe',
    edits: [{ span: { start: 25, end: 25 }, text: ' --only main' }],
  },
  start: { line: 2, column: 5 },
  end: { line: 2, column: 19 },
  source: 'RUN poetry install',
  replacements: [{ start: { line: 2, column: 19 }, end: { line: 2, column: 19 }, text: ' --only main' }],
};

const PLAIN: PlacedFinding = {
  ...FINDING,
  rule: 'BV001',
  technique: null,
  severity: 'error',
  message: 'no: such, thing\n100 %',
  fix: null,
  replacements: [],
  end: { line: 3, column: 1 },
};

function file(findings: readonly PlacedFinding[], path = 'docker/Dockerfile'): LintedFile {
  return { path, findings, techniques: TECHNIQUES, before: '', after: '', applied: [], dropped: [] };
}

const run = (...files: readonly LintedFile[]): LintRun => ({ files, failed: true });
const TITLES = { T2: 'copies', T3: 'dev groups left out' };

describe('json', () => {
  it('is the contract, key for key', () => {
    expect(JSON.stringify(lintDocument(run(file([FINDING, PLAIN]))))).toBe(
      JSON.stringify({
        version: 1,
        files: [
          {
            path: 'docker/Dockerfile',
            findings: [
              {
                rule: 'BV103',
                technique: 'T3',
                severity: 'warning',
                message: 'dev groups ship',
                line: 2,
                column: 5,
                endLine: 2,
                endColumn: 19,
                fix: { title: 'add `--only main`', safety: 'safe' },
              },
              {
                rule: 'BV001',
                technique: null,
                severity: 'error',
                message: 'no: such, thing\n100 %',
                line: 2,
                column: 5,
                endLine: 3,
                endColumn: 1,
                fix: null,
              },
            ],
            techniques: TECHNIQUES,
          },
        ],
      }),
    );
  });
});

describe('text', () => {
  it('has place, severity, rule, message, source and caret, then a summary and the verdicts', () => {
    expect(lintLines(run(file([FINDING])), { quiet: false, titles: TITLES })).toEqual([
      'docker/Dockerfile:2:5: warning BV103 (T3): dev groups ship',
      '  2 | RUN poetry install',
      '    |     ^^^^^^^^^^^^^^',
      '  fix: add `--only main`',
      '',
      '1 finding in 1 file: 1 warning; 1 with a safe fix (--fix)',
      '',
      '  T2   copies               met',
      '  T3   dev groups left out  missed',
    ]);
  });

  it('counts verdicts of several files', () => {
    const lines = lintLines(run(file([]), file([PLAIN])), { quiet: false, titles: TITLES });
    expect(lines.slice(-4)).toEqual([
      '1 finding in 2 files: 1 error',
      '',
      '  T2   copies               2 met, 0 missed',
      '  T3   dev groups left out  0 met, 2 missed',
    ]);
  });

  it('where nothing was found says so', () => {
    expect(lintLines(run(file([])), { quiet: false, titles: TITLES })[0]).toBe('no findings in 1 file');
  });

  it('says at the end which files are better written anew', () => {
    const whole = { ...FINDING, message: 'one stage; `bivy dockerfile` writes such a file' };
    const last = (...files: readonly LintedFile[]): string | undefined =>
      lintLines(run(...files), { quiet: false, titles: TITLES }).at(-1);
    expect(last(file([whole]), file([]))).toBe(
      'docker/Dockerfile misses 1 technique, and no fix makes two stages of one: `bivy dockerfile` writes the Dockerfile anew for the project, and says why (--explain)',
    );
    expect(last(file([whole]), file([whole]))).toContain('2 files have one stage');
  });

  it('where it is to be quiet, is a line a finding', () => {
    expect(lintLines(run(file([FINDING])), { quiet: true, titles: TITLES })).toEqual([
      'docker/Dockerfile:2:5: warning BV103 (T3): dev groups ship',
    ]);
  });

  it.each([
    ['goes on to the end of the line', { end: { line: 4, column: 2 } }, '    |     ^^^^^^^^^^^^^^'],
    ['points at a place', { end: { line: 2, column: 5 } }, '    |     ^'],
    [
      'knows tabs',
      { source: '\tRUN x', start: { line: 2, column: 2 }, end: { line: 2, column: 5 } },
      '    |  ^^^',
    ],
    [
      'knows byte order marks',
      { source: '\ufeffFROM x', start: { line: 1, column: 1 }, end: { line: 1, column: 5 } },
      '    | ^^^^',
    ],
  ])('the caret %s', (_name, more, caret) => {
    expect(lintLines(run(file([{ ...FINDING, ...more }])), { quiet: false, titles: {} })[2]).toBe(caret);
  });

  it('cuts long lines around the caret', () => {
    const source = `RUN ${'a'.repeat(500)}bad${'c'.repeat(500)}`;
    const [, line = '', caret = ''] = lintLines(
      run(file([{ ...FINDING, source, start: { line: 2, column: 505 }, end: { line: 2, column: 508 } }])),
      { quiet: false, titles: {} },
    );
    expect(line.length).toBeLessThan(140);
    expect(line.slice(caret.indexOf('^'), caret.lastIndexOf('^') + 1)).toBe('bad');
  });

  it('gives a terminal nothing to obey', () => {
    const evil = { ...FINDING, source: 'RUN \u001b]0;evil\u0007', message: 'a\u001b[2Jb\u009bc' };
    expect(lintLines(run(file([evil])), { quiet: false, titles: {} }).join('')).not.toMatch(
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
      /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/,
    );
  });
});

describe('github', () => {
  it('is a workflow command a finding, escaped', () => {
    expect(lintCommands(run(file([FINDING, PLAIN], 'a,b:c/Dockerfile')))).toEqual([
      '::warning file=a%2Cb%3Ac/Dockerfile,line=2,endLine=2,col=5,endColumn=18,title=BV103 (T3)::dev groups ship',
      '::error file=a%2Cb%3Ac/Dockerfile,line=2,endLine=3,title=BV001::no: such, thing%0A100 %25',
    ]);
  });

  it('calls info a notice', () => {
    expect(lintCommands(run(file([{ ...FINDING, severity: 'info' }])))[0]).toMatch(/^::notice /);
  });
});

describe('sarif', () => {
  const rules = [
    { id: 'BV001', technique: null, severity: 'error', title: 'a', fixes: [], page: '# a\n' },
    { id: 'BV103', technique: 'T3', severity: 'warning', title: 'b', fixes: ['safe'], page: '# b\n' },
  ] as const;
  const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
  formats.default(ajv);
  const validate = ajv.compile(SARIF);
  const sarif = (...files: readonly LintedFile[]) => lintSarif(run(...files), rules, '1.2.3');

  it.each([
    ['nothing', []],
    ['findings', [file([FINDING, PLAIN])]],
    [
      'paths of all kinds',
      ['/tmp/x y/Dockerfile', './a/Dockerfile', '../b/ü%/Dockerfile', 'c:d/x'].map((path) =>
        file([FINDING], path),
      ),
    ],
  ])('of %s meets the schema', (_name, files) => {
    const log = JSON.parse(JSON.stringify(sarif(...files)));
    expect(validate(log), JSON.stringify(validate.errors)).toBe(true);
  });

  it('names rule, level, place and fix', () => {
    const { results, tool } = sarif(file([FINDING])).runs[0];
    expect(tool.driver).toMatchObject({ name: 'bivy', version: '1.2.3' });
    expect(results[0]).toMatchObject({
      ruleId: 'BV103',
      ruleIndex: 1,
      level: 'warning',
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'docker/Dockerfile', uriBaseId: '%SRCROOT%' },
            region: { startLine: 2, startColumn: 5, endLine: 2, endColumn: 19 },
          },
        },
      ],
      fixes: [
        {
          description: { text: 'add `--only main`' },
          artifactChanges: [{ replacements: [{ insertedContent: { text: ' --only main' } }] }],
        },
      ],
    });
  });

  it.each([
    ['./a b/Dockerfile', 'a%20b/Dockerfile'],
    ['/srv/Dockerfile', 'file:///srv/Dockerfile'],
    ['a\\b', 'a/b'],
  ])('spells %s as %s', (path, uri) => {
    expect(JSON.stringify(sarif(file([FINDING], path)))).toContain(`"uri":"${uri}"`);
  });
});
