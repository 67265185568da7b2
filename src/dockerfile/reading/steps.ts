// The instructions of a stage with what they stand in: variables, user, work directory. What the base image brings is not
// known, nor is anything that `--build-arg` may change; ARGs have their defaults.

import type { ShellKind } from '../shell/read.ts';
import { shellKind } from '../shell/run.ts';
import type { Instruction } from '../syntax/ast.ts';
import { UNKNOWN } from '../syntax/lex.ts';
import { variablesAt } from '../syntax/scopes.ts';
import type { Stage, StageGraph, Variables } from '../syntax/stages.ts';
import { expandWord } from '../syntax/variables.ts';

export interface Step {
  readonly stage: Stage;
  readonly instruction: Instruction;
  /** ENV and ARG just before it. */
  readonly variables: Variables;
  /** As USER said it, without a group; undefined where the base image says it. */
  readonly user: string | undefined;
  /** Absolute; with `\0` at its start where it is not known. */
  readonly workdir: string;
  /** Of the user. */
  readonly home: string;
  /** What reads the shell form of a RUN. */
  readonly shell: ShellKind;
}

interface State {
  user: string | undefined;
  workdir: string;
  shell: ShellKind;
  /** Homes that `useradd` and the like were told, by user. */
  homes: ReadonlyMap<string, string>;
}

/** The steps of every stage, by its index: its own alone, each in the state that its parent leaves. */
export function readSteps(graph: StageGraph): readonly (readonly Step[])[] {
  const ends: State[] = [];
  return graph.stages.map((stage) => {
    const parent = stage.parent === undefined ? undefined : ends[stage.parent];
    const state: State =
      parent === undefined ? { user: undefined, workdir: '/', shell: 'sh', homes: new Map() } : { ...parent };
    const steps = stage.instructions.map((instruction, index): Step => {
      const variables = variablesAt(graph, stage, index);
      const { user, workdir, shell } = state;
      const step = { stage, instruction, variables, user, workdir, shell, home: homeOf(state, variables) };
      advance(state, step, graph.dockerfile.escape);
      return step;
    });
    ends[stage.index] = state;
    return steps;
  });
}

/** The text with what is known of its variables, and `\0` for the rest. */
export function expand(raw: string, variables: Variables, token: '\\' | '`'): string {
  return expandWord(raw, variables, token).pattern;
}

function advance(state: State, { instruction, variables }: Step, token: '\\' | '`'): void {
  const { keyword } = instruction;
  if (keyword === 'USER') {
    const user = expand(textOf(instruction), variables, token).split(':')[0] ?? '';
    if (user !== '') state.user = user;
  } else if (keyword === 'WORKDIR') {
    const path = expand(textOf(instruction), variables, token).replaceAll('\\', '/');
    const absolute = path.startsWith('/') || path.startsWith(UNKNOWN) || /^[A-Za-z]:/.test(path);
    state.workdir = absolute ? path : `${state.workdir.replace(/\/$/, '')}/${path}`;
  } else if (keyword === 'SHELL') {
    state.shell = shellKind(instruction.words.map(({ value }) => value));
  } else if (keyword === 'RUN') {
    const homes = homesMade(instruction, variables, token);
    if (homes.length > 0) state.homes = new Map([...state.homes, ...homes]);
  }
}

function textOf({ words, argument }: Instruction): string {
  return words[0]?.raw ?? argument.text.trim();
}

function homeOf({ user, homes }: State, variables: Variables): string {
  const said = variables.get('HOME');
  if (said !== undefined) return said;
  if (isRoot(user)) return '/root';
  const name = user ?? 'root';
  // A number without an entry has no home that can be known.
  return homes.get(name) ?? (/^\d+$/.test(name) ? UNKNOWN : `/home/${name}`);
}

/** Whether a user is root, as far as the file says it: unsaid is. */
export function isRoot(user: string | undefined): boolean {
  return user === undefined || /^(?:root|0+|ContainerAdministrator)$/i.test(user);
}

/** `useradd -u 1000 -d /opt/x name`, `adduser -h /x name`: homes by name and by number. */
function homesMade(
  { argument }: Instruction,
  variables: Variables,
  token: '\\' | '`',
): readonly (readonly [string, string])[] {
  const found: [string, string][] = [];
  if (!/(?:useradd|adduser)/.test(argument.text)) return found;
  for (const command of argument.text.matchAll(/\b(?:useradd|adduser)\b([^&|;]*)/g)) {
    const words = expand(command[1] ?? '', variables, token).split(/\s+/);
    const given = (option: RegExp): string | undefined => {
      const at = words.findIndex((word) => option.test(word));
      const word = words[at];
      return word?.includes('=') === true ? word.slice(word.indexOf('=') + 1) : word && words[at + 1];
    };
    // The name may stand anywhere: whatever looks like one is taken for one.
    const names = words.filter((word) => /^[a-z_][\w-]*$/i.test(word));
    const said = given(/^(?:-d|-h|--home|--home-dir)(?:=|$)/);
    const home = said?.startsWith('/') === true ? said.replace(/\/$/, '') : undefined;
    if (home !== undefined) for (const name of names) found.push([name, home]);
    const number = given(/^(?:-u|--uid)(?:=|$)/);
    const name = names.at(-1);
    if (number !== undefined && name !== undefined) found.push([number, home ?? `/home/${name}`]);
  }
  return found;
}
