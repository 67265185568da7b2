// From a Dockerfile's text to what rules look at: the one place where it is parsed for them.

import { readGraph } from '../reading/reading.ts';
import { parseDockerfile } from '../syntax/parse.ts';
import { graphStages } from '../syntax/stages.ts';
import type { LintProject } from './project.ts';
import type { LintInput } from './rule.ts';

/** @param file as messages name it */
export function openInput(text: string, file: string, project: LintProject | undefined): LintInput {
  const dockerfile = parseDockerfile(text);
  const graph = graphStages(dockerfile);
  return {
    file,
    dockerfile,
    graph,
    get reading() {
      return readGraph(graph);
    },
    project,
  };
}
