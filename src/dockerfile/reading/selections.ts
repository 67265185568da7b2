// Which dependency groups an install takes: Poetry's flags from 1.0 to 2.4, uv's, pdm's and pipenv's.

import type { Command } from '../shell/ast.ts';
import type { Call } from './calls.ts';
import { type Arguments, hasOption, valuesOf } from './options.ts';

export interface Selection {
  /** Groups of development go in. */
  readonly dev: boolean;
  readonly only: readonly string[];
  readonly with: readonly string[];
  readonly without: readonly string[];
  readonly extras: readonly string[];
  readonly allExtras: boolean;
  /** `--only-root`, `--no-install-…` turned around: the project alone. */
  readonly rootOnly: boolean;
  /** What is not in the selection is removed. */
  readonly syncs: boolean;
}

const DEVELOPMENT =
  /^(?:dev|devel|develop|development|test|tests|testing|lint|linting|typing|types|ci|docs?|debug|local|quality)$|^(?:dev|test)[-_]|[-_](?:dev|tests?)$/i;

/** Whether a group is called as those that serve development are. */
export function isDevelopmentGroup(group: string): boolean {
  return DEVELOPMENT.test(group);
}

/** Of `poetry install`, `sync`, `update` and `bundle`: every group that is not optional, unless told otherwise. */
export function selectOfPoetry(args: Arguments, call: Call, calls: readonly Call[]): Selection {
  const printed = wordsPrinted(args, call, calls);
  const only = [...valuesOf(args, '--only'), ...printedValues(printed, '--only')];
  const added = valuesOf(args, '--with');
  const without = [...valuesOf(args, '--without'), ...printedValues(printed, '--without')];
  const noDev = hasOption(args, '--no-dev') || printed.includes('--no-dev');
  const rootOnly = hasOption(args, '--only-root');
  return {
    dev: !rootOnly && takesDev({ only, added, without, noDev }),
    only,
    with: added,
    without,
    extras: valuesOf(args, '-E', '--extras'),
    allExtras: hasOption(args, '--all-extras'),
    rootOnly,
    syncs:
      hasOption(args, '--sync', '--remove-untracked') || call.args.some(({ pattern }) => pattern === 'sync'),
  };
}

function takesDev({
  only,
  added,
  without,
  noDev,
}: {
  readonly only: readonly string[];
  readonly added: readonly string[];
  readonly without: readonly string[];
  readonly noDev: boolean;
}): boolean {
  // Unknown groups are not known to serve development.
  if (only.length > 0) return only.some(isDevelopmentGroup);
  if (added.some((group) => isDevelopmentGroup(group) && !without.includes(group))) return true;
  return !noDev && !without.some(isDevelopmentGroup);
}

/** `$(test "$ENV" = production && echo "--no-dev")`: the words that an `echo` inside the command would give. */
function wordsPrinted(args: Arguments, call: Call, calls: readonly Call[]): readonly string[] {
  if (args.unknown.length === 0) return [];
  const { span } = call.command;
  return calls
    .filter(
      ({ program, command, chance }) =>
        command.substituted &&
        chance !== 'never' &&
        (program === 'echo' || program === 'printf') &&
        inside(command, span),
    )
    .flatMap((echo) => echo.args.flatMap(({ pattern }) => pattern.split(/\s+/)));
}

function inside({ span }: Command, outer: Command['span']): boolean {
  return outer.start <= span.start && span.end <= outer.end;
}

function printedValues(words: readonly string[], name: string): readonly string[] {
  return words.flatMap((word, index) => {
    if (word === name) return (words[index + 1] ?? '').split(',');
    return word.startsWith(`${name}=`) ? word.slice(name.length + 1).split(',') : [];
  });
}

/** Of `poetry export`: main alone, unless told otherwise. */
export function exportsDev(args: Arguments): boolean {
  return (
    hasOption(args, '--dev', '--all-groups') ||
    valuesOf(args, '--with', '--only').some((group) => isDevelopmentGroup(group))
  );
}

/** Of `uv sync`, `uv run` and `uv export`: the group `dev` goes in, unless told otherwise. */
export function selectOfUv(args: Arguments, { variables }: Call): Selection {
  const set = (name: string): boolean => /^(?:1|true|yes|on)$/i.test(variables.get(name) ?? '');
  const without = [...valuesOf(args, '--no-group'), ...(variables.get('UV_NO_GROUP') ?? '').split(/\s+/)];
  const only = valuesOf(args, '--only-group');
  const added = valuesOf(args, '--group');
  const left =
    hasOption(args, '--no-dev', '--no-default-groups') ||
    set('UV_NO_DEV') ||
    set('UV_NO_DEFAULT_GROUPS') ||
    without.some(isDevelopmentGroup);
  const dev =
    only.length > 0
      ? only.some(isDevelopmentGroup)
      : added.some(isDevelopmentGroup) || hasOption(args, '--dev', '--only-dev', '--all-groups') || !left;
  return plain(dev, {
    only,
    with: added,
    without,
    extras: valuesOf(args, '--extra'),
    allExtras: hasOption(args, '--all-extras'),
    syncs: true,
  });
}

/** Of `pdm install`, `sync` and `export`: development goes in, unless told otherwise. */
export function selectOfPdm(args: Arguments): Selection {
  const added = valuesOf(args, '-G', '--group', '--with');
  const without = valuesOf(args, '--without');
  const left = hasOption(args, '--prod', '--production', '--no-dev') || without.some(isDevelopmentGroup);
  return plain(added.some(isDevelopmentGroup) || !left, {
    with: added,
    without,
    syncs: call(args, 'sync') && !hasOption(args, '--no-clean'),
  });
}

function call({ rest }: Arguments, name: string): boolean {
  return rest.some(({ pattern }) => pattern === name);
}

/** What takes no groups: a wheel, a requirements file; `pipenv install` without `--dev`. */
export function plain(dev: boolean, more: Partial<Selection> = {}): Selection {
  return {
    dev,
    only: [],
    with: [],
    without: [],
    extras: [],
    allExtras: false,
    rootOnly: false,
    syncs: false,
    ...more,
  };
}

/** Whether an install after another one brings nothing new but the project itself. */
export function covers(earlier: Selection, later: Selection): boolean {
  if (later.rootOnly) return true;
  if (later.dev && !earlier.dev) return false;
  if (later.allExtras && !earlier.allExtras) return false;
  if (!earlier.allExtras && later.extras.some((extra) => !earlier.extras.includes(extra))) return false;
  if (later.with.some((group) => !earlier.with.includes(group) && !isDevelopmentGroup(group))) return false;
  return later.only.every(
    (group) => group === 'main' || earlier.only.length === 0 || earlier.only.includes(group),
  );
}
