// T9: nothing asks back, and where the environment is is said.

import { type Judgement, MET, missedBy, NOT_APPLICABLE, type View } from './judgement.ts';

export function judgeSettings({ reading }: View): Judgement {
  const { flow, contributors } = reading;
  if (flow.tool === undefined) return NOT_APPLICABLE;
  if (flow.kind === 'export') return NOT_APPLICABLE;
  const settings = contributors
    .flatMap((stage) => stage.settings)
    .filter(({ name }) => !/^(?:UV|PDM|PIPENV)_|^pdm /.test(name) || flow.tool !== 'poetry');
  if (settings.length > 0) return MET;
  if (flow.kind === 'wheel' || flow.kind === 'local' || flow.kind === 'requirements') return NOT_APPLICABLE;
  const span =
    flow.installs[0]?.verb.span ?? flow.script?.command.span ?? reading.production!.stage.from.keywordSpan;
  return missedBy([{ rule: 'BV109', message: 'no settings', span }]);
}
