// What the container starts, and whether the project puts it into the image.

import { hasOption } from '../../reading/options.ts';
import { readStart } from '../../reading/starts.ts';
import type { LintInput, Rule } from '../rule.ts';

export const MISSING_SCRIPT: Rule = {
  id: 'BV306',
  technique: null,
  severity: 'error',
  title: 'the console script that is started is installed',
  fixes: [],
  *check(input) {
    const { project, reading } = input;
    if (project === undefined) return;
    const first = readStart(reading)?.programs[0];
    const word = first?.word;
    if (
      word === undefined ||
      first?.through.includes('python') === true ||
      !project.scripts.includes(word.pattern) ||
      !isLeftOut(input)
    )
      return;
    const why = project.packageMode
      ? 'every install leaves the project itself out'
      : '`package-mode = false` installs no scripts';
    yield {
      message: `\`${word.pattern}\` is a script of the project, and ${why}: there is no such program`,
      span: word.span,
    };
  },
};

/** Nothing that ships installs the project's own package. */
function isLeftOut({ reading, project }: LintInput): boolean {
  const { flow, contributors } = reading;
  if (flow.kind !== 'groups') return false;
  const other = contributors.some(
    ({ installs, preparations, calls }) =>
      preparations.length > 0 ||
      installs.some(({ tool, kind }) => kind === 'local' || kind === 'bundle' || tool !== 'poetry') ||
      calls.some(({ args }) => args.some(({ pattern }) => pattern.includes(project?.scripts[0] ?? '\n'))),
  );
  if (other) return false;
  if (project?.packageMode === false) return true;
  return [...flow.installs, ...flow.repeats].every(
    ({ args, tool }) => tool === 'poetry' && hasOption(args, '--no-root') && args.unknown.length === 0,
  );
}
