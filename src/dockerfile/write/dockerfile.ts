// The Dockerfile that an expert would write for this project, and each rung of the climb to it. Text only; pure.

import { MARKER, type ProjectFacts, type Rung } from '../facts.ts';
import { bestLines } from './best.ts';
import { type Line, line } from './line.ts';
import { RUNGS } from './rungs.ts';

/** @throws BivyError `CONFIG_INVALID` for a setting that no Dockerfile can hold */
export function dockerfileLines(facts: ProjectFacts, rung: Rung): readonly Line[] {
  const body = rung === 'best' ? bestLines(facts) : RUNGS[rung](facts);
  return [line(MARKER), ...body];
}
