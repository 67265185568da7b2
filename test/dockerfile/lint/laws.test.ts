import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEdits } from '../../../src/dockerfile/lint/edit.ts';
import { type Checked, fixAll } from '../../../src/dockerfile/lint/fix.ts';
import { openInput } from '../../../src/dockerfile/lint/input.ts';
import { lint } from '../../../src/dockerfile/lint/lint.ts';
import type { LintProject } from '../../../src/dockerfile/lint/project.ts';

// What holds for every rule, held on the examples of the rules' pages and on what becomes of them when lines are lost,
// doubled, mixed and cut.

const PAGES = fileURLToPath(new URL('../../../docs/rules/', import.meta.url));
const EXAMPLES = readdirSync(PAGES).flatMap((name) =>
  Array.from(
    readFileSync(`${PAGES}${name}`, 'utf8').matchAll(/^```dockerfile\n(.*?)^```$/gms),
    ([, body = '']) => body,
  ),
);

const PROJECT: LintProject = {
  file: 'pyproject.toml',
  path: '',
  name: 'hut',
  packageMode: true,
  python: '^3.11',
  requiresPoetry: undefined,
  requiredPlugins: [],
  buildBackend: 'poetry.core.masonry.api',
  buildScript: undefined,
  lock: { poetry: '1.8.3', version: '2.0', packages: 12 },
  groups: [
    { name: 'main', optional: false, dependencies: ['fastapi', 'shared'] },
    { name: 'dev', optional: false, dependencies: ['pytest'] },
  ],
  extras: ['web'],
  readmes: ['README.md'],
  packages: ['hut'],
  paths: [{ name: 'shared', path: 'libs/shared', group: 'main', develop: true }],
  sources: [{ name: 'internal', url: 'https://packages.example/simple/', priority: 'supplemental' }],
  scripts: ['hut'],
  command: ['hut'],
  poetryToml: new Map([['virtualenvs.in-project', true]]),
  ignore: undefined,
  contextFiles: ['Dockerfile', 'README.md', 'hut/', 'libs/', 'poetry.lock', 'pyproject.toml'],
  files: ['Dockerfile', 'README.md', 'hut/', 'libs/', 'poetry.lock', 'pyproject.toml'],
};

const LINES = [...new Set(EXAMPLES.flatMap((text) => text.split('\n')))];
const line = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...LINES) },
  fc.constantFrom(
    '',
    '\\',
    '# bivy ignore=BV110 x',
    'RUN <<EOF',
    'EOF',
    '  && true \\',
    'FROM a AS b',
    'COPY --from=b . .',
  ),
  fc.string({ maxLength: 12 }),
);
const mutated = fc
  .record({
    example: fc.constantFrom(...EXAMPLES),
    lost: fc.array(fc.nat(30), { maxLength: 3 }),
    added: fc.array(fc.tuple(fc.nat(30), line), { maxLength: 4 }),
    cut: fc.option(fc.nat(400)),
    lineEnd: fc.constantFrom('\n', '\r\n'),
    mark: fc.constantFrom('', '\ufeff'),
  })
  .map(({ example, lost, added, cut, lineEnd, mark }) => {
    const lines = example.split('\n').filter((_, index) => !lost.includes(index));
    for (const [at, text] of added) lines.splice(Math.min(at, lines.length), 0, text);
    const text = mark + lines.join(lineEnd);
    return cut === null ? text : text.slice(0, cut);
  });
const text = fc.oneof(
  mutated,
  fc.array(line, { maxLength: 15 }).map((lines) => lines.join('\n')),
);
const project = fc.constantFrom(undefined, PROJECT);

function checker(beside: LintProject | undefined): (text: string) => Checked {
  return (written) => {
    const input = openInput(written, 'Dockerfile', beside);
    const { findings, techniques } = lint(input);
    return {
      findings,
      problems: input.dockerfile.problems.length,
      regions: input.dockerfile.instructions.map(({ span }) => span),
      techniques,
    };
  };
}

