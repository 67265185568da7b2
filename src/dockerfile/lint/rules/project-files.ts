// Files of the project that an install wants: readmes, packages, path dependencies; and those that should stay outside.

import type { Install } from '../../reading/installs.ts';
import { locationOf } from '../../reading/locations.ts';
import { hasOption } from '../../reading/options.ts';
import type { Reading } from '../../reading/reading.ts';
import { isAtLeast, isBelow, poetryOf } from '../../reading/versions.ts';
import type { Fix } from '../finding.ts';
import { isIgnored } from '../ignore-file.ts';
import { offer } from '../judgements/edits.ts';
import type { View } from '../judgements/judgement.ts';
import type { LintProject } from '../project.ts';
import type { Observation, Rule } from '../rule.ts';
import { viewOf } from '../view.ts';
import {
  type Arrived,
  arrivalsBefore,
  brings,
  fromContext,
  joined,
  reaches,
  wholeCopies,
} from './arrivals.ts';

export const MISSING_README: Rule = {
  id: 'BV304',
  technique: null,
  severity: 'error',
  title: 'the readme is there when the project itself is installed',
  fixes: ['safe'],
  *check(input) {
    const { project, reading } = input;
    if (project === undefined || project.readmes.length === 0) return;
    const view = viewOf(input);
    for (const install of rootInstalls(input.reading, project)) {
      const arrived = arrivalsBefore(reading, install);
      for (const readme of project.readmes) {
        const path = joined(project.path, readme);
        if (arrived.made || arrived.sources.some(({ source }) => brings(source, path, project))) continue;
        const home = reading.stages[install.call.step.stage.index];
        const version = home && poetryOf(reading, home);
        const effect =
          isAtLeast(version, 1, 7) && isBelow(version, 2, 0)
            ? 'Poetry 1.7 and 1.8 warn, and leave the project itself out'
            : 'the install of the project fails';
        yield {
          message: `\`${readme}\` is not copied before this install, and pyproject.toml names it: ${effect}`,
          span: install.verb.span,
          ...copyReadme(view, arrived.sources, readme, path, project),
        };
        break;
      }
    }
  },
};

export const MISSING_PATH_DEPENDENCY: Rule = {
  id: 'BV305',
  technique: null,
  severity: 'error',
  title: 'path dependencies are copied before they are installed',
  fixes: [],
  *check({ project, reading }) {
    if (project === undefined) return;
    for (const install of poetryInstalls(reading)) {
      if (install.selection.rootOnly || hasOption(install.args, '--no-directory')) continue;
      const arrived = arrivalsBefore(reading, install);
      if (arrived.made) continue;
      for (const { name, path, group } of project.paths) {
        if (!isChosen(group, install, project)) continue;
        const inside = fromContext(project.path, path);
        // What lies outside of the context that is taken for granted lies in another one.
        if (inside === undefined || arrived.sources.some(({ source }) => reaches(source, inside))) continue;
        const message = `\`${name}\` is a directory of the project, \`${path}\`, and not copied before this install`;
        yield { message, span: install.verb.span };
      }
    }
  },
};

