// T1: the exact version of Poetry (or of uv, pdm, pipenv where these install) is said.

import { requirementsOfTool } from '../../reading/flows.ts';
import type { Reading } from '../../reading/reading.ts';
import { type Tool, type ToolArrival, toolOfImage, versionOfImage } from '../../reading/tools.ts';
import { type Judgement, missedBy, NOT_APPLICABLE, type Problem, type View } from './judgement.ts';

const NAMES: Readonly<Record<Tool, string>> = { poetry: 'Poetry', pdm: 'PDM', uv: 'uv', pipenv: 'Pipenv' };

export function judgePin({ reading }: View): Judgement {
  const { tool } = reading.flow;
  if (tool === undefined) return NOT_APPLICABLE;
  const arrivals = reading.contributors
    .flatMap((stage) => stage.arrivals)
    .filter((arrival) => arrival.tool === tool);
  if (arrivals.length === 0) return judgeOutOfSight(reading, tool);
  return missedBy(
    arrivals.flatMap((arrival) => {
      const { precision } = arrival.version;
      return precision === 'exact' || precision === 'unknown' ? [] : [unpinned(arrival)];
    }),
  );
}

/** No line brings the tool: a requirements file does, or the base. */
function judgeOutOfSight(reading: Reading, tool: Tool): Judgement {
  if (tool === 'poetry' && requirementsOfTool(reading.contributors) !== undefined) return missedBy([]);
  const bases = reading.contributors.filter(({ stage }) => stage.parent === undefined);
  const used = bases.filter(({ stage }) => toolOfImage(stage.pattern) === tool);
  const problems = (used.length > 0 ? used : bases).flatMap(({ stage }): Problem[] => {
    const exact = stage.base !== undefined && versionOfImage(stage.base).precision === 'exact';
    // A language's own image has no Poetry: its version says nothing.
    if (exact && (used.length > 0 || !/(?:^|\/)python$/.test(stage.base?.replace(/:[^/]*$/, '') ?? '')))
      return [];
    const message = `${NAMES[tool]} comes from \`${stage.image.raw}\`, and no version of it is said: another build may bring another one`;
    return [{ rule: 'BV101', message, span: stage.image.span }];
  });
  return missedBy(problems);
}

function unpinned({ tool, version, span }: ToolArrival): Problem {
  const message =
    version.precision === 'range'
      ? `\`${version.text}\` is a range of versions of ${NAMES[tool]}`
      : `${NAMES[tool]} is not pinned`;
  return { rule: 'BV101', message, span };
}
