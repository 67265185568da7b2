// T6, T8 and T10: what ships is small, runs as somebody, and starts from what is said.

import { isPinnedImage, sizeOfImage } from '../../reading/images.ts';
import { expand, isRoot } from '../../reading/steps.ts';
import { isTemplate } from '../../reading/templates.ts';
import { isEmpty } from './cache.ts';
import { type Judgement, missedBy, NOT_APPLICABLE, type Problem, type View } from './judgement.ts';
import { userFix } from './user-fix.ts';

export function judgeStages({ reading, input }: View): Judgement {
  const { flow, lineage, contributors, production } = reading;
  if (isEmpty(reading) || production === undefined || flow.kind === 'onbuild') return NOT_APPLICABLE;
  const first = lineage[0] ?? production;
  const works = contributors.some(
    (stage) =>
      !lineage.includes(stage) &&
      (stage.installs.length > 0 ||
        stage.preparations.length > 0 ||
        (flow.script !== undefined && stage.calls.includes(flow.script))),
  );
  // It writes for Poetry alone.
  const better = flow.tool === 'poetry' ? '; `bivy dockerfile` writes such a file' : '';
  if (!works) {
    const span = flow.installs[0]?.call.step.instruction.keywordSpan ?? first.stage.image.span;
    const message = `what installs the dependencies ships with them, ${flow.tool ?? 'pip'} and its own dependencies too: install in one stage, and copy the environment into a slim one${better}`;
    return missedBy([{ rule: 'BV106', message, span }]);
  }
  // Of a base with a variable that has no value, what is said beside it counts.
  const base = first.stage.base ?? first.stage.pattern.replaceAll('\0', '…');
  // What a template puts there is not known to be anything.
  const size =
    isTemplate(input.dockerfile.text) && first.stage.base === undefined ? 'minimal' : sizeOfImage(base);
  if (size === 'minimal') return missedBy([]);
  const message =
    size === 'full'
      ? `what ships starts from \`${base}\`, which holds compilers and more: take a slim one for the last stage`
      : `what ships starts from \`${base}\`, which its name does not call a small one: take a slim one for the last stage, or say here that it is`;
  return missedBy([{ rule: 'BV106', message, span: first.stage.image.span }]);
}

export function judgeUser(view: View): Judgement {
  const { reading, input } = view;
  const { production, lineage } = reading;
  if (production === undefined || isUnknown(reading) || reading.flow.kind === 'onbuild')
    return NOT_APPLICABLE;
  const last = lineage
    .flatMap(({ steps }) => steps.filter(({ instruction }) => instruction.keyword === 'USER'))
    .at(-1);
  if (last === undefined) {
    const message = 'the image runs as root: no `USER` says otherwise';
    return missedBy([{ rule: 'BV108', message, span: production.stage.from.keywordSpan, ...userFix(view) }]);
  }
  const { instruction, variables } = last;
  const word = instruction.words[0]?.raw ?? instruction.argument.text.trim();
  const name = expand(word, variables, input.dockerfile.escape).split(':')[0];
  if (!isRoot(name === '' ? undefined : name)) return missedBy([]);
  const message = `the image runs as root: \`USER ${word}\` is the last`;
  return missedBy([{ rule: 'BV108', message, span: instruction.span, ...userFix(view) }]);
}

export function judgeBases({ reading, input }: View): Judgement {
  const problems = reading.stages.flatMap(({ stage }): Problem[] => {
    if (stage.parent !== undefined || (stage.base !== undefined && isPinnedImage(stage.base))) return [];
    const { start, end } = stage.image.span;
    const message =
      stage.base === undefined
        ? `which image \`${input.dockerfile.text.slice(start, end)}\` is depends on a variable without a value`
        : `\`${stage.base}\` is another image every few weeks: name a patch release, or a digest`;
    return [{ rule: 'BV110', message, span: stage.image.span }];
  });
  return isUnknown(reading) ? { verdict: 'n/a', problems } : missedBy(problems);
}

/** Nothing of Python, on a base that nobody names: there is nothing to be said. */
function isUnknown(reading: View['reading']): boolean {
  return isEmpty(reading) && reading.lineage[0]?.stage.base === undefined;
}
