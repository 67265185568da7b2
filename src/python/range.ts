// The algebra of version ranges: intersection and union of sorted lists of disjoint ranges, as poetry-core computes
// them (`constraints/version/version_range.py`). Generic over what a version is: Poetry 1.1 had its own.

export interface Range<V> {
  readonly min: V | undefined;
  readonly max: V | undefined;
  readonly includeMin: boolean;
  readonly includeMax: boolean;
  /** The highest version that `max` lets in: below `<2.0` the pre-releases of 2.0 are out as well. */
  readonly ceiling: V | undefined;
  /** A version by itself, not a range that happens to hold one: `1.0` lets `1.0+local` in. */
  readonly single: boolean;
}

/** Disjoint ranges in ascending order; none is the empty constraint. */
export type Ranges<V> = readonly Range<V>[];

/** What an era of Poetry understands by versions and their order. */
export interface Scheme<V> {
  compare(a: V, b: V): number;
  ceiling(range: Omit<Range<V>, 'ceiling' | 'single'>): V | undefined;
  allows(range: Range<V>, version: V): boolean;
  /** Their intersection where `single` is a version that `range` does not allow. */
  meet(range: Range<V>, single: Range<V>): Range<V> | undefined;
}

export interface Bounds<V> {
  readonly min?: V | undefined;
  readonly max?: V | undefined;
  readonly includeMin?: boolean;
  readonly includeMax?: boolean;
}

export function makeRange<V>(scheme: Scheme<V>, bounds: Bounds<V>): Range<V> {
  const { min, max, includeMin = false, includeMax = false } = bounds;
  const edges = { min, max, includeMin, includeMax };
  return { ...edges, ceiling: scheme.ceiling(edges), single: false };
}

export function singleRange<V>(version: V): Range<V> {
  return { min: version, max: version, includeMin: true, includeMax: true, ceiling: version, single: true };
}

export function isAny<V>(range: Range<V>): boolean {
  return range.min === undefined && range.max === undefined;
}

function same<V>(scheme: Scheme<V>, a: V | undefined, b: V | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return scheme.compare(a, b) === 0;
}

function allowsLower<V>(scheme: Scheme<V>, a: Range<V>, b: Range<V>): boolean {
  if (a.min === undefined || b.min === undefined) return a.min === undefined && b.min !== undefined;
  const result = scheme.compare(a.min, b.min);
  return result === 0 ? a.includeMin && !b.includeMin : result < 0;
}

function allowsHigher<V>(scheme: Scheme<V>, a: Range<V>, b: Range<V>): boolean {
  if (a.ceiling === undefined || b.ceiling === undefined) {
    return a.ceiling === undefined && b.ceiling !== undefined;
  }
  const result = scheme.compare(a.ceiling, b.ceiling);
  return result === 0 ? a.includeMax && !b.includeMax : result > 0;
}

function isBelow<V>(scheme: Scheme<V>, a: Range<V>, b: Range<V>): boolean {
  if (a.ceiling === undefined || b.min === undefined) return false;
  const result = scheme.compare(a.ceiling, b.min);
  return result === 0 ? !(a.includeMax && b.includeMin) : result < 0;
}

function meetRanges<V>(scheme: Scheme<V>, a: Range<V>, b: Range<V>): Range<V> | undefined {
  if (b.single && scheme.allows(a, b.min!)) return b;
  if (a.single && scheme.allows(b, a.min!)) return a;
  if (b.single) return a.single ? undefined : scheme.meet(a, b);
  if (a.single) return scheme.meet(b, a);

  const [lower, upper] = allowsLower(scheme, a, b) ? [a, b] : [b, a];
  if (isBelow(scheme, lower, upper)) return undefined;
  const shorter = allowsHigher(scheme, a, b) ? b : a;
  if (upper.min !== undefined && same(scheme, upper.min, shorter.max)) return singleRange(upper.min);
  return makeRange(scheme, {
    min: upper.min,
    includeMin: upper.includeMin,
    max: shorter.max,
    includeMax: shorter.includeMax,
  });
}

