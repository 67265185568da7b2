// Version constraints as Poetry writes and reads them: `^1.2`, `~=1.2.3`, `>=1,<2 || ==3.*`. Judged by the rules of the
// poetry-core that stands behind a lock, which differ in what they accept and in what pre-releases they let in.

import { BivyError } from '../kernel/errors.ts';
import { parseSimple, type ReadingMode } from './constraint-reading.ts';
import { parseSimpleSemver } from './constraint-semver.ts';
import { formatRanges } from './constraint-text.ts';
import {
  intersectRanges,
  isAny,
  type Range,
  type Ranges,
  type Scheme,
  singleRange,
  uniteRanges,
} from './range.ts';
import { type PoetryCore, SCHEMES } from './scheme.ts';
import { parseSemver, SEMVER_SCHEME, type Semver } from './semver.ts';
import { formatVersion, makeVersion, parseVersion, type Version } from './version.ts';

type Point = Version | Semver;

/** Disjoint ranges of versions under the rules of one poetry-core. Made by `parseConstraint`, read by its siblings. */
export interface Constraint {
  readonly core: PoetryCore;
  readonly ranges: Ranges<Point>;
}

export interface ConstraintOptions {
  /** Default: the newest. */
  readonly core?: PoetryCore;
  /** As a marker's value, where `3.8.*` does not reach down to `3.8.dev0`. */
  readonly marker?: boolean;
  /** As a kernel's release (`platform_release`), which need not be PEP 440. */
  readonly release?: boolean;
}

function schemeOf(core: PoetryCore): Scheme<Point> {
  // A constraint holds the points of its own scheme only: `parseConstraint` makes both at once.
  return (core === '1.0' ? SEMVER_SCHEME : SCHEMES[core]) as Scheme<Point>;
}

const parsed = new Map<string, Constraint>();

/**
 * The constraint that `text` writes.
 * @throws BivyError `CONSTRAINT_INVALID` for whatever that poetry-core refuses
 */
export function parseConstraint(text: string, options: ConstraintOptions = {}): Constraint {
  const { core = '2.4', marker = false, release = false } = options;
  const key = `${core}${Number(marker)}${Number(release)}${text}`;
  const known = parsed.get(key);
  if (known !== undefined) return known;
  const constraint = { core, ranges: parseRanges(text, { core, marker, release }) };
  parsed.set(key, constraint);
  return constraint;
}

const ALTERNATIVES = /\s*\|\|?\s*/;
// Commas and spaces separate, but not after an operator nor beside a dash.
const CONJUNCTS = /(?<!^)(?<![\^~=>< ,]) *(?<!-)[, ](?!-) *(?!,|$)/;
const EARLY_CONJUNCTS = /(?<!^)(?<![~=>< ,]) *(?<!-)[, ](?!-) *(?!,|$)/;

/** Longer than any constraint; keeps the patterns, which are quadratic at worst, quick on hostile ones. */
const LONGEST = 4096;

function parseRanges(text: string, mode: ReadingMode): Ranges<Point> {
  if (text.length > LONGEST) throw refused(text.slice(0, 40), ' of that length');
  const scheme = schemeOf(mode.core);
  const conjunction = mode.core === '1.0' || mode.core === '1.3' ? EARLY_CONJUNCTS : CONJUNCTS;
  const alternatives = (text === '*' ? text : text.trim()).split(ALTERNATIVES).map((alternative) => {
    // Since 1.2 a trailing comma is forgiven: some published metadata has one.
    const clause = mode.core === '1.0' ? alternative : alternative.replace(/,+$/, '').trimEnd();
    const conjuncts = clause.split(conjunction).map((part) => parseClause(part, text, mode));
    return conjuncts.reduce((a, b) => intersectRanges(scheme, a, b));
  });
  return alternatives.length === 1 ? alternatives[0]! : uniteRanges(scheme, alternatives.flat());
}

function parseClause(clause: string, whole: string, mode: ReadingMode): Ranges<Point> {
  const ranges = mode.core === '1.0' ? parseSimpleSemver(clause) : parseSimple(clause, mode);
  if (ranges !== undefined) return ranges;
  throw refused(whole, clause === whole ? '' : `: \`${clause}\` is none`);
}

