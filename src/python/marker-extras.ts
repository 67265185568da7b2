// What clauses about extras come to when it is not said which extras are asked for: each is true, yet no marker holds
// that asks for contradictory ones. Poetry finds those while it simplifies markers.

import type { ExtraTest } from './marker-clause.ts';
import type { PoetryCore } from './scheme.ts';

/** Judges one clause about extras. */
export type ExtraJudge = (extra: ExtraTest) => boolean;

/** More names than any marker wants and refuses at once; beyond it their contradictions are not looked for. */
const MOST_NAMES = 10;

/** Every consistent way to judge these clauses; the marker holds where it holds under one of them. */
export function consistentJudges(extras: readonly ExtraTest[], core: PoetryCore): readonly ExtraJudge[] {
  if (extras.length < 2) return [() => true];
  // Up to 1.2 `extra` was one value, later a set.
  return core === '1.0' || core === '1.3' ? judgeValues(extras) : judgeSets(extras);
}

function judgeValues(extras: readonly ExtraTest[]): readonly ExtraJudge[] {
  const values = [...new Set(extras.map(({ value }) => value)), undefined];
  return values.map(
    (one) =>
      ({ value, wanted }) =>
        (value === one) === wanted,
  );
}

function judgeSets(extras: readonly ExtraTest[]): readonly ExtraJudge[] {
  const wanted = new Set(extras.filter((extra) => extra.wanted).map(({ value }) => value));
  const refused = extras.filter((extra) => !extra.wanted).map(({ value }) => value);
  const disputed = [...new Set(refused.filter((value) => wanted.has(value)))];
  if (disputed.length === 0 || disputed.length > MOST_NAMES) return [() => true];
  return Array.from({ length: 2 ** disputed.length }, (_, bits) => (extra: ExtraTest): boolean => {
    const index = disputed.indexOf(extra.value);
    return index < 0 || (((bits >> index) & 1) === 1) === extra.wanted;
  });
}
