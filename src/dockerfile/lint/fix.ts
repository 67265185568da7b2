// Fixing until nothing changes: lint, apply what fits together, lint again. It ends, and a second run changes nothing.
// What would break the file or worsen it, or go in circles, is dropped and told.

import type { Span } from '../syntax/ast.ts';
import { applyEdits, chooseFixes } from './edit.ts';
import { type Finding, type Fix, type LintResult, TECHNIQUES } from './finding.ts';

/** What is known of a text: each round asks anew. */
export interface Checked {
  readonly findings: readonly Finding[];
  /** How many places BuildKit would refuse. */
  readonly problems: number;
  /** Of which only one fix a round may touch each: the instructions. */
  readonly regions: readonly Span[];
  /** Absent: nobody asks what becomes of them. */
  readonly techniques?: LintResult['techniques'];
}

export interface FixOptions {
  /** Also fixes that may change what the image holds. */
  readonly unsafe: boolean;
  /** Most rounds; default 50. */
  readonly rounds?: number;
}

export interface DroppedFix {
  readonly rule: string;
  readonly title: string;
  /**
   * `breaks`: the text would not parse; `worsens`: a technique that is met would be missed; `undone`: other fixes bring the
   * same text back; `endless`: it never settles.
   */
  readonly why: 'breaks' | 'worsens' | 'undone' | 'endless';
}

export interface FixedText {
  readonly text: string;
  /** Of the fixes that led to the text, in the order they were applied: rule and title. */
  readonly applied: readonly { readonly rule: string; readonly title: string }[];
  readonly dropped: readonly DroppedFix[];
  /** Of the text as it is now. */
  readonly checked: Checked;
}

interface Step {
  readonly before: string;
  readonly findings: readonly Finding[];
}

const ROUNDS = 50;
/** UTF-16 units that fixes may add, besides as much as there was: rules that feed each other would add without end. */
const GROWTH = 1 << 16;

/**
 * The text with every fix applied that can be. Where fixes never settle the text stays as it was. Fixing the result
 * again changes nothing.
 * @param check what `lint` says of a text; the same text must give the same answer
 */
export function fixAll(text: string, check: (text: string) => Checked, options: FixOptions): FixedText {
  const first = settle(text, check, options);
  let fixed = first;
  // Where nothing was dropped nothing is left to do. Else what was dropped on the way here might fit in the end.
  for (let round = 0; fixed.dropped.length > 0; round++) {
    const again = settle(fixed.text, check, options);
    if (again.text === fixed.text) break;
    if (round === AGAIN) {
      const dropped = first.dropped.map((fix) => ({ ...fix, why: 'endless' as const }));
      return { text, applied: [], dropped, checked: check(text) };
    }
    fixed = { ...again, applied: [...fixed.applied, ...again.applied] };
  }
  return fixed;
}

/** Most times that a result is fixed anew, after which it is taken for never settling. */
const AGAIN = 5;

function settle(text: string, check: (text: string) => Checked, options: FixOptions): FixedText {
  const excluded = new Set<string>();
  const dropped: DroppedFix[] = [];
  const original = check(text);
  let steps: Step[] = [];
  let current = text;
  let checked = original;
  const drop = (finding: Finding, before: string, why: DroppedFix['why']): void => {
    const key = keyOf(finding, before);
    if (excluded.has(key)) return;
    excluded.add(key);
    dropped.push({ rule: finding.rule, title: finding.fix?.title ?? '', why });
  };
  for (let round = 0; ; round++) {
    const wanted = (fix: Fix, finding: Finding): boolean =>
      (options.unsafe || fix.safety === 'safe') &&
      !excluded.has(keyOf(finding, current)) &&
      changes(fix, current);
    const chosen = chooseFixes(checked.findings, checked.regions, wanted);
    if (chosen.length === 0) return { text: current, applied: namesOf(steps), dropped, checked };
    if (round >= (options.rounds ?? ROUNDS) || current.length > 2 * text.length + GROWTH) {
      for (const finding of chosen) drop(finding, current, 'endless');
      return { text, applied: [], dropped, checked: original };
    }
    const attempt = tryFixes(current, checked, chosen, check);
    for (const { finding, why } of attempt.broken) drop(finding, current, why);
    if (attempt.applied.length === 0) continue;
    const earlier = steps.findIndex(({ before }) => before === attempt.text);
    if (earlier >= 0) {
      // Around in a circle: back to where it began, and none of the fixes that led around it again.
      for (const step of steps.slice(earlier))
        for (const finding of step.findings) drop(finding, step.before, 'undone');
      for (const finding of attempt.applied) drop(finding, current, 'undone');
      steps = steps.slice(0, earlier);
    } else {
      steps.push({ before: current, findings: attempt.applied });
    }
    current = attempt.text;
    checked = attempt.checked;
  }
}

/** All at once, or where that would do harm, one after the other without those at fault. */
function tryFixes(
  text: string,
  before: Checked,
  chosen: readonly Finding[],
  check: (text: string) => Checked,
): {
  readonly text: string;
  readonly checked: Checked;
  readonly applied: readonly Finding[];
  readonly broken: readonly { readonly finding: Finding; readonly why: 'breaks' | 'worsens' }[];
} {
  const together = attempt(text, chosen);
  if (together !== undefined) {
    const checked = check(together);
    if (harmOf(before, checked) === undefined)
      return { text: together, checked, applied: chosen, broken: [] };
  }
  const kept: Finding[] = [];
  const broken: { finding: Finding; why: 'breaks' | 'worsens' }[] = [];
  let best = { text, checked: before };
  for (const finding of chosen) {
    const next = attempt(text, [...kept, finding]);
    const checked = next === undefined ? undefined : check(next);
    const why = checked === undefined ? 'breaks' : harmOf(best.checked, checked);
    if (next === undefined || checked === undefined || why !== undefined) {
      broken.push({ finding, why: why ?? 'breaks' });
      continue;
    }
    kept.push(finding);
    best = { text: next, checked };
  }
  return { ...best, applied: kept, broken };
}

function harmOf(before: Checked, after: Checked): 'breaks' | 'worsens' | undefined {
  if (after.problems > before.problems) return 'breaks';
  const worse = TECHNIQUES.some(
    (technique) => before.techniques?.[technique] === 'met' && after.techniques?.[technique] === 'missed',
  );
  return worse ? 'worsens' : undefined;
}

function attempt(text: string, findings: readonly Finding[]): string | undefined {
  try {
    return applyEdits(
      text,
      findings.flatMap(({ fix }) => fix?.edits ?? []),
    );
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function changes(fix: Fix, text: string): boolean {
  return fix.edits.some(({ span, text: inserted }) => text.slice(span.start, span.end) !== inserted);
}

/** What a fix does, wherever it stands: lines move from round to round. */
function keyOf({ rule, fix }: Finding, text: string): string {
  const edits = fix?.edits.map(({ span, text: inserted }) => [text.slice(span.start, span.end), inserted]);
  return JSON.stringify([rule, fix?.title, edits]);
}

function namesOf(steps: readonly Step[]): FixedText['applied'] {
  return steps.flatMap(({ findings }) =>
    findings.map(({ rule, fix }) => ({ rule, title: fix?.title ?? '' })),
  );
}
