// Which rules are asked for: ids (`BV103`), beginnings of ids (`BV1`) and techniques (`T3`).

import { nearest } from '../../kernel/decode.ts';
import type { Rule } from './rule.ts';

export interface Selection {
  /** Empty: every rule. */
  readonly select: readonly string[];
  /** Not these, whatever `select` says. */
  readonly ignore: readonly string[];
}

/** In the order of `rules`. */
export function selectRules(rules: readonly Rule[], { select, ignore }: Selection): readonly Rule[] {
  return rules.filter(
    (rule) =>
      (select.length === 0 || select.some((selector) => selects(selector, rule))) &&
      !ignore.some((selector) => selects(selector, rule)),
  );
}

/** `undefined` where it selects something; else the id, beginning or technique that was meant, or `null`: none is near. */
export function meantSelector(selector: string, rules: readonly Rule[]): string | null | undefined {
  if (rules.some((rule) => selects(selector, rule))) return undefined;
  const wanted = selector.toUpperCase();
  const ids = rules.map(({ id }) => id);
  const others = rules.flatMap(({ id, technique }) => [
    id.slice(0, 3),
    id.slice(0, 4),
    ...(technique === null ? [] : [technique]),
  ]);
  return nearest(wanted, ids) ?? nearest(wanted, new Set(others)) ?? null;
}

function selects(selector: string, { id, technique }: Rule): boolean {
  const wanted = selector.toUpperCase();
  if (/^T\d+$/.test(wanted)) return technique === wanted;
  return /^BV\d*$/.test(wanted) && id.startsWith(wanted);
}
