// The stages of a Dockerfile as a graph: who starts from whom, who copies from whom, what the values of variables are.

import type { Dockerfile, Flag, Instruction, Span, SyntaxProblem, Word } from './ast.ts';
import { findComponents } from './cycles.ts';
import { mountFields } from './mounts.ts';
import { globalVariables } from './scopes.ts';
import { expandWord } from './variables.ts';

export interface Stage {
  readonly index: number;
  /** After `AS`, lower case, as BuildKit compares names. */
  readonly name: string | undefined;
  readonly from: Instruction;
  /** The image as written, `python:${V}-slim`; empty where none is. */
  readonly image: Word;
  /** The image with global ARGs and their defaults put in; undefined where a variable has no value. */
  readonly base: string | undefined;
  /** `base` with `\0` in the place of each unknown part. */
  readonly pattern: string;
  /** Index of the stage that this one starts from; undefined for an image or `scratch`. Always an earlier one. */
  readonly parent: number | undefined;
  /** Indices of stages that `COPY --from`, `ADD --from` and `RUN --mount=from=` read, later ones too; no cycles. */
  readonly reads: readonly number[];
  /** After FROM, in order. */
  readonly instructions: readonly Instruction[];
}

export interface StageGraph {
  readonly dockerfile: Dockerfile;
  /** ARGs before the first FROM. */
  readonly globals: readonly Instruction[];
  readonly stages: readonly Stage[];
  /** What can be said of the stages alone: beside `dockerfile.problems`. */
  readonly problems: readonly SyntaxProblem[];
}

/** Values of ARG and ENV as they stand just before an instruction; ARGs have their defaults. */
export type Variables = ReadonlyMap<string, string | undefined>;

/** A stage or an image that an instruction reads files of. */
interface Reference {
  readonly name: string;
  readonly span: Span;
  /** `--from=0` is the first stage; a mount has names alone. */
  readonly byIndex: boolean;
}

const INDEX = /^[+-]?\d{1,9}$/;
const MARKED = /[$'"\\`]/;

/** The stages of a parsed Dockerfile. Never throws; what cannot be followed is told as a problem. */
export function graphStages(dockerfile: Dockerfile): StageGraph {
  const problems: SyntaxProblem[] = [];
  const { globals, groups } = groupInstructions(dockerfile.instructions);
  const variables = globalVariables(globals, dockerfile.escape);
  const names = new Map<string, number>();
  const stages: Stage[] = groups.map(({ from, instructions }, index) => {
    const [image = missingImage(from), as, called] = from.words;
    const name = as?.raw.toLowerCase() === 'as' ? called?.raw.toLowerCase() : undefined;
    const { value: base, pattern, fault } = expandWord(image.raw, variables, dockerfile.escape);
    if (fault !== undefined) {
      problems.push({
        code: 'bad-reference',
        message: `this base cannot be read: ${fault}`,
        span: image.span,
      });
    } else if (base === '' && from.words.length > 0) {
      problems.push({ code: 'bad-reference', message: 'this base comes to nothing', span: image.span });
    }
    const parent = base === undefined ? undefined : names.get(base.toLowerCase());
    if (name !== undefined) names.set(name, index);
    return { index, name, from, image, base, pattern, parent, reads: [], instructions };
  });
  const references = stages.map((stage) => findReads(stage, stages, names, problems));
  const component = findComponents(
    stages.map(({ parent }, index) => [
      ...references[index]!.map(({ target }) => target),
      ...(parent === undefined ? [] : [parent]),
    ]),
  );
  const linked = stages.map((stage, index): Stage => {
    const reads = new Set<number>();
    for (const { target, span } of references[index]!) {
      if (component[target] !== component[index]) reads.add(target);
      else {
        const self = target === index ? 'this stage reads itself' : 'these stages read each other';
        problems.push({ code: 'circular', message: self, span });
      }
    }
    return { ...stage, reads: [...reads] };
  });
  problems.sort((one, other) => one.span.start - other.span.start);
  return { dockerfile, globals, stages: linked, problems };
}

function groupInstructions(instructions: readonly Instruction[]): {
  readonly globals: readonly Instruction[];
  readonly groups: readonly { readonly from: Instruction; readonly instructions: readonly Instruction[] }[];
} {
  const globals: Instruction[] = [];
  const groups: { from: Instruction; instructions: Instruction[] }[] = [];
  for (const instruction of instructions) {
    if (instruction.keyword === 'FROM') groups.push({ from: instruction, instructions: [] });
    else if (groups.length > 0) groups.at(-1)!.instructions.push(instruction);
    else if (instruction.keyword === 'ARG') globals.push(instruction);
  }
  return { globals, groups };
}

function missingImage({ keywordSpan: { end } }: Instruction): Word {
  return { raw: '', value: '', span: { start: end, end } };
}

/** The stages that a stage reads; what names no stage is an image. */
function findReads(
  stage: Stage,
  stages: readonly Stage[],
  names: ReadonlyMap<string, number>,
  problems: SyntaxProblem[],
): readonly { readonly target: number; readonly span: Span }[] {
  const reads: { target: number; span: Span }[] = [];
  const parent = stage.parent === undefined ? undefined : stages[stage.parent];
  const triggered = parent?.instructions.flatMap(({ trigger }) => trigger ?? []) ?? [];
  for (const instruction of [...triggered, ...stage.instructions]) {
    for (const { name, span, byIndex } of findReferences(instruction)) {
      if (byIndex && INDEX.test(name)) {
        const target = Number(name);
        if (stages[target] !== undefined) reads.push({ target, span });
        else problems.push({ code: 'bad-reference', message: `there is no stage ${target}`, span });
        continue;
      }
      if (byIndex && MARKED.test(name)) {
        const message = '`--from` takes no variables; give the image a name by a FROM of its own';
        problems.push({ code: 'bad-reference', message, span });
        continue;
      }
      const target = names.get(name.toLowerCase());
      if (target !== undefined) reads.push({ target, span });
    }
  }
  return reads;
}

function findReferences({ keyword, flags }: Instruction): readonly Reference[] {
  if (keyword === 'RUN') return flags.flatMap(findMounted);
  if (keyword !== 'COPY' && keyword !== 'ADD') return [];
  return flags.flatMap(({ name, value, valueSpan }) =>
    name === 'from' && value !== undefined && value !== ''
      ? [{ name: value, span: valueSpan, byIndex: true }]
      : [],
  );
}

function findMounted(flag: Flag): readonly Reference[] {
  const fields = flag.name === 'mount' ? mountFields(flag) : undefined;
  const from = fields?.findLast(({ key }) => key === 'from');
  return from?.value === undefined ? [] : [{ name: from.value, span: from.span, byIndex: false }];
}

/** The stages that give a stage files or layers, however indirectly, in the order of the file; itself is not among them. */
export function ancestors(graph: StageGraph, stage: Stage): readonly Stage[] {
  const found = new Set<number>();
  const queue = [stage.index];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    const { parent, reads } = graph.stages[at]!;
    for (const next of parent === undefined ? reads : [parent, ...reads]) {
      if (found.has(next)) continue;
      found.add(next);
      queue.push(next);
    }
  }
  return graph.stages.filter(({ index }) => found.has(index));
}

/** What `docker build` makes where no target is named. */
export function shippingStage(graph: StageGraph): Stage | undefined {
  return graph.stages.at(-1);
}
