// A fault of Poetry 1.2 (poetry-core 1.3) that its locks were made with: a choice whose two sides together leave nothing
// out, such as `os_name == "nt" or os_name != "nt"`, is simplified to "always", and that then to "never".

import { covers } from './constraint.ts';
import type { Clause } from './marker-clause.ts';
import type { Word, Words } from './words.ts';

/** Whether two of these alternatives about one variable together let everything in. */
export function leaveNothingOut(clauses: readonly Clause[]): boolean {
  return clauses.some((a, index) =>
    clauses.slice(index + 1).some((b) => a.name === b.name && coverAll(a, b)),
  );
}

function coverAll(a: Clause, b: Clause): boolean {
  if (a.constraint !== undefined && b.constraint !== undefined) return covers(a.constraint, b.constraint);
  return a.words !== undefined && b.words !== undefined && wordsCover(a.words, b.words);
}

/** `!= a or != b`, and `== a or != a`. */
function wordsCover(a: Words, b: Words): boolean {
  const [one, other] = [soleOf(a), soleOf(b)];
  if (one === undefined || other === undefined) return false;
  if (one.operator === '==' && other.operator === '==') return false;
  return (one.value === other.value) !== (one.operator === other.operator);
}

function soleOf(words: Words): Word | undefined {
  return words.length === 1 && words[0]!.length === 1 ? words[0]![0] : undefined;
}
