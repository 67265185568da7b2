// Findings as SARIF 2.1.0 (OASIS, sarif-v2.1.0-errata01), for code scanning and editors.

import type { LintRun, PlacedFinding } from '../app/lint.ts';
import type { RuleDescription } from '../app/lint-rules.ts';

interface SarifRegion {
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine: number;
  /** Just after the last character. */
  readonly endColumn: number;
}

interface SarifResult {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: 'error' | 'warning' | 'note';
  readonly message: { readonly text: string };
  readonly locations: readonly unknown[];
  readonly fixes?: readonly unknown[];
}

export interface SarifLog {
  readonly $schema: string;
  readonly version: '2.1.0';
  readonly runs: readonly [
    {
      readonly tool: { readonly driver: Readonly<Record<string, unknown>> };
      readonly columnKind: 'utf16CodeUnits';
      readonly results: readonly SarifResult[];
    },
  ];
}

const LEVELS = { error: 'error', warning: 'warning', info: 'note' } as const;

/** @param rules every rule that findings name, with its page */
export function lintSarif(
  { files }: LintRun,
  rules: readonly (RuleDescription & { readonly page: string })[],
  version: string,
): SarifLog {
  const index = new Map(rules.map(({ id }, position) => [id, position]));
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'bivy', version, semanticVersion: version, rules: rules.map(describe) } },
        columnKind: 'utf16CodeUnits',
        results: files.flatMap(({ path, findings }) =>
          findings.map((finding) => result(path, finding, index.get(finding.rule) ?? -1)),
        ),
      },
    ],
  };
}

function describe({
  id,
  technique,
  severity,
  title,
  page,
}: RuleDescription & { readonly page: string }): unknown {
  return {
    id,
    shortDescription: { text: title },
    help: { text: page, markdown: page },
    defaultConfiguration: { level: LEVELS[severity] },
    properties: { tags: ['docker', 'poetry', ...(technique === null ? [] : [technique])] },
  };
}

function result(path: string, finding: PlacedFinding, ruleIndex: number): SarifResult {
  const { rule, severity, message, start, end, fix, replacements } = finding;
  const artifactLocation = locationOf(path);
  return {
    ruleId: rule,
    ruleIndex,
    level: LEVELS[severity],
    message: { text: message },
    locations: [{ physicalLocation: { artifactLocation, region: region(start, end) } }],
    ...(fix === null
      ? {}
      : {
          fixes: [
            {
              description: { text: fix.safety === 'safe' ? fix.title : `${fix.title} (unsafe)` },
              artifactChanges: [
                {
                  artifactLocation,
                  replacements: replacements.map((each) => ({
                    deletedRegion: region(each.start, each.end),
                    ...(each.text === '' ? {} : { insertedContent: { text: each.text } }),
                  })),
                },
              ],
            },
          ],
        }),
  };
}

function region(start: PlacedFinding['start'], end: PlacedFinding['end']): SarifRegion {
  return { startLine: start.line, startColumn: start.column, endLine: end.line, endColumn: end.column };
}

/** Relative to where bivy was called; what stands elsewhere by its whole path. */
function locationOf(path: string): Readonly<Record<string, string>> {
  const uri = path
    .replaceAll('\\', '/')
    .split('/')
    .map((part) => encodeURIComponent(part))
    .join('/');
  return path.startsWith('/')
    ? { uri: `file://${uri}` }
    : { uri: uri.replace(/^(?:\.\/)+/, ''), uriBaseId: '%SRCROOT%' };
}
