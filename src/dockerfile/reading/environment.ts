// Whose installed packages ship: the stages that production starts from, and those that it copies an environment from.

import type { StageGraph } from '../syntax/stages.ts';
import { lineageOf } from './production.ts';
import type { StageReading } from './stage-reading.ts';
import { expand, type Step } from './steps.ts';

/** What is copied alone brings no environment: wheels, lists, pages, bundles for browsers, single files. */
const APART =
  /(?:^|\/)(?:dist|static|staticfiles|docs?|node_modules|public|assets|html|locale|media)(?:\/|$)|\.(?:whl|txt|json|lock|toml|js|css|sh|key|gz|py|cfg|conf|ini|ya?ml|xml|md|pem|crt|db|zip|tar|tgz)$/;

/** In no order. */
export function findEnvironment(
  production: StageReading,
  stages: readonly StageReading[],
  graph: StageGraph,
): readonly StageReading[] {
  const found = new Set<StageReading>();
  const queue = [production];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const { index } of lineageOf(graph.stages, at.stage)) {
      const stage = stages[index];
      if (stage === undefined || found.has(stage)) continue;
      found.add(stage);
      for (const step of stage.steps) {
        const copied = readStageCopy(step, stages, graph);
        if (copied !== undefined && !copied.paths.every((path) => APART.test(path)))
          queue.push(copied.source);
      }
    }
  }
  return [...found];
}

/** A copy out of another stage, and what it takes; undefined where a step is none. */
export function readStageCopy(
  step: Step,
  stages: readonly StageReading[],
  graph: StageGraph,
): { readonly source: StageReading; readonly paths: readonly string[] } | undefined {
  const { instruction, variables } = step;
  const from =
    instruction.keyword === 'COPY' ? instruction.flags.find(({ name }) => name === 'from') : undefined;
  if (from?.value === undefined) return undefined;
  const paths = instruction.words
    .slice(0, -1)
    .map(({ raw }) => expand(raw, variables, graph.dockerfile.escape));
  const name = from.value.toLowerCase();
  const source = /^\d+$/.test(name)
    ? stages[Number(name)]
    : stages.findLast(({ stage }) => stage.name === name && stage.index < step.stage.index);
  return source === undefined ? undefined : { source, paths };
}
