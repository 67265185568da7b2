// One stage with all that its instructions do: calls, copies, tools that arrive, installs, settings.

import type { Stage, StageGraph } from '../syntax/stages.ts';
import { type Call, readCalls } from './calls.ts';
import { type ContextCopy, readContextCopy } from './copies.ts';
import { type Install, type Preparation, readInstall, readPreparation } from './installs.ts';
import { readSettingsOfCall, readSettingsOfStep, type Setting } from './settings.ts';
import type { Step } from './steps.ts';
import { readArrivals, readCopiedTool, type ToolArrival } from './tools.ts';

/** A stage with all that its instructions do. */
export interface StageReading {
  readonly stage: Stage;
  readonly steps: readonly Step[];
  readonly calls: readonly Call[];
  readonly copies: readonly ContextCopy[];
  readonly arrivals: readonly ToolArrival[];
  readonly installs: readonly Install[];
  readonly preparations: readonly Preparation[];
  readonly settings: readonly Setting[];
}

/** Each list is in the order of the file. */
export function readStage(stage: Stage, steps: readonly Step[], graph: StageGraph): StageReading {
  const { escape: token, text } = graph.dockerfile;
  const calls: Call[] = [];
  const copies: ContextCopy[] = [];
  const arrivals: ToolArrival[] = [];
  const installs: Install[] = [];
  const preparations: Preparation[] = [];
  const settings: Setting[] = [];
  for (const step of steps) {
    const own = readCalls(step, text);
    calls.push(...own);
    const copy = readContextCopy(step, token);
    if (copy !== undefined) copies.push(copy);
    const copied = readCopiedTool(step, token);
    if (copied !== undefined) arrivals.push(copied);
    arrivals.push(...readArrivals(step, own));
    settings.push(...readSettingsOfStep(step, copy));
    for (const call of own) {
      const install = readInstall(call, own);
      if (install !== undefined) installs.push(install);
      const preparation = readPreparation(call);
      if (preparation !== undefined) preparations.push(preparation);
      settings.push(...readSettingsOfCall(call));
    }
  }
  return { stage, steps, calls, copies, arrivals, installs, preparations, settings };
}
