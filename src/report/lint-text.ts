// Findings as lines for people: where, how grave, what, and the line of the file with a caret under it.

import type { LintedFile, LintRun, PlacedFinding } from '../app/lint.ts';

export interface LintTextOptions {
  /** One line a finding, and nothing else. */
  readonly quiet: boolean;
  /** What each technique asks for, in a few words. */
  readonly titles: Readonly<Record<string, string>>;
}

/** Widest part of a source line that is shown. */
const WIDTH = 120;

export function lintLines({ files }: LintRun, { quiet, titles }: LintTextOptions): string[] {
  const lines = files.flatMap((file) =>
    file.findings.flatMap((finding) => [
      headline(file, finding),
      ...(quiet ? [] : [...excerpt(finding), ...remedy(finding), '']),
    ]),
  );
  if (quiet) return lines;
  return [...lines, summary(files), ...techniqueTable(files, titles), ...rewriting(files)];
}

function headline(
  { path }: LintedFile,
  { start, severity, rule, technique, message }: PlacedFinding,
): string {
  const label = technique === null ? rule : `${rule} (${technique})`;
  return `${path}:${start.line}:${start.column}: ${severity} ${label}: ${printable(message)}`;
}

/** The line, cut to what fits, with `^` under what is meant. A tab is shown as one blank. */
function excerpt({ source, start, end }: PlacedFinding): string[] {
  // A byte order mark takes no column.
  const line = source.replace(/^\uFEFF/, '');
  const first = start.column - 1;
  const last =
    end.line > start.line ? Math.max(line.trimEnd().length, first + 1) : Math.max(end.column - 1, first + 1);
  const from = first > WIDTH - 20 ? first - 20 : 0;
  const shown = line.slice(from, from + WIDTH);
  const carets = '^'.repeat(Math.max(1, Math.min(last, from + WIDTH) - first));
  const margin = String(start.line);
  return [
    `  ${margin} | ${from > 0 ? '…' : ''}${printable(shown)}${from + WIDTH < line.length ? '…' : ''}`,
    `  ${' '.repeat(margin.length)} | ${' '.repeat(first - from + (from > 0 ? 1 : 0))}${carets}`,
  ];
}

function remedy({ fix }: PlacedFinding): string[] {
  if (fix === null) return [];
  return [`  ${fix.safety === 'safe' ? 'fix' : 'unsafe fix'}: ${printable(fix.title)}`];
}

function summary(files: readonly LintedFile[]): string {
  const findings = files.flatMap((file) => file.findings);
  const count = (severity: string): number => findings.filter((each) => each.severity === severity).length;
  const fixable = (safety: string): number => findings.filter(({ fix }) => fix?.safety === safety).length;
  const where = plural(files.length, 'file');
  if (findings.length === 0) return `no findings in ${where}`;
  const parts = [
    plural(count('error'), 'error'),
    plural(count('warning'), 'warning'),
    `${count('info')} info`,
  ].filter((part) => !part.startsWith('0 '));
  const fixes = [
    ...(fixable('safe') > 0 ? [`${fixable('safe')} with a safe fix (--fix)`] : []),
    ...(fixable('unsafe') > 0 ? [`${fixable('unsafe')} with an unsafe one (--fix --unsafe-fixes)`] : []),
  ];
  return [`${plural(findings.length, 'finding')} in ${where}: ${parts.join(', ')}`, ...fixes].join('; ');
}

/** Of one file the verdicts; of several how many have each. */
function techniqueTable(
  files: readonly LintedFile[],
  titles: Readonly<Record<string, string>>,
): readonly string[] {
  const [first, second] = files;
  if (first === undefined) return [];
  const width = Math.max(...Object.values(titles).map(({ length }) => length));
  const rows = Object.entries(titles).map(([technique, title]) => {
    const verdicts = files.map(
      ({ techniques }) => (techniques as Readonly<Record<string, string>>)[technique],
    );
    const count = (verdict: string): number => verdicts.filter((each) => each === verdict).length;
    const what =
      second === undefined
        ? (verdicts[0] ?? '')
        : `${count('met')} met, ${count('missed')} missed${count('n/a') > 0 ? `, ${count('n/a')} n/a` : ''}`;
    return `  ${technique.padEnd(4)} ${title.padEnd(width)}  ${what}`;
  });
  return ['', ...rows];
}

/** What no fix mends: the rule that asks for another file says so itself. */
function rewriting(files: readonly LintedFile[]): readonly string[] {
  const meant = files.filter((file) => file.findings.some(({ message }) => message.includes(REWRITE)));
  const [first] = meant;
  if (first === undefined) return [];
  const missed = Object.values(first.techniques).filter((verdict) => verdict === 'missed').length;
  const which =
    meant.length === 1
      ? `${printable(first.path)} misses ${plural(missed, 'technique')}, and no fix makes two stages of one`
      : `${meant.length} files have one stage, of which no fix makes two`;
  return ['', `${which}: ${REWRITE} writes the Dockerfile anew for the project, and says why (--explain)`];
}

const REWRITE = '`bivy dockerfile`';

/** Nothing that a terminal would obey. */
function printable(text: string): string {
  return Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code === 9) return ' ';
    return code < 32 || (code >= 127 && code < 160) ? '\uFFFD' : character;
  }).join('');
}

function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
