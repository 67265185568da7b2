// The programs that a RUN starts, with the variables that each of them sees, and whether it is started at all where ARGs have
// their defaults.

import type { Assignment, Command, ShellWord } from '../shell/ast.ts';
import { unwrapCommand } from '../shell/programs.ts';
import { readRun } from '../shell/run.ts';
import type { Variables } from '../syntax/stages.ts';
import type { Step } from './steps.ts';

export interface Call {
  readonly step: Step;
  readonly command: Command;
  /** Place among the calls of its step. */
  readonly index: number;
  /** Without directory and version: `pip` for `/venv/bin/pip3.11`. */
  readonly program: string;
  readonly programWord: ShellWord;
  readonly args: readonly ShellWord[];
  /** Programs that start it, outermost first: `uv` for `uv pip install`. */
  readonly through: readonly string[];
  /** Set for it alone: `X=y poetry install`. */
  readonly assigned: readonly Assignment[];
  /** ENV, ARG, what the script set before it, and what is set for it. */
  readonly variables: Variables;
  /** `never`: with default values of ARGs it does not run. */
  readonly chance: 'runs' | 'may' | 'never';
}

/**
 * The calls of a step in the order of the script; empty where it is no RUN.
 *
 * @param text of the whole file
 */
export function readCalls(step: Step, text: string): readonly Call[] {
  if (step.instruction.keyword !== 'RUN') return [];
  const calls: Call[] = [];
  // Handed to every call until something is assigned, and never changed then.
  let variables: Variables = step.variables.has('HOME')
    ? step.variables
    : new Map([...step.variables, ['HOME', step.home]]);
  const chanceOf = followConditions();
  for (const command of readRun(text, step.instruction, variables, step.shell).commands) {
    const sets =
      command.words.length === 0 || /^(?:export|declare|readonly)$/.test(command.words[0]!.pattern);
    if (sets) {
      if (chanceOf(command) !== 'never') variables = assignAll(variables, command);
      continue;
    }
    let known: { readonly command: Command; readonly chance: Call['chance'] } | undefined;
    for (const found of unwrapCommand(command, variables)) {
      if (known?.command !== found.command)
        known = { command: found.command, chance: chanceOf(found.command) };
      if (found.program === undefined) continue;
      calls.push({
        step,
        command: found.command,
        index: calls.length,
        program: found.program,
        programWord: found.word,
        args: found.arguments,
        through: found.through,
        assigned: found.environment,
        variables: withAssignments(variables, found.environment),
        chance: known.chance,
      });
    }
  }
  return calls;
}

/** A test, and what it keeps from running. */
interface Followed {
  previous: Command | undefined;
  test: boolean | undefined;
}

/**
 * A branch runs as the test before it says; commands are given in the order of the script. What `$(…)` runs comes before the
 * command that it stands in, and its tests say nothing of that one.
 */
function followConditions(): (command: Command) => Call['chance'] {
  const outer: Followed = { previous: undefined, test: undefined };
  let within: Followed | undefined;
  return (command) => {
    within = command.substituted ? (within ?? { ...outer }) : undefined;
    return follow(within ?? outer, command);
  };
}

function follow(state: Followed, command: Command): Call['chance'] {
  const { previous: before, test } = state;
  state.previous = command;
  const isCondition = isTest(command);
  if (command.branch === undefined) {
    state.test = command.outcome;
    const guarded = command.joined === '&&' && before !== undefined && isTest(before);
    if (guarded && test === false) {
      // `test … && a && b`: what follows `a` is kept from running, too.
      state.test = false;
      state.previous = before;
      return 'never';
    }
    if (guarded && test === true) return 'runs';
    return command.conditional && !isCondition ? 'may' : 'runs';
  }
  if (isCondition) {
    // `elif`: decided only where the test before it failed.
    if (test !== true) state.test = command.outcome;
    return 'may';
  }
  if (test === undefined) return 'may';
  return (command.branch === 0) === test ? 'runs' : 'never';
}

function isTest({ words }: Command): boolean {
  return /^(?:\[{1,2}|test)$/.test(words[0]?.value ?? '');
}

function assignAll(before: Variables, { assignments, words }: Command): Variables {
  const variables = new Map(before);
  for (const { name, value } of assignments) variables.set(name, value.value);
  for (const { pattern } of words.slice(1)) {
    const match = /^([A-Za-z_]\w*)=(.*)$/s.exec(pattern);
    if (match !== null) variables.set(match[1]!, match[2]!.includes('\0') ? undefined : match[2]);
  }
  return variables;
}

function withAssignments(variables: Variables, assignments: readonly Assignment[]): Variables {
  if (assignments.length === 0) return variables;
  return new Map([...variables, ...assignments.map(({ name, value }) => [name, value.value] as const)]);
}
