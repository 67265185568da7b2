// The images that a Dockerfile starts from, put in place of each other: of the image that ships, and of what only builds.

import type { Dockerfile, Instruction, Word } from './syntax/ast.ts';
import { parseDockerfile } from './syntax/parse.ts';

export interface BaseOverrides {
  /** Of the stage that ships, or of the one that it starts from. */
  readonly base?: string;
  /** Of every other stage that starts from an image. */
  readonly builderBase?: string;
  /** The stage that ships, by its name or number; the last where left out. */
  readonly target?: string;
}

export interface Overridden {
  readonly text: string;
  /** How many `FROM` name another image now. */
  readonly shipped: number;
  readonly building: number;
}

interface Start {
  readonly image: Word;
  readonly name: string | undefined;
  /** Index of the stage it starts from. */
  readonly parent: number | undefined;
}

/** Changes images in `FROM` alone; every other byte stays, and with them the numbers of the lines. */
export function overrideBases(text: string, { base, builderBase, target }: BaseOverrides): Overridden {
  const starts = startsOf(parseDockerfile(text));
  const shipping = rootOf(starts, target);
  const edits = starts.flatMap(({ image, parent }, index) => {
    const wanted = index === shipping ? base : builderBase;
    if (parent !== undefined || image.value === 'scratch' || wanted === undefined) return [];
    return [{ span: image.span, wanted, ships: index === shipping }];
  });
  const changed = edits.reduceRight(
    (rest, { span, wanted }) => rest.slice(0, span.start) + wanted + rest.slice(span.end),
    text,
  );
  const shipped = edits.filter(({ ships }) => ships).length;
  return { text: changed, shipped, building: edits.length - shipped };
}

/** Instructions that BuildKit counts as the steps of a stage, besides its `FROM`. */
const STEPS: readonly string[] = ['RUN', 'COPY', 'ADD', 'WORKDIR'];

/**
 * The line of an instruction as builders call it: BuildKit's `[builder 3/7] RUN …`, `[stage-1 2/4] …`, `[3/7] …` where there
 * is one stage (frontend/dockerfile/dockerfile2llb, `prefixCommand`), or Buildah's `[1/2] STEP 3/7: RUN …`, which counts every
 * instruction; or of the `FROM` whose image BuildKit asks about, `[internal] load metadata for docker.io/library/python:3.11`.
 */
export function lineOfStep(text: string, step: string): number | undefined {
  const dockerfile = parseDockerfile(text);
  const stages = stagesOf(dockerfile);
  const asked = /^\[internal\] load metadata for (\S+)$/.exec(step)?.[1];
  if (asked !== undefined) {
    const start = startsOf(dockerfile).find(({ image }) => `/${asked}`.endsWith(`/${image.value}`));
    return start === undefined ? undefined : lineAt(dockerfile, start.image.span.start);
  }
  const [, position, place] = /^(?:\[(\d+)\/\d+\] )?STEP (\d+)(?:\/\d+)?: /.exec(step) ?? [];
  const found =
    place === undefined
      ? stepOfBuildkit(stages, step)
      : stages[position === undefined ? stages.length - 1 : Number(position) - 1]?.[Number(place) - 1];
  return found === undefined ? undefined : lineAt(dockerfile, found.span.start);
}

function stepOfBuildkit(stages: readonly Instruction[][], step: string): Instruction | undefined {
  // Of several platforms: `[linux/amd64 builder 3/7]`.
  const [, name, place, total] = /^\[(?:[^\]\s]+\/\S+ )?(?:(\S+) )?(\d+)\/(\d+)\] /.exec(step) ?? [];
  if (place === undefined) return undefined;
  const position = /^stage-(\d+)$/.exec(name ?? '')?.[1];
  const named = stages.find(([from]) => from !== undefined && nameOf(from) === name?.toLowerCase());
  const stage = name === undefined ? stages.at(-1) : (named ?? stages[Number(position ?? -1)]);
  const steps = stage?.filter(({ keyword }) => STEPS.includes(keyword)) ?? [];
  // Where the image comes as a build context, `FROM` does not count.
  const counted = steps.length === Number(total) ? steps : stage?.slice(0, 1).concat(steps);
  return counted?.[Number(place) - 1];
}

function stagesOf({ instructions }: Dockerfile): Instruction[][] {
  const stages: Instruction[][] = [];
  for (const instruction of instructions) {
    if (instruction.keyword === 'FROM') stages.push([instruction]);
    else stages.at(-1)?.push(instruction);
  }
  return stages;
}

function startsOf(dockerfile: Dockerfile): Start[] {
  const starts: Start[] = [];
  for (const from of dockerfile.instructions.filter(({ keyword }) => keyword === 'FROM')) {
    const [image] = from.words;
    if (image === undefined) continue;
    const value = image.value.toLowerCase();
    const parent = starts.findLastIndex(({ name }) => name === value);
    starts.push({ image, name: nameOf(from), parent: parent < 0 ? undefined : parent });
  }
  return starts;
}

/** After `AS`; BuildKit compares names in lower case. */
function nameOf({ words }: Instruction): string | undefined {
  const [, as, name] = words;
  return as?.value.toLowerCase() === 'as' ? name?.value.toLowerCase() : undefined;
}

/** The stage with an image that the target starts from, through however many others. */
function rootOf(starts: readonly Start[], target: string | undefined): number {
  const named = starts.findLastIndex(({ name }) => name !== undefined && name === target?.toLowerCase());
  const numbered = target !== undefined && /^\d+$/.test(target) ? Number(target) : -1;
  let index = named >= 0 ? named : numbered >= 0 ? numbered : starts.length - 1;
  for (let parent = starts[index]?.parent; parent !== undefined; parent = starts[index]?.parent)
    index = parent;
  return index;
}

function lineAt({ lineStarts }: Dockerfile, offset: number): number {
  return lineStarts.findLastIndex((start) => start <= offset) + 1;
}