function refused(text: string, reason: string): BivyError {
  return new BivyError(
    'CONSTRAINT_INVALID',
    `\`${text}\` is no version constraint that Poetry reads${reason}`,
    {
      hint: 'write it as `^1.2`, `~1.2`, `>=1.2,<2`, `==1.2.*` or `*`',
    },
  );
}

function toPoint(version: Version, core: PoetryCore): Point | undefined {
  return core === '1.0' ? parseSemver(version.text) : version;
}

/** Whether the constraint lets that version in. Pre-releases are not special here, save at the edges of ranges. */
export function allows(constraint: Constraint, version: Version): boolean {
  const point = toPoint(version, constraint.core);
  return point !== undefined && allowsPoint(constraint, point);
}

/** Whether the constraint lets the one version in that `other` consists of. @throws TypeError where it is a range */
export function allowsSingle(constraint: Constraint, other: Constraint): boolean {
  const [range] = other.ranges;
  if (range?.single !== true) throw new TypeError('not a single version');
  return allowsPoint(constraint, range.min!);
}

function allowsPoint({ core, ranges }: Constraint, point: Point): boolean {
  const scheme = schemeOf(core);
  const excluded = core === '1.0' || core === '1.3' ? undefined : excludedVersion(scheme, ranges);
  if (excluded !== undefined) {
    if (core === '2.4') return !scheme.allows(excluded, point);
    // A local version is excluded alone: `!=2.0+cpu` allows `2.0`.
    if ((excluded.min as Version).local !== undefined) return scheme.compare(excluded.min!, point) !== 0;
  }
  return ranges.some((range) => scheme.allows(range, point));
}

/** The version that is the only one left out, as in `!=1.2`. */
function excludedVersion(scheme: Scheme<Point>, ranges: Ranges<Point>): Range<Point> | undefined {
  const [below, above] = ranges;
  if (ranges.length !== 2 || below!.min !== undefined || above!.max !== undefined) return undefined;
  if (below!.includeMax || above!.includeMin || scheme.compare(below!.max!, above!.min!) !== 0)
    return undefined;
  return singleRange(below!.max!);
}

/** Whether no version at all can satisfy it. */
export function isEmptyConstraint(constraint: Constraint): boolean {
  return constraint.ranges.length === 0;
}

/**
 * What satisfies both.
 * @throws TypeError where they were made for different releases of poetry-core
 */
export function intersectConstraints(a: Constraint, b: Constraint): Constraint {
  if (a.core !== b.core) throw new TypeError(`constraints of poetry-core ${a.core} and ${b.core} do not mix`);
  return { core: a.core, ranges: intersectRanges(schemeOf(a.core), a.ranges, b.ranges) };
}

/** Whether every version satisfies one of the two, which must be of one poetry-core. */
export function covers(a: Constraint, b: Constraint): boolean {
  const united = uniteRanges(schemeOf(a.core), [...a.ranges, ...b.ranges]);
  return united.length === 1 && isAny(united[0]!);
}

/** Its canonical text, as poetry-core prints it: `>=1.2,<2.0 || ==3.*`; `<empty>` where nothing satisfies it. */
export function formatConstraint({ core, ranges }: Constraint): string {
  const excluded = excludedVersion(schemeOf(core), ranges);
  const texts = ranges.map((range) => mapRange(range, toVersion));
  return excluded === undefined ? formatRanges(texts) : `!=${formatVersion(toVersion(excluded.min!))}`;
}

function toVersion(point: Point): Version {
  // What Poetry 1.1 took for a version need not be one; then its numbers stand for it.
  if ('release' in point) return point;
  return parseVersion(point.text) ?? makeVersion(0, [point.major, point.minor, point.patch]);
}

function mapRange(range: Range<Point>, map: (point: Point) => Version): Range<Version> {
  const apply = (point: Point | undefined): Version | undefined =>
    point === undefined ? undefined : map(point);
  return { ...range, min: apply(range.min), max: apply(range.max), ceiling: apply(range.ceiling) };
}
