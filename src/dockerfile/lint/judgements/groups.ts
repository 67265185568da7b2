// T3: dependency groups of development stay out of what ships.

import { type Judgement, MET, missedBy, NOT_APPLICABLE, type View } from './judgement.ts';

export function judgeGroups({ reading }: View): Judgement {
  const { flow } = reading;
  if (flow.tool === undefined || flow.kind === 'none' || flow.kind === 'onbuild') return NOT_APPLICABLE;
  if (!flow.dev) return MET;
  if (flow.script !== undefined) {
    return missedBy([
      {
        rule: 'BV103',
        message: 'a script installs the dependencies, and nothing here says that dev groups stay out',
        span: flow.script.command.span,
      },
    ]);
  }
  return missedBy(
    flow.devInstalls.map(({ verb }) => ({
      rule: 'BV103',
      message: 'dev groups end in what ships',
      span: verb.span,
    })),
  );
}
