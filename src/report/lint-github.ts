// Findings as workflow commands: GitHub shows them beside the lines of a pull request
// (actions/toolkit, packages/core/src/command.ts).

import type { LintRun } from '../app/lint.ts';

const KINDS = { error: 'error', warning: 'warning', info: 'notice' } as const;

/** One command a finding, without an end of line. Columns are from 1; `endColumn` is the last character's. */
export function lintCommands({ files }: LintRun): string[] {
  return files.flatMap(({ path, findings }) =>
    findings.map(({ rule, technique, severity, message, start, end }) => {
      const properties = {
        file: path,
        line: start.line,
        endLine: end.line,
        // GitHub wants columns only where the lines are the same.
        ...(start.line === end.line
          ? { col: start.column, endColumn: Math.max(start.column, end.column - 1) }
          : {}),
        title: technique === null ? rule : `${rule} (${technique})`,
      };
      const written = Object.entries(properties).map(([name, value]) => `${name}=${property(String(value))}`);
      return `::${KINDS[severity]} ${written.join(',')}::${data(message)}`;
    }),
  );
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
