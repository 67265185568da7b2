// T6, T8 and T10: what ships is small, runs as somebody, and starts from what is said.

import { isFullImage, isPinnedImage } from '../../reading/images.ts';
import { isRoot } from '../../reading/steps.ts';
import { isEmpty } from './cache.ts';
import { type Judgement, missedBy, NOT_APPLICABLE, type Problem, type View } from './judgement.ts';

export function judgeStages({ reading }: View): Judgement {
  const { flow, lineage, contributors, production } = reading;
  if (isEmpty(reading) || production === undefined || flow.kind === 'onbuild') return NOT_APPLICABLE;
  const span = production.stage.image.span;
  const works = contributors.some(
    (stage) => !lineage.includes(stage) && (stage.installs.length > 0 || stage.preparations.length > 0),
  );
  if (!works)
    return missedBy([{ rule: 'BV106', message: 'dependencies are installed in the stage that ships', span }]);
  const base = lineage[0]?.stage.base;
  const full = base !== undefined && isFullImage(base);
  return missedBy(
    full
      ? [{ rule: 'BV106', message: `what ships starts from \`${base}\``, span: lineage[0]!.stage.image.span }]
      : [],
  );
}

export function judgeUser({ reading }: View): Judgement {
  const { production, lineage } = reading;
  if (production === undefined || isUnknown(reading) || reading.flow.kind === 'onbuild')
    return NOT_APPLICABLE;
  const users = lineage.flatMap(({ steps }) =>
    steps.filter(({ instruction }) => instruction.keyword === 'USER'),
  );
  const last = users.at(-1);
  if (last === undefined)
    return missedBy([{ rule: 'BV108', message: 'root', span: production.stage.from.keywordSpan }]);
  const name = last.instruction.words[0]?.value.split(':')[0];
  return missedBy(isRoot(name) ? [{ rule: 'BV108', message: 'root', span: last.instruction.span }] : []);
}

export function judgeBases({ reading }: View): Judgement {
  const { stages } = reading;
  if (isUnknown(reading)) return NOT_APPLICABLE;
  return missedBy(
    stages.flatMap(({ stage }): Problem[] => {
      if (stage.parent !== undefined) return [];
      if (stage.base !== undefined && isPinnedImage(stage.base)) return [];
      return [{ rule: 'BV110', message: 'not pinned', span: stage.image.span }];
    }),
  );
}

/** Nothing of Python, on a base that nobody names: there is nothing to be said. */
function isUnknown(reading: View['reading']): boolean {
  return isEmpty(reading) && reading.lineage[0]?.stage.base === undefined;
}
