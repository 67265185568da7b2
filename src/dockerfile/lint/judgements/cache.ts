// T4 and T7: the cache of the install is not in the layer, and the next build has it.

import { cacheOf } from '../../reading/reading.ts';
import { type Judgement, missedBy, NOT_APPLICABLE, type View } from './judgement.ts';

export function judgeCache({ reading }: View): Judgement {
  const { flow } = reading;
  if (flow.kind === 'none' || flow.kind === 'onbuild') return NOT_APPLICABLE;
  if (flow.script !== undefined) {
    return missedBy([
      {
        rule: 'BV104',
        message: 'the cache of what a script installs stays in the layer',
        span: flow.script.command.span,
      },
    ]);
  }
  return missedBy(
    flow.installs.flatMap((install) => {
      const { fate } = cacheOf(reading, install);
      return fate === 'left'
        ? [{ rule: 'BV104', message: 'the cache stays in the layer', span: install.verb.span }]
        : [];
    }),
  );
}

export function judgeMount({ reading }: View): Judgement {
  const { flow } = reading;
  if (isEmpty(reading) || flow.kind === 'onbuild') return NOT_APPLICABLE;
  const mounted = flow.installs.some((install) => cacheOf(reading, install).mount !== undefined);
  if (mounted) return missedBy([]);
  const span =
    flow.installs[0]?.verb.span ?? flow.script?.command.span ?? reading.production!.stage.from.keywordSpan;
  return missedBy([{ rule: 'BV107', message: 'no cache mount', span }]);
}

/** Whether the file has nothing to do with Python packages. */
export function isEmpty({ flow, production }: View['reading']): boolean {
  return production === undefined || (flow.kind === 'none' && flow.tool === undefined);
}
