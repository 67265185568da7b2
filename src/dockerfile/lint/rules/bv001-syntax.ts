// What is no Dockerfile, in whole or in part.

import type { Rule } from '../rule.ts';

/** Most problems that are told one by one: of a text that is something else they are without number. */
const MOST = 50;

/** BuildKit would refuse it. */
export const SYNTAX: Rule = {
  id: 'BV001',
  technique: null,
  severity: 'error',
  title: 'BuildKit can read the file',
  fixes: [],
  *check({ dockerfile: { problems } }) {
    for (const { message, span } of problems.slice(0, MOST)) yield { message, span };
    const next = problems[MOST];
    if (next === undefined) return;
    yield { message: `${problems.length - MOST} more such problems from here on`, span: next.span };
  },
};