describe('every rule', () => {
  it('finds things in the text, in order, and offers edits that fit', () => {
    fc.assert(
      fc.property(text, project, (written, beside) => {
        const { findings } = lint(openInput(written, 'Dockerfile', beside));
        let last = 0;
        for (const { rule, span, message, fix } of findings) {
          expect(span.start, rule).toBeGreaterThanOrEqual(last);
          expect(span.end, rule).toBeGreaterThanOrEqual(span.start);
          expect(span.end, rule).toBeLessThanOrEqual(written.length);
          expect(message, rule).toMatch(/\S/);
          last = span.start;
          if (fix === null) continue;
          expect(fix.edits.length, rule).toBeGreaterThan(0);
          expect(() => applyEdits(written, fix.edits), rule).not.toThrow();
        }
      }),
      { numRuns: 300 },
    );
  });

  it('says the same of the same text', () => {
    fc.assert(
      fc.property(text, project, (written, beside) => {
        const open = () => lint(openInput(written, 'Dockerfile', beside));
        expect(open()).toEqual(open());
      }),
      { numRuns: 50 },
    );
  });

  it('has a finding for each technique that is missed', () => {
    fc.assert(
      fc.property(text, project, (written, beside) => {
        fc.pre(!written.includes('bivy'));
        const { findings, techniques } = lint(openInput(written, 'Dockerfile', beside));
        const labels = new Set(findings.map(({ technique }) => technique));
        for (const [technique, verdict] of Object.entries(techniques))
          if (verdict === 'missed') expect([...labels], written).toContain(technique);
      }),
      { numRuns: 300 },
    );
  });
});

describe('fixing', () => {
  it.each([false, true])(
    'ends, is idempotent, and adds nothing that does not parse; unsafe fixes: %s',
    (unsafe) => {
      fc.assert(
        fc.property(text, project, (written, beside) => {
          const check = checker(beside);
          const once = fixAll(written, check, { unsafe });
          expect(once.checked.problems).toBeLessThanOrEqual(check(written).problems);
          expect(fixAll(once.text, check, { unsafe }).text).toBe(once.text);
          if (once.applied.length === 0) expect(once.text).toBe(written);
        }),
        { numRuns: 150 },
      );
    },
  );

  it.each([false, true])('takes nothing away that was there; unsafe fixes: %s', (unsafe) => {
    fc.assert(
      fc.property(text, project, (written, beside) => {
        const verdicts = (of: string) => lint(openInput(of, 'Dockerfile', beside)).techniques;
        const fixed = fixAll(written, checker(beside), { unsafe }).text;
        const before = verdicts(written);
        for (const [technique, verdict] of Object.entries(verdicts(fixed)))
          if (verdict === 'missed') expect(before, fixed).not.toHaveProperty(technique, 'met');
        const comments = (of: string) => openInput(of, 'Dockerfile', beside).dockerfile.comments;
        if (!written.includes('bivy'))
          expect(comments(fixed).map((comment) => comment.text)).toEqual(
            comments(written).map((comment) => comment.text),
          );
      }),
      { numRuns: 100 },
    );
  });

  it('does the same whatever ends the lines, and whatever mark begins them', () => {
    fc.assert(
      fc.property(fc.constantFrom(...EXAMPLES), project, (example, beside) => {
        const fix = (of: string): string => fixAll(of, checker(beside), { unsafe: true }).text;
        const fixed = fix(example);
        expect(fix(`\ufeff${example}`)).toBe(`\ufeff${fixed}`);
        expect(fix(example.replaceAll('\n', '\r\n'))).toBe(fixed.replaceAll('\n', '\r\n'));
      }),
      { numRuns: 60 },
    );
  });

  it('leaves comments and line ends that are not at issue', () => {
    fc.assert(
      fc.property(fc.constantFrom(...EXAMPLES), project, (example, beside) => {
        const written = `# kept \u00e9\t \n${example}# kept at the end\n`.replaceAll('\n', '\r\n');
        const { text: fixed } = fixAll(written, checker(beside), { unsafe: true });
        expect(fixed.replaceAll('\r\n', '')).not.toContain('\n');
        expect(fixed).toContain('# kept \u00e9\t \r\n');
        expect(fixed).toContain('# kept at the end\r\n');
      }),
      { numRuns: 60 },
    );
  });
});
