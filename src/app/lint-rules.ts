// What can be known of the rules themselves: `bivy lint --list`, `--explain`, and what SARIF says of each.

import { readFileSync } from 'node:fs';
import type { Safety, Severity, Technique } from '../dockerfile/lint/finding.ts';
import { RULES } from '../dockerfile/lint/rules/index.ts';
import { meantSelector } from '../dockerfile/lint/select.ts';
import { TECHNIQUE_TITLES } from '../dockerfile/lint/techniques.ts';
import { BivyError } from '../kernel/errors.ts';
import type { KnownRules } from '../project/lint-settings.ts';

export { TECHNIQUE_TITLES };

export interface RuleDescription {
  readonly id: string;
  readonly technique: Technique | null;
  /** Where no configuration says otherwise. */
  readonly severity: Severity;
  readonly title: string;
  /** Of the fixes that it can offer. */
  readonly fixes: readonly Safety[];
}

/** Beside the program, wherever it is installed. */
const PAGES = new URL('../../docs/rules/', import.meta.url);

export const KNOWN_RULES: KnownRules = {
  ids: RULES.map(({ id }) => id),
  meant: (selector) => meantSelector(selector, RULES),
};

/** Every rule, by id. */
export function listRules(): readonly RuleDescription[] {
  return RULES.map(({ id, technique, severity, title, fixes }) => ({
    id,
    technique,
    severity,
    title,
    fixes,
  }));
}

/** The rule's page, as Markdown. @throws BivyError `USAGE` for an unknown rule, with the nearest that is known */
export function explainRule(written: string): RuleDescription & { readonly page: string } {
  const id = written.toUpperCase();
  const rule = listRules().find((each) => each.id === id);
  if (rule === undefined) throw unknownRule(written);
  return { ...rule, page: readFileSync(new URL(`${id}.md`, PAGES), 'utf8') };
}

/** @throws BivyError `USAGE` where a word of a flag selects nothing */
export function checkSelectors(flag: string, selectors: readonly string[]): void {
  for (const selector of selectors) {
    const meant = KNOWN_RULES.meant(selector);
    if (meant === undefined) continue;
    throw new BivyError('USAGE', `\`--${flag} ${selector}\` names no rule and no technique`, {
      hint: meant === null ? 'run `bivy lint --list`' : `did you mean \`${meant}\`?`,
    });
  }
}

function unknownRule(written: string): BivyError {
  const meant = meantSelector(written, RULES) ?? null;
  return new BivyError('USAGE', `there is no rule \`${written}\``, {
    hint:
      meant === null || !/^BV\d{3}$/.test(meant) ? 'run `bivy lint --list`' : `did you mean \`${meant}\`?`,
  });
}
