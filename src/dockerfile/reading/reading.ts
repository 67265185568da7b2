// What a Dockerfile does with Poetry, as far as the file says it: the stage meant for production, what it is made of, how the
// tools come, what is installed from what, with which cache. Pure; worked out once a graph.

import { parseDockerfile } from '../syntax/parse.ts';
import { graphStages, type Stage, type StageGraph } from '../syntax/stages.ts';
import { type CacheOutcome, readCache } from './caches.ts';
import { findEnvironment } from './environment.ts';
import { type Flow, findFlow } from './flows.ts';
import type { Install } from './installs.ts';
import { chooseProduction, contributorsOf, lineageOf } from './production.ts';
import { readStage, type StageReading } from './stage-reading.ts';
import { readSteps } from './steps.ts';
import { isTemplate, maskTemplate } from './templates.ts';

export interface Reading {
  readonly graph: StageGraph;
  /** By index, those too that do not ship. */
  readonly stages: readonly StageReading[];
  /** What ships; undefined where there is no stage. */
  readonly production: StageReading | undefined;
  /** The stages that production starts from, the first first, itself last. */
  readonly lineage: readonly StageReading[];
  /** The stages that BuildKit builds for production, itself among them. */
  readonly contributors: readonly StageReading[];
  readonly flow: Flow;
}

const READ = new WeakMap<StageGraph, Reading>();

/** The reading of a graph; the same graph gives the same one. Its own graph is another one where the file is a template. */
export function readGraph(graph: StageGraph): Reading {
  let reading = READ.get(graph);
  if (reading === undefined) {
    reading = assemble(readable(graph));
    READ.set(graph, reading);
  }
  return reading;
}

/** Of a template what stands around its tags: other nodes, the same offsets. */
function readable(graph: StageGraph): StageGraph {
  const { text } = graph.dockerfile;
  return isTemplate(text) ? graphStages(parseDockerfile(maskTemplate(text))) : graph;
}

function assemble(graph: StageGraph): Reading {
  const steps = readSteps(graph);
  const stages = graph.stages.map((stage, index) => readStage(stage, steps[index] ?? [], graph));
  const chosen = chooseProduction(graph);
  const find = (some: readonly Stage[]): readonly StageReading[] =>
    some.flatMap(({ index }) => stages[index] ?? []);
  const lineage = chosen === undefined ? [] : find(lineageOf(graph.stages, chosen));
  const contributors = chosen === undefined ? [] : find(contributorsOf(graph.stages, chosen));
  const production = lineage.at(-1);
  const environment = production === undefined ? [] : findEnvironment(production, stages, graph);
  return { graph, stages, production, lineage, contributors, flow: findFlow(contributors, environment) };
}

/** The stages that one builds on, itself last. */
export function lineageOfStage({ graph, stages }: Reading, { stage }: StageReading): readonly StageReading[] {
  return lineageOf(graph.stages, stage).flatMap(({ index }) => stages[index] ?? []);
}

/** What comes of the cache of an install. */
export function cacheOf(reading: Reading, install: Install): CacheOutcome {
  const { step, index } = install.call;
  const home = reading.stages[step.stage.index];
  const lineage = home === undefined ? [] : lineageOfStage(reading, home);
  const calls = lineage.flatMap((stage) => stage.calls);
  const at = calls.indexOf(install.call);
  const after = calls.filter((call) => call.step === step && call.index > index);
  return readCache(install, { before: calls.slice(0, at), after, token: reading.graph.dockerfile.escape });
}
