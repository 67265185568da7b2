// Environments that ship: where each was made, and where COPY puts it in what ships.

import type { Word } from '../syntax/ast.ts';
import type { Settings } from './locations.ts';
import { locationOf } from './locations.ts';
import { holds, resolvePath } from './paths.ts';
import { lineageOfStage, type Reading } from './reading.ts';
import type { StageReading } from './stage-reading.ts';
import { expand, type Step } from './steps.ts';

/** A directory that a COPY brings from another stage. */
export interface StageCopy {
  readonly step: Step;
  readonly from: StageReading;
  /** Absolute. */
  readonly source: string;
  readonly destination: string;
  /** Of the source. */
  readonly word: Word;
  readonly target: Word;
}

/** A virtual environment of what ships. */
export interface Carried {
  /** Where it was made. */
  readonly made: string;
  /** Where it is in what ships. */
  readonly path: string;
  /** Undefined where it was made in what ships. */
  readonly copy: StageCopy | undefined;
}

/** What the stages of what ships copy from stages that are none of them; no patterns, no unknown paths. */
export function stageCopies(reading: Reading): readonly StageCopy[] {
  let copies = COPIES.get(reading);
  if (copies === undefined) {
    copies = findCopies(reading);
    COPIES.set(reading, copies);
  }
  return copies;
}

const COPIES = new WeakMap<Reading, readonly StageCopy[]>();

function findCopies({ lineage, stages, graph }: Reading): readonly StageCopy[] {
  const token = graph.dockerfile.escape;
  return lineage.flatMap(({ steps }) =>
    steps.flatMap((step): readonly StageCopy[] => {
      const { instruction, variables, workdir, home } = step;
      if (instruction.keyword !== 'COPY') return [];
      const name = instruction.flags.find((flag) => flag.name === 'from')?.value?.toLowerCase();
      const from = stageNamed(stages, name, step.stage.index);
      const target = instruction.words.at(-1);
      if (from === undefined || target === undefined || lineage.includes(from)) return [];
      const destination = resolvePath(expand(target.raw, variables, token), workdir, home);
      return instruction.words.slice(0, -1).flatMap((word) => {
        const source = resolvePath(expand(word.raw, variables, token), '/', '/root');
        if (source === undefined || destination === undefined || /[\0*?[]/.test(source + destination))
          return [];
        return [{ step, from, source, destination, word, target }];
      });
    }),
  );
}

function stageNamed(
  stages: readonly StageReading[],
  name: string | undefined,
  before: number,
): StageReading | undefined {
  if (name === undefined) return undefined;
  if (/^\d+$/.test(name)) return stages[Number(name)];
  return stages.findLast(({ stage }) => stage.name === name && stage.index < before);
}

/** The virtual environments that installs of the dependencies fill, and that ship. */
export function carriedEnvironments(reading: Reading, poetryToml: Settings | undefined): readonly Carried[] {
  const found = new Map<string, Carried>();
  const copies = stageCopies(reading);
  for (const install of reading.flow.installs) {
    const { kind, path: made } = locationOf(reading, install, poetryToml);
    if (
      kind !== 'venv' ||
      made === undefined ||
      made.includes('\0') ||
      made === '/usr' ||
      made === '/usr/local'
    )
      continue;
    const home = reading.stages[install.call.step.stage.index];
    if (home === undefined) continue;
    if (reading.lineage.includes(home)) {
      found.set(made, { made, path: made, copy: undefined });
      continue;
    }
    for (const copy of copies) {
      if (!lineageOfStage(reading, copy.from).includes(home) || !holds(copy.source, made)) continue;
      const rest = made.slice(copy.source === '/' ? 0 : copy.source.length);
      const path = `${copy.destination === '/' ? '' : copy.destination}${rest}` || '/';
      found.set(path, { made, path, copy });
    }
  }
  return [...found.values()];
}
