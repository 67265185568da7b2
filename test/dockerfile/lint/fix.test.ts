import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Finding, Safety } from '../../../src/dockerfile/lint/finding.ts';
import { type Checked, fixAll } from '../../../src/dockerfile/lint/fix.ts';
import { UNKNOWABLE } from '../../../src/dockerfile/lint/techniques.ts';

interface Rewrite {
  readonly from: string;
  readonly to: string;
  readonly safety?: Safety;
}

/** A linter whose rules replace one text by another wherever it stands; `!` is what does not parse. */
function linter(...rewrites: readonly Rewrite[]): (text: string) => Checked {
  return (text) => ({
    problems: text.split('!').length - 1,
    regions: [],
    findings: rewrites.flatMap(({ from, to, safety = 'safe' }, index): Finding[] => {
      const found: Finding[] = [];
      for (let at = text.indexOf(from); at >= 0; at = text.indexOf(from, at + from.length)) {
        const span = { start: at, end: at + from.length };
        const fix = { title: `${from} to ${to}`, safety, edits: [{ span, text: to }] };
        found.push({ rule: `BV${900 + index}`, technique: null, severity: 'info', message: 'm', span, fix });
      }
      return found;
    }),
  });
}

const safe = { unsafe: false };

describe('fixing until nothing changes', () => {
  it('applies what follows from a fix too', () => {
    const fixed = fixAll('a-a', linter({ from: 'a', to: 'b' }, { from: 'b', to: 'c' }), safe);
    expect(fixed).toMatchObject({ text: 'c-c', dropped: [] });
    expect(fixed.applied.map(({ title }) => title)).toEqual(['a to b', 'a to b', 'b to c', 'b to c']);
    expect(fixed.checked.findings).toEqual([]);
  });

  it('leaves unsafe fixes alone, but where they are asked for', () => {
    const check = linter({ from: 'a', to: 'b', safety: 'unsafe' }, { from: 'x', to: 'y' });
    expect(fixAll('a-x', check, safe).text).toBe('a-y');
    expect(fixAll('a-x', check, { unsafe: true }).text).toBe('b-y');
  });

  it('drops a fix that breaks the file, and keeps the others', () => {
    const fixed = fixAll('a-x-a', linter({ from: 'a', to: '!' }, { from: 'x', to: 'y' }), safe);
    expect(fixed.text).toBe('a-y-a');
    expect(fixed.dropped).toEqual([{ rule: 'BV900', title: 'a to !', why: 'breaks' }]);
  });

  it('drops a fix by which a technique is missed that was met', () => {
    const check = linter({ from: 'a', to: 'b' }, { from: 'x', to: 'y' });
    const judged = (text: string): Checked => {
      const { findings } = check(text);
      const techniques = { ...UNKNOWABLE, T3: text.includes('b') ? 'missed' : 'met' } as const;
      return { findings, problems: 0, regions: [], techniques };
    };
    const fixed = fixAll('a-x', judged, safe);
    expect(fixed.text).toBe('a-y');
    expect(fixed.dropped).toEqual([{ rule: 'BV900', title: 'a to b', why: 'worsens' }]);
  });

  it('repairs what did not parse before', () => {
    expect(fixAll('!-!', linter({ from: '!', to: 'ok' }), safe).text).toBe('ok-ok');
  });

  it('drops fixes that undo each other', () => {
    const check = linter({ from: 'a', to: 'b' }, { from: 'b', to: 'a' }, { from: 'x', to: 'y' });
    const fixed = fixAll('a-x', check, safe);
    expect(['a-y', 'b-y']).toContain(fixed.text);
    expect(new Set(fixed.dropped.map(({ why }) => why))).toEqual(new Set(['undone']));
    expect(fixAll(fixed.text, check, safe).text).toBe(fixed.text);
  });

  it('leaves the text alone where fixes never settle', () => {
    const fixed = fixAll('ax', linter({ from: 'a', to: 'aa' }), { unsafe: false, rounds: 4 });
    expect(fixed).toMatchObject({ text: 'ax', applied: [] });
    expect(fixed.dropped[0]).toMatchObject({ why: 'endless' });
  });

  it('does not take an edit that changes nothing for a change', () => {
    expect(fixAll('a', linter({ from: 'a', to: 'a' }), safe)).toMatchObject({
      text: 'a',
      applied: [],
      dropped: [],
    });
  });

  it('drops a fix whose edits do not fit the text', () => {
    const bad = (text: string): Checked => {
      const span = { start: 0, end: text.length + 5 };
      const fix = { title: 'too far', safety: 'safe' as const, edits: [{ span, text: 'x' }] };
      return {
        problems: 0,
        regions: [],
        findings: [{ rule: 'BV900', technique: null, severity: 'info', message: 'm', span, fix }],
      };
    };
    expect(fixAll('abc', bad, safe)).toMatchObject({ text: 'abc', dropped: [{ why: 'breaks' }] });
  });

  it('ends, is idempotent, and never adds what does not parse, whatever the rules', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '!'), minLength: 1, maxLength: 2 });
    const rewrite = fc.record({ from: word, to: fc.oneof(word, fc.constant('')) });
    fc.assert(
      fc.property(
        fc.array(rewrite, { maxLength: 5 }),
        fc.string({ unit: fc.constantFrom('a', 'b', 'c', '-'), maxLength: 12 }),
        (rewrites, text) => {
          const check = linter(...rewrites);
          const once = fixAll(text, check, { unsafe: true, rounds: 7 });
          expect(check(once.text).problems).toBeLessThanOrEqual(check(text).problems);
          expect(once.checked).toEqual(check(once.text));
          expect(fixAll(once.text, check, { unsafe: true, rounds: 7 }).text).toBe(once.text);
        },
      ),
      { numRuns: 500 },
    );
  });
});
