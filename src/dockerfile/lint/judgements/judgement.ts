// What is said of one technique: the verdict, and what is wrong with the rule that tells it.

import type { Reading } from '../../reading/reading.ts';
import type { Verdict } from '../finding.ts';
import type { LintInput, Observation } from '../rule.ts';

/** What judgements look at. */
export interface View {
  readonly input: LintInput;
  readonly reading: Reading;
}

/** An observation and the rule that it belongs to. */
export interface Problem extends Observation {
  readonly rule: string;
}

/** `missed` has a problem at least; `met` and `n/a` may have some, which do not decide. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly problems: readonly Problem[];
}

export const NOT_APPLICABLE: Judgement = { verdict: 'n/a', problems: [] };
export const MET: Judgement = { verdict: 'met', problems: [] };

/** Missed for these reasons; met where there are none. */
export function missedBy(problems: readonly Problem[]): Judgement {
  return { verdict: problems.length === 0 ? 'met' : 'missed', problems };
}
