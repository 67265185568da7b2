// All rules on one Dockerfile: what they saw, without what is ignored, in the order of the file.

import type { Finding, LintResult, Severity } from './finding.ts';
import { applyIgnores, readIgnores, removal } from './ignores.ts';
import type { LintInput, Observation, Rule } from './rule.ts';
import { NOT_TEXT } from './rules/bv002-text.ts';
import { IGNORE_FAULT, UNUSED_IGNORE } from './rules/bv003-ignores.ts';
import { RULES } from './rules/index.ts';
import { type Selection, selectRules } from './select.ts';
import { judgeTechniques, UNKNOWABLE } from './techniques.ts';

export interface LintOptions extends Selection {
  /** By rule; others have their own. */
  readonly severity: ReadonlyMap<string, Severity>;
}

export const EVERY_RULE: LintOptions = { select: [], ignore: [], severity: new Map() };

/**
 * The findings by position, then by rule. The verdicts stay what they are, whatever is ignored.
 * @param rules of which `options` select; only tests give others
 */
export function lint(
  input: LintInput,
  options: LintOptions = EVERY_RULE,
  rules: readonly Rule[] = RULES,
): LintResult {
  const isText = !input.dockerfile.text.includes('\0');
  const selected = selectRules(isText ? rules : [NOT_TEXT], options);
  const active = new Set(selected.map(({ id }) => id));
  const stamp = (rule: Rule, seen: Iterable<Observation>): Finding[] => {
    const { id, technique } = rule;
    const severity = options.severity.get(id) ?? rule.severity;
    return Array.from(seen, ({ message, span, fix = null }) => ({
      rule: id,
      technique,
      severity,
      message,
      span,
      fix,
    }));
  };
  const { ignores, faults } = readIgnores(
    input.dockerfile,
    rules.map(({ id }) => id),
  );
  const findings = selected.flatMap((rule) =>
    stamp(rule, rule.id === IGNORE_FAULT.id ? faults : rule.check(input)),
  );
  const { kept, unused } = applyIgnores(findings, ignores);
  // What was not looked for could not be found.
  const idle = active.has(UNUSED_IGNORE.id) ? unused.filter(({ rule }) => active.has(rule)) : [];
  const told = stamp(
    UNUSED_IGNORE,
    idle
      .filter(({ rule }) => rule !== UNUSED_IGNORE.id)
      .map((ignore) => ({
        message: `nothing here breaks \`${ignore.rule}\`: remove the ignore`,
        span: ignore.span,
        // Without a project some rules find nothing, wherever one stands beside the file.
        ...(input.project === undefined ? {} : { fix: removal(ignore, input.dockerfile.text) }),
      })),
  );
  return {
    findings: [...kept, ...applyIgnores(told, ignores).kept].sort(compareFindings),
    techniques: isText ? judgeTechniques(input) : UNKNOWABLE,
  };
}

function compareFindings(left: Finding, right: Finding): number {
  return (
    left.span.start - right.span.start ||
    compareText(left.rule, right.rule) ||
    left.span.end - right.span.end ||
    compareText(left.message, right.message)
  );
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
