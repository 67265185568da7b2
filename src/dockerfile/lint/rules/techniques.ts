// The rules of the ten techniques: what each of them tells is said where the technique is judged (`judgements/`).

import type { Safety, Severity, Technique } from '../finding.ts';
import { judge } from '../judgements/index.ts';
import type { Rule } from '../rule.ts';

function rule(
  id: string,
  technique: Technique,
  severity: Severity,
  fixes: readonly Safety[],
  title: string,
): Rule {
  return {
    id,
    technique,
    severity,
    title,
    fixes,
    *check(input) {
      for (const problem of judge(input)[technique].problems) {
        if (problem.rule !== id) continue;
        const { message, span, fix } = problem;
        yield fix === undefined ? { message, span } : { message, span, fix };
      }
    },
  };
}

export const TECHNIQUE_RULES: readonly Rule[] = [
  rule('BV101', 'T1', 'warning', ['safe'], 'Poetry is pinned to one version'),
  rule(
    'BV102',
    'T2',
    'warning',
    ['unsafe'],
    'the whole context is not copied before the dependencies are installed',
  ),
  rule('BV103', 'T3', 'warning', ['unsafe'], 'dev groups stay out of what ships'),
  rule('BV104', 'T4', 'warning', ['safe'], 'the cache of the install is not left in its layer'),
  rule('BV105', 'T5', 'warning', ['unsafe'], 'dependencies are installed before the code is copied'),
  rule('BV106', 'T6', 'warning', [], 'what ships is a slim stage of its own'),
  rule('BV107', 'T7', 'info', ['safe'], 'the install has a cache mount'),
  rule('BV108', 'T8', 'warning', ['unsafe'], 'what ships does not run as root'),
  rule('BV109', 'T9', 'info', ['safe'], 'Poetry asks nothing, and where its environment is is said'),
  rule('BV110', 'T10', 'warning', [], 'every base is pinned to a patch release or a digest'),
  rule('BV111', 'T1', 'warning', ['unsafe'], '`POETRY_VERSION` is set where something reads it'),
  rule('BV112', 'T1', 'warning', ['safe'], 'Poetry is pinned to one version, not to a range'),
  rule('BV113', 'T3', 'warning', ['unsafe'], 'dev groups are not installed first and left out later'),
  rule('BV114', 'T3', 'warning', ['unsafe'], '`poetry bundle` says which groups it takes'),
  rule('BV115', 'T4', 'warning', ['safe'], "a clean-up removes Poetry's cache, in the layer that made it"),
  rule('BV116', 'T4', 'warning', ['safe'], '`poetry cache clear` is not the clean-up'),
  rule('BV117', 'T4', 'warning', ['safe'], "`PIP_NO_CACHE_DIR` is not taken for Poetry's"),
  rule('BV118', 'T7', 'warning', ['safe'], 'a cache mount stands where the cache is'),
  rule('BV119', 'T9', 'info', ['safe'], '`POETRY_NO_INTERACTION` is not relied on'),
];
