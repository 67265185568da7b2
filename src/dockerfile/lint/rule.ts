// A rule is a record: what it is called, how much it matters, and a pure function from what was read to what it saw.

import type { Reading } from '../reading/reading.ts';
import type { Dockerfile, Span } from '../syntax/ast.ts';
import type { StageGraph } from '../syntax/stages.ts';
import type { Fix, Safety, Severity, Technique } from './finding.ts';
import type { LintProject } from './project.ts';

/** All that a rule may look at. */
export interface LintInput {
  /** As messages name it. */
  readonly file: string;
  readonly dockerfile: Dockerfile;
  readonly graph: StageGraph;
  /** What the file does with Poetry: worked out when it is first asked for. */
  readonly reading: Reading;
  /** Undefined: none is beside it, or none is to be looked at. */
  readonly project: LintProject | undefined;
}

/** What a rule saw: `lint` adds rule, technique and severity. */
export interface Observation {
  /** What is wrong, in a sentence without a full stop; literals in backticks. */
  readonly message: string;
  /** What the caret points at, as narrow as it is true. */
  readonly span: Span;
  readonly fix?: Fix;
}

export interface Rule {
  /** `BV103`; `docs/rules/BV103.md` is its page. */
  readonly id: string;
  readonly technique: Technique | null;
  /** Where no configuration says otherwise. */
  readonly severity: Severity;
  /** What the rule wants, in a few words: `Poetry is pinned`. */
  readonly title: string;
  /** Of the fixes that it can offer; empty: none. */
  readonly fixes: readonly Safety[];
  check(input: LintInput): Iterable<Observation>;
}
