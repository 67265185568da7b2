// Ignores that are none, lack a reason, or have nothing to silence. What they find is found in `lint`, which knows what
// the other rules found.

import type { Rule } from '../rule.ts';

export const IGNORE_FAULT: Rule = {
  id: 'BV003',
  technique: null,
  severity: 'warning',
  title: 'a comment that ignores a rule is well-formed and says why',
  fixes: [],
  check: () => [],
};

export const UNUSED_IGNORE: Rule = {
  id: 'BV004',
  technique: null,
  severity: 'info',
  title: 'a comment that ignores a rule silences something',
  fixes: ['safe'],
  check: () => [],
};
