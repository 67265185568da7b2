import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { applyEdits } from '../../src/dockerfile/lint/edit.ts';
import { TECHNIQUES, type Technique, type Verdict } from '../../src/dockerfile/lint/finding.ts';
import { openInput } from '../../src/dockerfile/lint/input.ts';
import { lint } from '../../src/dockerfile/lint/lint.ts';

// Agreement with labels that people set on real Dockerfiles, which are not kept here. `BIVY_CORPUS` names a directory with
// `dockerfiles.tsv` (a line for each file; columns T1 to T10 hold `y`, `n` or `-`) and `files/000.Dockerfile` and so on, in
// the order of its lines. Run it with `BIVY_CORPUS=… npx vitest run --project unit test/dockerfile/corpus.test.ts`.

const CORPUS = process.env['BIVY_CORPUS'];
const LABELS: Readonly<Record<string, Verdict>> = { y: 'met', n: 'missed', '-': 'n/a' };
/** What is asked for, in each technique. */
const AGREEMENT = 0.95;

interface Labelled {
  readonly name: string;
  readonly text: string;
  readonly labels: ReadonlyMap<Technique, Verdict | undefined>;
}

function readCorpus(directory: string): readonly Labelled[] {
  const [head = '', ...rows] = readFileSync(join(directory, 'dockerfiles.tsv'), 'utf8').trimEnd().split('\n');
  const columns = head.split('\t');
  return rows.flatMap((row, index) => {
    const cells = row.split('\t');
    const cell = (name: string): string => cells[columns.indexOf(name)] ?? '';
    const file = join(directory, 'files', `${String(index).padStart(3, '0')}.Dockerfile`);
    if (!existsSync(file)) return [];
    return [
      {
        name: `${cell('repo')} ${cell('path')}`,
        text: readFileSync(file, 'utf8'),
        labels: new Map(TECHNIQUES.map((technique) => [technique, LABELS[cell(technique)]])),
      },
    ];
  });
}

if (CORPUS === undefined)
  console.warn('the corpus of labelled Dockerfiles is not compared with: BIVY_CORPUS is not set');

describe.skipIf(CORPUS === undefined)('labelled Dockerfiles', () => {
  const corpus = CORPUS === undefined ? [] : readCorpus(CORPUS);
  const results = corpus.map((file) => ({ file, result: lint(openInput(file.text, file.name, undefined)) }));

  it('are there', () => {
    expect(corpus.length).toBeGreaterThan(0);
  });

  it.each(TECHNIQUES)('agree in %s', (technique) => {
    const differences = results.flatMap(({ file, result }) => {
      const label = file.labels.get(technique);
      const verdict = result.techniques[technique];
      return label === verdict ? [] : [`${file.name}: label ${label}, verdict ${verdict}`];
    });
    const agreement = 1 - differences.length / corpus.length;
    console.info(
      `${technique}: ${(agreement * 100).toFixed(1)} %`,
      ...differences.map((line) => `\n  ${line}`),
    );
    expect(agreement, differences.join('\n')).toBeGreaterThanOrEqual(AGREEMENT);
  });

  it('have a finding for each technique that is missed', () => {
    const silent = results.flatMap(({ file, result: { findings, techniques } }) =>
      TECHNIQUES.filter(
        (technique) =>
          techniques[technique] === 'missed' && !findings.some((finding) => finding.technique === technique),
      ).map((technique) => `${file.name}: ${technique}`),
    );
    expect(silent).toEqual([]);
  });

  it('have findings and edits that lie in the file', () => {
    for (const { file, result } of results) {
      for (const { span, fix } of result.findings) {
        expect(span.start).toBeLessThanOrEqual(span.end);
        expect(span.end).toBeLessThanOrEqual(file.text.length);
        if (fix !== null) expect(() => applyEdits(file.text, fix.edits)).not.toThrow();
      }
    }
  });
});
