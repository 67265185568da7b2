// T9: nothing asks back, and where the environment is is said.

import type { Install } from '../../reading/installs.ts';
import { hasOption } from '../../reading/options.ts';
import { insertAfter, offer } from './edits.ts';
import { type Judgement, missedBy, NOT_APPLICABLE, type Problem, type View } from './judgement.ts';

export function judgeSettings(view: View): Judgement {
  const { flow, contributors, production } = view.reading;
  if (flow.tool === undefined || flow.kind === 'export' || production === undefined) return NOT_APPLICABLE;
  const settings = contributors.flatMap((stage) => stage.settings).filter(({ of }) => of === flow.tool);
  const installs = [...flow.installs, ...flow.repeats].filter(isOfPoetry);
  // Where Poetry does nothing but build a wheel there is no environment of its own.
  const builds = flow.kind === 'wheel' && !contributors.some((stage) => stage.installs.some(isOfPoetry));
  if (builds) return NOT_APPLICABLE;
  if (settings.length > 0) {
    const folklore = settings.filter(({ name }) => name === 'POETRY_NO_INTERACTION');
    const asking = installs.filter(({ args }) => !hasOption(args, '-n', '--no-interaction'));
    const problems = asking.length === 0 ? [] : folklore.map(({ span }) => unread(view, span, asking));
    return { verdict: 'met', problems };
  }
  if (flow.kind !== 'groups' && flow.kind !== 'script' && flow.kind !== 'none' && flow.kind !== 'onbuild') {
    return NOT_APPLICABLE;
  }
  const span = flow.installs[0]?.verb.span ?? flow.script?.command.span ?? production.stage.from.keywordSpan;
  const message =
    flow.tool === 'poetry'
      ? 'nothing keeps Poetry from asking back, or says where its environment is: say `--no-interaction`, and set `POETRY_VIRTUALENVS_CREATE` or `POETRY_VIRTUALENVS_IN_PROJECT`'
      : `nothing is set for ${flow.tool}: its defaults decide where the environment is`;
  return missedBy([
    {
      rule: 'BV109',
      message,
      span,
      ...offer(view, 'say `--no-interaction`', 'safe', quiet(view, installs)),
    },
  ]);
}

function isOfPoetry({ tool }: Install): boolean {
  return tool === 'poetry';
}

function unread(view: View, span: Problem['span'], installs: readonly Install[]): Problem {
  return {
    rule: 'BV119',
    message:
      'no Poetry reads `POETRY_NO_INTERACTION`: the flag `--no-interaction` does what it is meant to do',
    span,
    ...offer(view, 'say `--no-interaction`', 'safe', quiet(view, installs)),
  };
}

function quiet(view: View, installs: readonly Install[]): ReturnType<typeof insertAfter>[] {
  return installs.map(({ call, verb, kind, args }) => {
    // `bundle venv` is one command.
    const word = kind === 'bundle' ? args.rest[0] : verb;
    return word === undefined ? undefined : insertAfter(view, call, word, ['--no-interaction']);
  });
}