export function intersectRanges<V>(scheme: Scheme<V>, a: Ranges<V>, b: Ranges<V>): Ranges<V> {
  // Of equal edges the first one's spelling stays, and poetry-core puts unions first.
  if (a.length === 1 && b.length > 1) return intersectRanges(scheme, b, a);
  const found: Range<V>[] = [];
  let ours = 0;
  let theirs = 0;
  while (ours < a.length && theirs < b.length) {
    const range = meetRanges(scheme, a[ours]!, b[theirs]!);
    if (range !== undefined) found.push(range);
    if (allowsHigher(scheme, b[theirs]!, a[ours]!)) ours++;
    else theirs++;
  }
  return found.length < 2 ? found : uniteRanges(scheme, found);
}

function overlap<V>(scheme: Scheme<V>, a: Range<V>, b: Range<V>): boolean {
  if (a.single || b.single) return meetRanges(scheme, a, b) !== undefined;
  return !isBelow(scheme, a, b) && !isBelow(scheme, b, a);
}

/** `1.0` and `>=1.0+local` make `>=1.0+local`: what poetry-core loses there is lost here. */
function joinSingle<V>(scheme: Scheme<V>, version: V, range: Range<V>): Range<V> {
  if (scheme.allows(range, version)) return range;
  const single = singleRange(version);
  const atMin = range.min !== undefined && scheme.allows(single, range.min);
  return makeRange(scheme, atMin ? { ...range, includeMin: true } : { ...range, includeMax: true });
}

function joinRanges<V>(scheme: Scheme<V>, a: Range<V>, b: Range<V>): Range<V> {
  if (a.single) return joinSingle(scheme, a.min!, b);
  if (b.single && scheme.allows(a, b.min!)) return a;
  if (b.single && same(scheme, b.min, a.min)) return makeRange(scheme, { ...a, includeMin: true });
  if (b.single && same(scheme, b.min, a.max)) return makeRange(scheme, { ...a, includeMax: true });
  const low = allowsLower(scheme, a, b) ? a : b;
  const high = allowsHigher(scheme, a, b) ? a : b;
  return makeRange(scheme, {
    min: low.min,
    includeMin: low.includeMin,
    max: high.max,
    includeMax: high.includeMax,
  });
}

/** Sorted, with whatever overlaps or touches made one. */
export function uniteRanges<V>(scheme: Scheme<V>, ranges: Ranges<V>): Ranges<V> {
  const any = ranges.find(isAny);
  if (any !== undefined) return [any];
  const merged: Range<V>[] = [];
  for (const range of [...ranges].sort((a, b) => compareRanges(scheme, a, b))) {
    const last = merged.at(-1);
    if (last !== undefined && (overlap(scheme, last, range) || touch(scheme, last, range))) {
      merged[merged.length - 1] = joinRanges(scheme, last, range);
    } else {
      merged.push(range);
    }
  }
  return merged;
}

function touch<V>(scheme: Scheme<V>, a: Range<V>, b: Range<V>): boolean {
  return same(scheme, a.max, b.min) && a.includeMax !== b.includeMin;
}

function compareRanges<V>(scheme: Scheme<V>, a: Range<V>, b: Range<V>): number {
  if (a.min === undefined || b.min === undefined) {
    if (a.min !== b.min) return a.min === undefined ? -1 : 1;
  } else {
    const result = scheme.compare(a.min, b.min);
    if (result !== 0) return result;
    if (a.includeMin !== b.includeMin) return a.includeMin ? -1 : 1;
  }
  return compareEnds(scheme, a, b);
}

function compareEnds<V>(scheme: Scheme<V>, a: Range<V>, b: Range<V>): number {
  if (a.max === undefined || b.max === undefined) {
    if (a.max === b.max) return 0;
    return a.max === undefined ? 1 : -1;
  }
  const result = scheme.compare(a.max, b.max);
  if (result !== 0) return result;
  return Number(a.includeMax) - Number(b.includeMax);
}
