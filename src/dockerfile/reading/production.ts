// Which stage is meant for production, and which stages it is made of.

import type { Stage, StageGraph } from '../syntax/stages.ts';

const DEVELOPMENT: ReadonlySet<string> = new Set(
  `dev devel develop development developer devcontainer test tests testing tester unittest unittests pytest e2e debug
  debugger debugging lint linter linting local ci check checks checker docs doc coverage notebook jupyter sandbox
  playground`.split(/\s+/),
);
const PRODUCTION: ReadonlySet<string> = new Set(
  `prod prd production release runtime run runner final deploy deployment app application server live main web api
  service image`.split(/\s+/),
);
/** `app-builder` and `prod-deps` make something for another stage. */
const PREPARATION: ReadonlySet<string> = new Set(
  'build builder building base deps dependencies compile compiler cache wheels frontend node assets'.split(
    ' ',
  ),
);

/** Whether a stage's name says that it serves development or checks. */
export function isForDevelopment({ name }: Stage): boolean {
  return wordsOf(name).some((word) => DEVELOPMENT.has(word));
}

/**
 * The last stage, unless its name, or that of a stage that it starts from, says that it serves development, and another
 * one serves production: one that is called so, or the stage that the last one starts from, where that can be started
 * by itself, or else the last one that can.
 */
export function chooseProduction({ stages }: StageGraph): Stage | undefined {
  const last = stages.at(-1);
  if (last === undefined) return undefined;
  const isDevelopment = (stage: Stage): boolean => lineageOf(stages, stage).some(isForDevelopment);
  if (!isDevelopment(last)) return last;
  const named = stages.filter((stage) => {
    const words = wordsOf(stage.name);
    return (
      words.some((word) => PRODUCTION.has(word)) &&
      !words.some((word) => PREPARATION.has(word)) &&
      !isDevelopment(stage)
    );
  });
  if (named.length > 0) return named.at(-1);
  if (!isForDevelopment(last)) return last;
  const isStarted = ({ instructions }: Stage): boolean =>
    instructions.some(({ keyword }) => keyword === 'CMD' || keyword === 'ENTRYPOINT');
  const below = lineageOf(stages, last).filter((stage) => !isForDevelopment(stage) && isStarted(stage));
  return below.at(-1) ?? stages.findLast((stage) => !isDevelopment(stage) && isStarted(stage)) ?? last;
}

/** The stages that one starts from, the first first, itself last. */
export function lineageOf(stages: readonly Stage[], stage: Stage): readonly Stage[] {
  const lineage: Stage[] = [];
  for (let at: Stage | undefined = stage; at !== undefined && !lineage.includes(at); ) {
    lineage.unshift(at);
    at = at.parent === undefined ? undefined : stages[at.parent];
  }
  return lineage;
}

/** The stages that BuildKit builds for one, in the order of the file. */
export function contributorsOf(stages: readonly Stage[], stage: Stage): readonly Stage[] {
  const found = new Set<Stage>();
  const queue = [stage];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    if (found.has(at)) continue;
    found.add(at);
    for (const index of [...(at.parent === undefined ? [] : [at.parent]), ...at.reads]) {
      const other = stages[index];
      if (other !== undefined) queue.push(other);
    }
  }
  return stages.filter((one) => found.has(one));
}

function wordsOf(name: string | undefined): readonly string[] {
  return name === undefined ? [] : name.toLowerCase().split(/[^a-z0-9]+/);
}
