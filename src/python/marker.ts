// Environment markers as Poetry evaluates them, which is not quite PEP 508: each release of poetry-core has its own
// reading, and a lock is judged by that of the Poetry which wrote it.

import { BivyError } from '../kernel/errors.ts';
import { type Clause, type ExtraTest, makeClause } from './marker-clause.ts';
import { consistentJudges, type ExtraJudge } from './marker-extras.ts';
import { type Combination, type Comparison, type MarkerTree, readMarker } from './marker-grammar.ts';
import { normalizeName } from './names.ts';
import type { PoetryCore } from './scheme.ts';
import { leaveNothingOut } from './tautology.ts';

export type { PoetryCore } from './scheme.ts';

type Expression = Clause | Combination<Expression>;

export interface Marker {
  readonly text: string;
  readonly core: PoetryCore;
  readonly expression: Expression;
  /** The ways to judge its clauses about extras where none are asked for. */
  readonly judges: readonly ExtraJudge[];
}

/** The variables of PEP 508 and their values. `platform_release` and `platform_version` are absent where unknown. */
export type MarkerEnvironment = Readonly<Record<string, string>>;

export interface MarkerOptions {
  /** Default: the one that the marker was parsed for. */
  readonly core?: PoetryCore;
  /** The extras that were asked for; left out, every clause about extras is true, as Poetry has it. */
  readonly extras?: ReadonlySet<string>;
}

const UNKNOWABLE: ReadonlySet<string> = new Set(['platform_release', 'platform_version']);
const ALWAYS: Expression = { kind: 'all', parts: [] };
const NEVER: Expression = { kind: 'any', parts: [] };
const TAUTOLOGY: Expression = { kind: 'any', parts: [] };

const parsed = new Map<string, Marker>();

/**
 * The marker that `text` writes; an empty one or `*` is always true, `<empty>` never.
 * @throws BivyError `MARKER_INVALID` for whatever that poetry-core refuses
 */
export function parseMarker(text: string, core: PoetryCore = '2.4'): Marker {
  const key = core + text;
  const known = parsed.get(key);
  if (known !== undefined) return known;
  const expression = compile(text, core);
  const marker = { text, core, expression, judges: consistentJudges(extrasOf(expression), core) };
  parsed.set(key, marker);
  return marker;
}

function compile(text: string, core: PoetryCore): Expression {
  if (text === '' || text === '*') return ALWAYS;
  if (text === '<empty>') return NEVER;
  const tree = readMarker(text);
  if (tree.kind === 'fault') {
    throw invalid(text, `column ${tree.at + 1} should be ${tree.wanted}`);
  }
  return compileTree(tree, text, core);
}

function compileTree(tree: MarkerTree, text: string, core: PoetryCore): Expression {
  if (tree.kind === 'comparison') return compileComparison(tree, text, core);
  const parts = tree.parts.map((part) => compileTree(part, text, core));
  return core === '1.3' ? withoutTautologies({ kind: tree.kind, parts }) : { kind: tree.kind, parts };
}

function withoutTautologies({ kind, parts }: Combination<Expression>): Expression {
  if (kind === 'any') {
    return leaveNothingOut(alternativesOf(parts)) ? TAUTOLOGY : { kind, parts };
  }
  // Only one that comes first spoils its neighbours.
  return { kind, parts: parts.filter((part, index) => index === 0 || part !== TAUTOLOGY) };
}

function alternativesOf(parts: readonly Expression[]): readonly Clause[] {
  return parts.flatMap((part) => {
    if (part.kind === 'clause') return [part];
    return part.kind === 'any' ? alternativesOf(part.parts) : [];
  });
}

function compileComparison(comparison: Comparison, text: string, core: PoetryCore): Clause {
  try {
    return makeClause(comparison, core);
  } catch (error) {
    const { name, operator, value } = comparison;
    throw invalid(text, `Poetry cannot compare \`${name}\` by \`${operator}\` with \`${value}\``, error);
  }
}

function invalid(text: string, reason: string, cause?: unknown): BivyError {
  return new BivyError('MARKER_INVALID', `the marker \`${text}\` cannot be evaluated: ${reason}`, {
    hint: 'Poetry refuses it as well: correct the marker and lock again',
    cause,
  });
}

function extrasOf(expression: Expression): readonly ExtraTest[] {
  if (expression.kind !== 'clause') return expression.parts.flatMap(extrasOf);
  return expression.extra === undefined ? [] : [expression.extra];
}

/** What an expression comes to: the name of a variable where that alone decides and is unknown. */
type Value = boolean | { readonly unknown: string };

/**
 * Whether the marker holds in that environment. Names that it does not have are true, save the unknowable ones.
 * @throws BivyError `MARKER_INVALID` where poetry-core raises, `MARKER_UNKNOWABLE` where the result depends on a
 *   `platform_release` or `platform_version` that the environment does not have
 */
export function evaluateMarker(
  marker: Marker,
  environment: MarkerEnvironment,
  options: MarkerOptions = {},
): boolean {
  if (options.core !== undefined && options.core !== marker.core) {
    return evaluateMarker(parseMarker(marker.text, options.core), environment, options);
  }
  let value: Value = false;
  for (const judge of judgesFor(marker, options.extras)) {
    const found = attempt(marker, environment, judge);
    if (found === true) return true;
    if (found !== false) value = found;
  }
  if (value === false) return false;
  throw new BivyError('MARKER_UNKNOWABLE', `the marker \`${marker.text}\` depends on \`${value.unknown}\``, {
    hint: 'that is a fact of the host which the image will run on; state it for the target, or avoid the marker',
  });
}

function judgesFor(marker: Marker, asked: ReadonlySet<string> | undefined): readonly ExtraJudge[] {
  if (asked === undefined) return marker.judges;
  const extras = new Set([...asked].map(normalizeName));
  return [({ test }) => test(extras)];
}

function attempt(marker: Marker, environment: MarkerEnvironment, judge: ExtraJudge): Value {
  try {
    return decide(marker.expression, environment, judge);
  } catch (error) {
    throw invalid(marker.text, error instanceof Error ? error.message : String(error), error);
  }
}

function decide(expression: Expression, environment: MarkerEnvironment, judge: ExtraJudge): Value {
  if (expression.kind === 'clause') return decideClause(expression, environment, judge);
  const decisive = expression.kind === 'any';
  let result: Value = !decisive;
  for (const part of expression.parts) {
    const value = decide(part, environment, judge);
    if (value === decisive) return decisive;
    if (typeof value !== 'boolean' && typeof result === 'boolean') result = value;
  }
  return result;
}

function decideClause(
  { name, test, extra }: Clause,
  environment: MarkerEnvironment,
  judge: ExtraJudge,
): Value {
  if (extra !== undefined) return judge(extra);
  const value = environment[name];
  if (value !== undefined) return test(value);
  return UNKNOWABLE.has(name) ? { unknown: name } : true;
}