export const ROOT_BEFORE_CODE: Rule = {
  id: 'BV310',
  technique: null,
  severity: 'error',
  title: 'the project itself is installed when its code is there',
  fixes: ['safe'],
  *check(input) {
    const { project, reading } = input;
    if (project === undefined || project.packages.length === 0) return;
    const view = viewOf(input);
    for (const install of rootInstalls(reading, project)) {
      const arrived = arrivalsBefore(reading, install);
      const home = reading.stages[install.call.step.stage.index];
      const version = home && poetryOf(reading, home);
      if (arrived.made || !arrived.sources.some(({ source }) => source.kind === 'manifest')) continue;
      const paths = project.packages.map((path) =>
        joined(project.path, path.replace(/\/?[^/]*[*?[].*$/, '')),
      );
      if (arrived.sources.some(({ source }) => paths.some((path) => reaches(source, path)))) continue;
      if (!isAtLeast(version, 2, 0) && isRepeated(input.reading, install)) continue;
      const effect = isAtLeast(version, 2, 0)
        ? 'Poetry 2 fails'
        : isBelow(version, 1, 7)
          ? 'nothing of it is installed, without a word'
          : 'it is not installed';
      const message = `the code of the project is not there yet: ${effect}; say \`--no-root\` here`;
      const { end } = install.verb.span;
      const fix = isAtLeast(version, 2, 0)
        ? offer(view, 'say `--no-root`', 'safe', [addWord(view, install, end)])
        : {};
      yield { message, span: install.verb.span, ...fix };
    }
  },
};

/** A later install finds the code: before Poetry 2 the first one just does nothing. */
function isRepeated(reading: Reading, { call }: Install): boolean {
  return poetryInstalls(reading).some(
    (other) => other.call !== call && other.call.command.span.start > call.command.span.start,
  );
}

function addWord(
  { input }: View,
  { call }: Install,
  end: number,
): { span: { start: number; end: number }; text: string } | undefined {
  if (call.step.instruction.form === 'exec' || call.through.length > 0) return undefined;
  return /^[\w]/.test(input.dockerfile.text.slice(end - 1, end))
    ? { span: { start: end, end }, text: ' --no-root' }
    : undefined;
}

/** What of a build machine should stay there: each does harm in an image. */
const PRIVATE: readonly (readonly [path: string, why: string])[] = [
  ['.venv/', 'the environment of this machine lands on the one of the image'],
  ['.git/', 'the whole history ships, and each commit makes the layer anew'],
  ['.env', 'passwords ship'],
  ['.env.local', 'passwords ship'],
  ['.tox/', 'test environments ship'],
  ['.nox/', 'test environments ship'],
  ['node_modules/', 'packages of another language ship'],
  ['.mypy_cache/', 'a cache ships'],
  ['.pytest_cache/', 'a cache ships'],
  ['.ruff_cache/', 'a cache ships'],
];

export const UNIGNORED_FILES: Rule = {
  id: 'BV308',
  technique: null,
  severity: 'warning',
  title: 'what is copied with the whole context is what should ship',
  fixes: [],
  *check({ project, reading }) {
    if (project === undefined) return;
    const copy = wholeCopies(reading)[0];
    if (copy === undefined) return;
    const { ignore, contextFiles } = project;
    const admitted = PRIVATE.filter(
      ([name]) =>
        contextFiles.includes(name) && !(ignore !== undefined && isIgnored(ignore, name.replace(/\/$/, ''))),
    );
    const { span } = copy.source;
    if (ignore === undefined) {
      const found = admitted.map(([name]) => `\`${name}\``).join(', ');
      const what = found === '' ? '`.git`, `.venv`, caches and `.env`, wherever there are some' : found;
      yield { message: `there is no \`.dockerignore\`: this copies ${what}, too`, span };
    } else if (admitted.length > 0) {
      const found = admitted.map(([name, why]) => `\`${name}\` (${why})`).join(', ');
      yield { message: `\`${ignore.file}\` lets this copy ${found}`, span };
    }
  },
};

export const OVERWRITTEN_ENVIRONMENT: Rule = {
  id: 'BV309',
  technique: null,
  severity: 'error',
  title: "the virtual environment of the image is not overwritten by the build machine's",
  fixes: [],
  *check({ project, reading }) {
    if (project === undefined || !project.contextFiles.includes('.venv/')) return;
    if (project.ignore !== undefined && isIgnored(project.ignore, '.venv')) return;
    for (const install of poetryInstalls(reading)) {
      const { kind, path } = locationOf(reading, install, project.poetryToml);
      if (kind !== 'venv' || path === undefined) continue;
      for (const { source, copy } of wholeCopies(reading)) {
        if (copy.mounted || copy.step.instruction.span.start < install.call.step.instruction.span.start)
          continue;
        if (source.destination === undefined || path !== `${source.destination.replace(/\/$/, '')}/.venv`)
          continue;
        const message =
          'this copies `.venv` of the build machine over the environment that was just made: its links lead to no Python here; name `.venv` in `.dockerignore`';
        yield { message, span: source.span } satisfies Observation;
        return;
      }
    }
  },
};

function poetryInstalls({ flow }: Reading): readonly Install[] {
  if (flow.kind !== 'groups') return [];
  return [...flow.installs, ...flow.repeats].filter(
    ({ tool, kind }) => tool === 'poetry' && kind === 'groups',
  );
}

/** Those that install the project's own package, in the project's directory. */
function rootInstalls(reading: Reading, project: LintProject): readonly Install[] {
  if (!project.packageMode) return [];
  return poetryInstalls(reading).filter(
    ({ args, call }) =>
      !hasOption(args, '--no-root', '-C', '--directory', '-P', '--project') &&
      args.unknown.length === 0 &&
      !/(?:^|[;&|]\s*)cd\s/.test(call.step.instruction.argument.text),
  );
}

function isChosen(group: string, { selection, args }: Install, project: LintProject): boolean {
  if (args.unknown.length > 0) return false;
  if (selection.only.length > 0) return selection.only.includes(group);
  if (selection.without.includes(group)) return false;
  if (group !== 'main' && hasOption(args, '--no-dev')) return false;
  const optional = project.groups.find(({ name }) => name === group)?.optional ?? false;
  return !optional || selection.with.includes(group);
}

function copyReadme(
  view: View,
  sources: Arrived['sources'],
  readme: string,
  path: string,
  project: LintProject,
): { readonly fix?: Fix } {
  if (project.ignore !== undefined && isIgnored(project.ignore, path)) return {};
  // Without the code it fails all the same.
  const paths = project.packages.map((one) => joined(project.path, one.replace(/\/?[^/]*[*?[].*$/, '')));
  if (paths.length > 0 && !sources.some(({ source }) => paths.some((one) => reaches(source, one)))) return {};
  if (readme.includes('/') || /[^\w.-]/.test(readme) || !project.files.includes(readme)) return {};
  const manifest = sources.find(
    ({ source, copy }) => !copy.mounted && source.path === joined(project.path, 'pyproject.toml'),
  );
  if (manifest === undefined) return {};
  const { words, form } = manifest.copy.step.instruction;
  if (form === 'exec' || !/(?:\/|^\.{1,2})$/.test(words.at(-1)?.raw ?? '')) return {};
  const { end } = manifest.source.span;
  return offer(view, 'copy the readme, too', 'safe', [{ span: { start: end, end }, text: ` ${path}` }]);
}
