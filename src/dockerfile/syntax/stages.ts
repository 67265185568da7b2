// The stages of a Dockerfile as a graph: who starts from whom, who copies from whom, what the values of variables are.

import type { Dockerfile, Instruction, Word } from './ast.ts';

export interface Stage {
  readonly index: number;
  /** After `AS`, lower case, as BuildKit compares names. */
  readonly name: string | undefined;
  readonly from: Instruction;
  /** The image as written, `python:${V}-slim`. */
  readonly image: Word;
  /** The image with global ARGs and their defaults put in; undefined where a variable has no value. */
  readonly base: string | undefined;
  /** Index of the stage that this one starts from; undefined for an image or `scratch`. */
  readonly parent: number | undefined;
  /** Indices of stages that `COPY --from`, `ADD --from` and `RUN --mount=from=` read. */
  readonly reads: readonly number[];
  /** After FROM, in order. */
  readonly instructions: readonly Instruction[];
}

export interface StageGraph {
  readonly dockerfile: Dockerfile;
  /** ARGs before the first FROM. */
  readonly globals: readonly Instruction[];
  readonly stages: readonly Stage[];
}

/** Values of ARG and ENV as they stand just before an instruction; ARGs have their defaults. */
export type Variables = ReadonlyMap<string, string | undefined>;
