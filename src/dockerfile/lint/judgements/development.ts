// Whether dev groups are there for a reason: a stage for development stands on them, or a tool of theirs is run. Then leaving
// them out is no repair.

import type { Install } from '../../reading/installs.ts';
import { contributorsOf, isForDevelopment } from '../../reading/production.ts';
import type { Reading } from '../../reading/reading.ts';
import type { View } from './judgement.ts';

/** Programs that come with dev groups, and those that run whatever somebody wrote down for development. */
const TOOLS: ReadonlySet<string> = new Set(
  `pytest py.test mypy pyright ruff black flake8 isort pylint bandit tox nox coverage pre-commit sphinx-build mkdocs ipython
  jupyter debugpy ptw watchmedo make just task invoke inv poe taskipy safety pip-audit vulture autoflake yapf unittest`.split(
    /\s+/,
  ),
);

/** Whether something here would miss the dev groups that an install brings. */
export function servesDevelopment({ reading, input }: View, install: Install): boolean {
  const { production, contributors } = reading;
  if (production !== undefined) {
    // `docker/dev/Dockerfile`, `Dockerfile.test`
    const named = input.file.split(/[\\/]/).slice(-2).join(' ');
    if (isForDevelopment(production.stage) || isForDevelopment({ ...production.stage, name: named }))
      return true;
  }
  const tools = new Set(TOOLS);
  for (const { name, dependencies } of input.project?.groups ?? [])
    if (name !== 'main') for (const dependency of dependencies) tools.add(dependency);
  const runs = contributors
    .flatMap(({ calls }) => calls)
    .some(({ program, args, chance }) => {
      if (chance === 'never') return false;
      const [first, second] = args.map(({ pattern }) => pattern);
      return tools.has(program) || (program === 'python' && first === '-m' && tools.has(second ?? ''));
    });
  return runs || startsTool(reading, install, tools) || othersBuildOn(reading, install);
}

/** ENTRYPOINT and CMD; `uv run` installs the groups again. */
function startsTool({ lineage }: Reading, { tool }: Install, tools: ReadonlySet<string>): boolean {
  return lineage.some(({ stage }) =>
    stage.instructions.some(({ keyword, argument }) => {
      if (keyword !== 'CMD' && keyword !== 'ENTRYPOINT') return false;
      if (tool !== 'poetry' && /\brun\b/.test(argument.text)) return true;
      return argument.text.split(/[\s"',[\]&|;]+/).some((word) => tools.has(word));
    }),
  );
}

/** A stage that does not ship has the packages from here, and brings no dev groups itself. */
function othersBuildOn({ graph, stages, contributors }: Reading, { call }: Install): boolean {
  return stages.some((other) => {
    if (contributors.includes(other)) return false;
    const below = contributorsOf(graph.stages, other.stage);
    if (!below.includes(call.step.stage)) return false;
    const own = stages.filter((one) => below.includes(one.stage) && !contributors.includes(one));
    return !own.some(({ installs }) => installs.some(({ selection }) => selection.dev));
  });
}
