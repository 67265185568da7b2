// What is no Dockerfile, in whole or in part.

import type { Rule } from '../rule.ts';

/** BuildKit would refuse it. */
export const SYNTAX: Rule = {
  id: 'BV001',
  technique: null,
  severity: 'error',
  title: 'the file can be read by BuildKit',
  fixes: [],
  check: ({ dockerfile }) => dockerfile.problems.map(({ message, span }) => ({ message, span })),
};
