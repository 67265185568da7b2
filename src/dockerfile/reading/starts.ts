// How a container of what ships is started: ENTRYPOINT and CMD together, as the programs that they run.

import { readExec } from '../shell/exec.ts';
import { type Invocation, unwrapCommand } from '../shell/programs.ts';
import { readRun } from '../shell/run.ts';
import type { Instruction } from '../syntax/ast.ts';
import type { Reading } from './reading.ts';
import type { Step } from './steps.ts';

export interface Start {
  /** Of CMD where there is one, else of ENTRYPOINT. */
  readonly step: Step;
  readonly entrypoint: Step | undefined;
  readonly cmd: Step | undefined;
  /** What runs, wrappers looked through; arguments of both instructions. Empty where a script of the image decides. */
  readonly programs: readonly Invocation[];
}

/** Undefined where neither is said: the base image says it. */
export function readStart(reading: Reading): Start | undefined {
  let start = STARTS.get(reading);
  if (start === undefined) {
    start = findStart(reading) ?? null;
    STARTS.set(reading, start);
  }
  return start ?? undefined;
}

const STARTS = new WeakMap<Reading, Start | null>();

function findStart({ lineage, graph }: Reading): Start | undefined {
  const steps = lineage.flatMap((stage) => stage.steps);
  const entrypoint = last(steps, 'ENTRYPOINT');
  let cmd = last(steps, 'CMD');
  // An ENTRYPOINT of a later stage takes away the CMD of the one it starts from.
  if (cmd !== undefined && entrypoint !== undefined && cmd.stage.index < entrypoint.stage.index)
    cmd = undefined;
  const step = cmd ?? entrypoint;
  if (step === undefined) return undefined;
  return { step, entrypoint, cmd, programs: programsOf(entrypoint, cmd, graph.dockerfile.text) };
}

function last(steps: readonly Step[], keyword: string): Step | undefined {
  const found = steps.findLast(({ instruction }) => instruction.keyword === keyword);
  return found === undefined || isEmpty(found.instruction) ? undefined : found;
}

function isEmpty({ words, form, argument }: Instruction): boolean {
  return form === 'exec' ? words.length === 0 : argument.text.trim() === '';
}

function programsOf(
  entrypoint: Step | undefined,
  cmd: Step | undefined,
  text: string,
): readonly Invocation[] {
  const isExec = (step: Step | undefined): boolean => step?.instruction.form === 'exec';
  if (entrypoint !== undefined && cmd !== undefined && isExec(entrypoint) && isExec(cmd)) {
    const command = readExec([...entrypoint.instruction.words, ...cmd.instruction.words]);
    return unwrapCommand(command, cmd.variables);
  }
  // A shell form of ENTRYPOINT is all that runs.
  const steps = entrypoint !== undefined && !isExec(entrypoint) ? [entrypoint] : [entrypoint, cmd];
  return steps.flatMap((step) =>
    step === undefined
      ? []
      : readRun(text, step.instruction, step.variables, step.shell).commands.flatMap((command) =>
          unwrapCommand(command, step.variables),
        ),
  );
}
