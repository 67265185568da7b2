import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEdits, chooseFixes } from '../../../src/dockerfile/lint/edit.ts';
import type { Edit, Finding } from '../../../src/dockerfile/lint/finding.ts';

const edit = (start: number, end: number, text: string): Edit => ({ span: { start, end }, text });

function finding(rule: string, edits: readonly Edit[], safety: 'safe' | 'unsafe' = 'safe'): Finding {
  const span = edits[0]?.span ?? { start: 0, end: 0 };
  return {
    rule,
    technique: null,
    severity: 'info',
    message: 'm',
    span,
    fix: { title: rule, safety, edits },
  };
}

const all = (): boolean => true;

describe('applying edits', () => {
  it.each([
    ['nothing', 'abc', [], 'abc'],
    ['a replacement', 'abc', [edit(1, 2, 'X')], 'aXc'],
    ['insertions at both ends', 'abc', [edit(3, 3, '!'), edit(0, 0, '?')], '?abc!'],
    ['neighbours', 'abc', [edit(1, 2, ''), edit(0, 1, 'A'), edit(2, 3, 'C')], 'AC'],
    ['an insertion before a replacement', 'abc', [edit(1, 2, 'B'), edit(1, 1, '-')], 'a-Bc'],
    ['two insertions in one place, in their order', 'ab', [edit(1, 1, '1'), edit(1, 1, '2')], 'a12b'],
    [
      'a line into a CRLF file',
      'FROM a\r\nRUN b\r\n',
      [edit(8, 8, 'USER 1\n')],
      'FROM a\r\nUSER 1\r\nRUN b\r\n',
    ],
    [
      'a line after a last one without an end',
      'FROM a\r\nRUN b',
      [edit(13, 13, '\nUSER 1')],
      'FROM a\r\nRUN b\r\nUSER 1',
    ],
    [
      'a line into a mixed file: as the line there',
      'a\nb\r\nc\n',
      [edit(0, 0, 'x\n'), edit(2, 2, 'y\n')],
      'x\na\ny\r\nb\r\nc\n',
    ],
  ] as const)('%s', (_name, text, edits, expected) => {
    expect(applyEdits(text, edits)).toBe(expected);
  });

  it.each([
    ['overlap', [edit(0, 2, ''), edit(1, 3, '')]],
    ['an insertion inside a replacement', [edit(0, 2, ''), edit(1, 1, 'x')]],
    ['beyond the text', [edit(2, 9, '')]],
    ['backwards', [edit(2, 1, '')]],
  ])('refuses %s', (_name, edits) => {
    expect(() => applyEdits('abc', edits)).toThrow(RangeError);
  });

  it('leaves every other byte alone', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'é', '\n', '\r\n', '\t', '#', '\\', '\ufeff') });
    fc.assert(
      fc.property(
        texts,
        fc.array(fc.tuple(fc.nat(40), fc.nat(5), texts), { maxLength: 6 }),
        (text, asked) => {
          const edits: Edit[] = [];
          let from = 0;
          for (const [gap, length, inserted] of asked) {
            const start = from + gap;
            const end = start + length;
            if (end > text.length) break;
            edits.push(edit(start, end, inserted));
            from = end + 1;
          }
          const result = applyEdits(text, edits);
          let [before, after] = [0, 0];
          for (const { span, text: inserted } of edits) {
            const kept = text.slice(before, span.start);
            expect(result.slice(after, after + kept.length)).toBe(kept);
            after += kept.length;
            const unified = inserted.replace(/\r\n/g, '\n');
            const put = result.slice(after).replace(/\r\n/g, '\n');
            expect(put.startsWith(unified)).toBe(true);
            // As long as it became with the line ends of the place.
            const crlf = inserted.replace(/\r?\n/g, '\r\n');
            after += result.startsWith(crlf, after) ? crlf.length : unified.length;
            before = span.end;
          }
          expect(result.slice(after)).toBe(text.slice(before));
        },
      ),
    );
  });
});

describe('choosing fixes', () => {
  const rules = (findings: readonly Finding[]): string[] => findings.map(({ rule }) => rule);

  it('takes the first of those that touch, in the order of the file', () => {
    const findings = [
      finding('late', [edit(5, 7, '')]),
      finding('early', [edit(0, 6, '')]),
      finding('far', [edit(20, 21, '')]),
      finding('two places', [edit(10, 11, ''), edit(21, 22, '')]),
    ];
    expect(rules(chooseFixes(findings, [], all))).toEqual(['early', 'two places']);
  });

  it('of equals takes the lesser rule', () => {
    const findings = [finding('BV202', [edit(0, 1, 'x')]), finding('BV101', [edit(0, 1, 'y')])];
    expect(rules(chooseFixes(findings, [], all))).toEqual(['BV101']);
  });

  it('gives one instruction one fix', () => {
    const run = { start: 10, end: 50 };
    const findings = [
      finding('a', [edit(14, 14, 'x')]),
      finding('b', [edit(40, 45, '')]),
      finding('c', [edit(60, 61, '')]),
    ];
    expect(rules(chooseFixes(findings, [run], all))).toEqual(['a', 'c']);
    expect(rules(chooseFixes(findings, [], all))).toEqual(['a', 'b', 'c']);
  });

  it('counts what is inserted just before or after an instruction as its own', () => {
    const run = { start: 10, end: 50 };
    const findings = [
      finding('a', [edit(10, 10, 'x')]),
      finding('b', [edit(30, 31, '')]),
      finding('c', [edit(50, 50, 'y')]),
    ];
    expect(rules(chooseFixes(findings, [run], all))).toEqual(['a']);
  });

  it('takes only what is wanted, and nothing without edits', () => {
    const findings = [
      finding('a', [edit(0, 1, '')], 'unsafe'),
      finding('b', [edit(0, 1, '')]),
      finding('c', []),
      { ...finding('d', []), fix: null },
    ];
    expect(rules(chooseFixes(findings, [], ({ safety }) => safety === 'safe'))).toEqual(['b']);
  });

  it('is maximal, and its edits fit together', () => {
    const spans = fc.tuple(fc.nat(60), fc.nat(6)).map(([start, length]) => edit(start, start + length, 'x'));
    fc.assert(
      fc.property(fc.array(spans, { maxLength: 20 }), (edits) => {
        const findings = edits.map((each, index) => finding(`R${String(index).padStart(2, '0')}`, [each]));
        const chosen = chooseFixes(findings, [], all);
        applyEdits(
          '-'.repeat(80),
          chosen.flatMap(({ fix }) => fix?.edits ?? []),
        );
        for (const each of findings) {
          if (chosen.includes(each)) continue;
          const touching = chosen.some(
            ({ span }) => span.start <= each.span.end && each.span.start <= span.end,
          );
          expect(touching).toBe(true);
        }
      }),
    );
  });
});
