// The ten judgements by technique.

import { readGraph } from '../../reading/reading.ts';
import { TECHNIQUES, type Technique, type Verdict } from '../finding.ts';
import type { LintInput } from '../rule.ts';
import { judgeCache, judgeMount } from './cache.ts';
import { judgeGroups } from './groups.ts';
import { judgeBases, judgeStages, judgeUser } from './image.ts';
import type { Judgement, View } from './judgement.ts';
import { judgeContext, judgeOrder } from './order.ts';
import { judgePin } from './pin.ts';
import { judgeSettings } from './settings.ts';

const JUDGES: Readonly<Record<Technique, (view: View) => Judgement>> = {
  T1: judgePin,
  T2: judgeContext,
  T3: judgeGroups,
  T4: judgeCache,
  T5: judgeOrder,
  T6: judgeStages,
  T7: judgeMount,
  T8: judgeUser,
  T9: judgeSettings,
  T10: judgeBases,
};

const JUDGED = new WeakMap<LintInput, Readonly<Record<Technique, Judgement>>>();

/** What is said of each technique; the same input gives the same judgements. */
export function judge(input: LintInput): Readonly<Record<Technique, Judgement>> {
  let judged = JUDGED.get(input);
  if (judged === undefined) {
    const view = { input, reading: readGraph(input.graph) };
    judged = Object.fromEntries(
      TECHNIQUES.map((technique) => [technique, JUDGES[technique](view)]),
    ) as Record<Technique, Judgement>;
    JUDGED.set(input, judged);
  }
  return judged;
}

export function verdictsOf(input: LintInput): Readonly<Record<Technique, Verdict>> {
  const judged = judge(input);
  return Object.fromEntries(TECHNIQUES.map((technique) => [technique, judged[technique].verdict])) as Record<
    Technique,
    Verdict
  >;
}
