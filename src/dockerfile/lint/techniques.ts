// The verdict on each technique, for the file as a whole.

import type { Technique, Verdict } from './finding.ts';
import { verdictsOf } from './judgements/index.ts';
import type { LintInput } from './rule.ts';

/** What each technique asks for, in a few words. */
export const TECHNIQUE_TITLES: Readonly<Record<Technique, string>> = {
  T1: 'Poetry pinned',
  T2: 'only what is needed copied before the install',
  T3: 'dev groups left out',
  T4: 'no cache left behind',
  T5: 'dependencies before code',
  T6: 'multi-stage, slim runtime',
  T7: 'cache mount that works',
  T8: 'not root',
  T9: 'non-interactive, virtualenv set',
  T10: 'base pinned',
};

/** Of what cannot be judged. */
export const UNKNOWABLE: Readonly<Record<Technique, Verdict>> = {
  T1: 'n/a',
  T2: 'n/a',
  T3: 'n/a',
  T4: 'n/a',
  T5: 'n/a',
  T6: 'n/a',
  T7: 'n/a',
  T8: 'n/a',
  T9: 'n/a',
  T10: 'n/a',
};

export function judgeTechniques(input: LintInput): Readonly<Record<Technique, Verdict>> {
  return input.graph.stages.length === 0 ? UNKNOWABLE : verdictsOf(input);
}
