// What is no text at all.

import type { Rule } from '../rule.ts';

/** Where it finds something, no other rule is asked. */
export const NOT_TEXT: Rule = {
  id: 'BV002',
  technique: null,
  severity: 'error',
  title: 'the file is text',
  fixes: [],
  *check({ dockerfile: { text } }) {
    const at = text.indexOf('\0');
    if (at < 0) return;
    yield { message: 'this is no text: it holds a NUL character', span: { start: at, end: at + 1 } };
  },
};
