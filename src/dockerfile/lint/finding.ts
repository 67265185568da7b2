// Findings and fixes as data: no text of a terminal is made here.

import type { Span } from '../syntax/ast.ts';

export const TECHNIQUES = ['T1', 'T2', 'T3', 'T4', 'T5', 'T6', 'T7', 'T8', 'T9', 'T10'] as const;
export type Technique = (typeof TECHNIQUES)[number];
export type Verdict = 'met' | 'missed' | 'n/a';
export type Severity = 'error' | 'warning' | 'info';

/** `safe`: the image still contains the same importable modules, entry points and files that the application needs. */
export type Safety = 'safe' | 'unsafe';

/** Replaces the text of the span; an insertion has an empty span. Offsets are UTF-16 units of the file's text. */
export interface Edit {
  readonly span: Span;
  readonly text: string;
}

export interface Fix {
  /** Imperative: ``pin Poetry to 1.8.3``. */
  readonly title: string;
  readonly safety: Safety;
  /** Do not overlap each other. */
  readonly edits: readonly Edit[];
}

export interface Finding {
  /** `BV103`. */
  readonly rule: string;
  readonly technique: Technique | null;
  readonly severity: Severity;
  readonly message: string;
  readonly span: Span;
  readonly fix: Fix | null;
}

export interface LintResult {
  readonly findings: readonly Finding[];
  readonly techniques: Readonly<Record<Technique, Verdict>>;
}
