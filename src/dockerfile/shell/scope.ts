// Variables while a script is walked. A part that may not run, or runs apart, has a scope of its own; what it assigned is
// unknown behind it, unless every way gives the same.

import type { Variables } from '../syntax/stages.ts';
import { PLATFORM_VARIABLES } from '../syntax/variables.ts';

export interface Scope {
  /** Assigned here; undefined: to something unknown. */
  readonly values: Map<string, string | undefined>;
  readonly parent: Scope | undefined;
  /** Set from outside; only the outermost has them. */
  readonly given: Variables;
  /** Characters that variables may still put in: `X=$X$X` grows without bound. */
  readonly budget: { left: number };
}

/** Set in every container, whoever does not say so. */
const ALWAYS_SET: ReadonlySet<string> = new Set([
  'HOME',
  'HOSTNAME',
  'IFS',
  'OPTIND',
  'PATH',
  'PPID',
  'PWD',
  'SHLVL',
]);

/**
 * @param environment set besides what the Dockerfile gives; undefined: to something unknown
 * @param length of the script, which bounds what variables may put in
 */
export function openScope(given: Variables, environment: Variables, length: number): Scope {
  return {
    values: new Map(environment),
    parent: undefined,
    given,
    budget: { left: (1 << 14) + 16 * length },
  };
}

export function nestScope(parent: Scope): Scope {
  return { values: new Map(), parent, given: parent.given, budget: parent.budget };
}

/**
 * `{ value: undefined }` is a variable of which the value is unknown; undefined is one that nobody sets, or a build argument
 * without a default.
 */
export function lookUp(scope: Scope, name: string): { readonly value: string | undefined } | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    if (at.values.has(name)) return { value: at.values.get(name) };
  }
  const value = scope.given.get(name);
  if (value !== undefined) return { value };
  const isSet = ALWAYS_SET.has(name) || (scope.given.has(name) && PLATFORM_VARIABLES.includes(name));
  return isSet ? { value: undefined } : undefined;
}

export function assign(scope: Scope, name: string, value: string | undefined): void {
  scope.values.set(name, value);
}

/** Puts into `scope` what is known behind alternatives. `complete`: one of them surely ran. */
export function merge(scope: Scope, alternatives: readonly Scope[], complete: boolean): void {
  const names = new Set(alternatives.flatMap(({ values }) => [...values.keys()]));
  for (const name of names) {
    const before = lookUp(scope, name)?.value;
    const values = alternatives.map((way) => (way.values.has(name) ? way.values.get(name) : before));
    if (!complete) values.push(before);
    assign(scope, name, values.every((value) => value === values[0]) ? values[0] : undefined);
  }
}
