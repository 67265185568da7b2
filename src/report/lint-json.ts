// Findings as the JSON contract has them (docs/lint.md): lines and columns from 1, columns in UTF-16 units, `endColumn`
// just after the last character.

import type { LintedFile, LintRun, PlacedFinding } from '../app/lint.ts';

export interface LintDocument {
  readonly version: 1;
  readonly files: readonly {
    readonly path: string;
    readonly findings: readonly {
      readonly rule: string;
      readonly technique: PlacedFinding['technique'];
      readonly severity: PlacedFinding['severity'];
      readonly message: string;
      readonly line: number;
      readonly column: number;
      readonly endLine: number;
      readonly endColumn: number;
      readonly fix: { readonly title: string; readonly safety: 'safe' | 'unsafe' } | null;
    }[];
    readonly techniques: LintedFile['techniques'];
  }[];
}

export function lintDocument({ files }: LintRun): LintDocument {
  return {
    version: 1,
    files: files.map(({ path, findings, techniques }) => ({
      path,
      findings: findings.map(({ rule, technique, severity, message, start, end, fix }) => ({
        rule,
        technique,
        severity,
        message,
        line: start.line,
        column: start.column,
        endLine: end.line,
        endColumn: end.column,
        fix: fix === null ? null : { title: fix.title, safety: fix.safety },
      })),
      techniques,
    })),
  };
}
