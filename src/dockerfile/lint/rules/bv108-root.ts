// T8: what ships does not run as root.

import type { Instruction } from '../../syntax/ast.ts';
import type { Stage, StageGraph } from '../../syntax/stages.ts';
import type { Rule } from '../rule.ts';

export const ROOT_USER: Rule = {
  id: 'BV108',
  technique: 'T8',
  severity: 'warning',
  title: 'what ships does not run as root',
  fixes: [],
  *check({ graph }) {
    const last = graph.stages.at(-1);
    if (last === undefined) return;
    const user = lastUser(last, graph);
    if (user === undefined) {
      yield {
        message: 'the image runs as root: no `USER` says otherwise',
        span: last.from.keywordSpan,
      };
    } else if (isRoot(user)) {
      yield { message: `the image runs as root: \`USER ${argumentOf(user)}\` is the last`, span: user.span };
    }
  },
};

/** The last USER of a stage, or of the stage that it starts from. */
function lastUser(stage: Stage, graph: StageGraph): Instruction | undefined {
  for (let at: Stage | undefined = stage; at !== undefined; ) {
    const user = at.instructions.findLast(({ keyword }) => keyword === 'USER');
    if (user !== undefined) return user;
    const { parent, index }: Stage = at;
    // A stage starts from an earlier one; a cycle is a fault of syntax.
    at = parent === undefined || parent >= index ? undefined : graph.stages[parent];
  }
  return undefined;
}

function isRoot(user: Instruction): boolean {
  return /^["']?(?:root|0+)["']?(?::|$)/.test(argumentOf(user));
}

function argumentOf(user: Instruction): string {
  return user.argument.text.trim();
}
