// What ARG and ENV say at a place of the file. As BuildKit dispatches them: in order, the later one wins; a stage starts
// with what the stage it comes from ended with, ENV before ARG; an ARG without a value takes the global one's.

import type { Instruction } from './ast.ts';
import type { Stage, StageGraph, Variables } from './stages.ts';
import { expandWord, PLATFORM_VARIABLES } from './variables.ts';

/** What is set so far; `environment` is the part that ENV set, which an image keeps. */
interface Scope {
  readonly all: Map<string, string | undefined>;
  readonly environment: Map<string, string | undefined>;
}

interface Cursor {
  readonly scope: Scope;
  stage: number;
  /** Instructions of the stage that the scope counts in. */
  count: number;
  /** What the scope holds, handed out; undefined after a change. */
  snapshot: Variables | undefined;
}

interface Known {
  readonly globals: Variables;
  /** By index, for stages that another one starts from. */
  readonly ends: Map<number, Scope>;
  cursor: Cursor | undefined;
}

const KNOWN = new WeakMap<StageGraph, Known>();

/** The variables that FROM can use: those of the platform, and ARGs before the first FROM with their defaults. */
export function globalVariables(globals: readonly Instruction[], token: '\\' | '`'): Variables {
  const variables = new Map<string, string | undefined>(PLATFORM_VARIABLES.map((name) => [name, undefined]));
  for (const { pairs } of globals) {
    for (const { name, value } of pairs) {
      if (value !== undefined) variables.set(name, expandWord(value.raw, variables, token).value);
      else if (!variables.has(name)) variables.set(name, undefined);
    }
  }
  return variables;
}

/**
 * The variables just before `stage.instructions[index]`, or at the stage's end. A name with the value undefined is
 * declared and not known; what the base image sets is not there. Do not change the map: it may be handed out again.
 */
export function variablesAt(graph: StageGraph, stage: Stage, index: number): Variables {
  let known = KNOWN.get(graph);
  if (known === undefined) {
    const globals = globalVariables(graph.globals, graph.dockerfile.escape);
    known = { globals, ends: new Map(), cursor: undefined };
    KNOWN.set(graph, known);
  }
  let { cursor } = known;
  if (cursor === undefined || cursor.stage !== stage.index || cursor.count > index) {
    const scope = openScope(graph, known, stage);
    cursor = { scope, stage: stage.index, count: 0, snapshot: undefined };
    known.cursor = cursor;
  }
  for (; cursor.count < Math.min(index, stage.instructions.length); cursor.count += 1) {
    const changed = apply(cursor.scope, stage.instructions[cursor.count]!, known.globals, graph);
    if (changed) cursor.snapshot = undefined;
  }
  cursor.snapshot ??= new Map(cursor.scope.all);
  return cursor.snapshot;
}

/** The scope at the head of a stage; those of the stages that it comes from are made first. */
function openScope(graph: StageGraph, known: Known, stage: Stage): Scope {
  const chain: Stage[] = [];
  for (let at = parentOf(graph, stage); at !== undefined; at = parentOf(graph, at)) {
    chain.push(at);
    if (known.ends.has(at.index)) break;
  }
  for (const parent of chain.reverse()) {
    if (known.ends.has(parent.index)) continue;
    const scope = inherit(graph, known, parent);
    for (const instruction of parent.instructions) apply(scope, instruction, known.globals, graph);
    known.ends.set(parent.index, scope);
  }
  return inherit(graph, known, stage);
}

function parentOf(graph: StageGraph, { parent }: Stage): Stage | undefined {
  return parent === undefined ? undefined : graph.stages[parent];
}

function inherit(graph: StageGraph, known: Known, stage: Stage): Scope {
  const parent = parentOf(graph, stage);
  const end = parent === undefined ? undefined : known.ends.get(parent.index);
  if (parent === undefined || end === undefined) return { all: new Map(), environment: new Map() };
  const scope = { all: new Map([...end.all, ...end.environment]), environment: new Map(end.environment) };
  for (const { trigger } of parent.instructions) {
    if (trigger !== undefined) apply(scope, trigger, known.globals, graph);
  }
  return scope;
}

/** @returns whether the instruction changed the scope */
function apply(scope: Scope, instruction: Instruction, globals: Variables, graph: StageGraph): boolean {
  const { keyword, pairs } = instruction;
  const token = graph.dockerfile.escape;
  if (keyword === 'ENV') {
    // All values of one ENV see what was set before it.
    const values = pairs.map(({ value }) => expandWord(value?.raw ?? '', scope.all, token).value);
    pairs.forEach(({ name }, index) => {
      scope.all.set(name, values[index]);
      scope.environment.set(name, values[index]);
    });
    return true;
  }
  if (keyword !== 'ARG') return false;
  for (const { name, value } of pairs) {
    if (value !== undefined) scope.all.set(name, expandWord(value.raw, scope.all, token).value);
    else if (globals.has(name)) scope.all.set(name, globals.get(name));
    else if (!scope.all.has(name)) scope.all.set(name, undefined);
  }
  return true;
}
