// The canonical text of ranges, as poetry-core prints it, wildcards included (`version_constraint.py`,
// `_single_wildcard_range_string`).

import type { Range, Ranges } from './range.ts';
import { formatVersion, makeVersion, type Numeral, type Version } from './version.ts';
import { firstDevrelease, nextSibling, sameVersion } from './version-steps.ts';

/** `>=1.2,<2.0 || ==3.*`; `<empty>` for no range at all. Single exclusions are the caller's business. */
export function formatRanges(ranges: Ranges<Version>): string {
  if (ranges.length === 0) return '<empty>';
  const excluded = excludedWildcard(ranges);
  return excluded === undefined ? ranges.map(formatRange).join(' || ') : `!=${excluded}`;
}

function formatRange(range: Range<Version>): string {
  const { min, max, includeMin, includeMax, single } = range;
  if (single) return formatVersion(min!);
  if (min !== undefined && max !== undefined && includeMin && !includeMax) {
    const text = wildcardText(min, max, min, max);
    if (text !== undefined) return `==${text}`;
  }
  const low = min === undefined ? [] : [`${includeMin ? '>=' : '>'}${formatVersion(min)}`];
  const high = max === undefined ? [] : [`${includeMax ? '<=' : '<'}${formatVersion(max)}`];
  return [...low, ...high].join(',') || '*';
}

function excludedWildcard(ranges: Ranges<Version>): string | undefined {
  const [below, above] = ranges;
  if (ranges.length !== 2 || below!.min !== undefined || above!.max !== undefined) return undefined;
  if (below!.includeMax || !above!.includeMin) return undefined;
  return wildcardText(below!.max!, above!.min!, above!.min!, below!.max!);
}

/** `first` up to `second` as `X.*`; `from` must begin with a development release, `to` may. */
function wildcardText(first: Version, second: Version, from: Version, to: Version): string | undefined {
  const plain = [first, second].every(({ local, pre }) => local === undefined && pre === undefined);
  if (!plain || (first.post === undefined) !== (second.post === undefined)) return undefined;
  if (!sameVersion(firstDevrelease(from), from)) return undefined;
  if (to.dev !== undefined && !sameVersion(firstDevrelease(to), to)) return undefined;

  const end = trimZeros(second.release);
  const stem = trimZeros(first.release).length > end.length ? undefined : pad(first.release, end.length);
  if (stem === undefined) return undefined;
  const base = makeVersion(first.epoch, stem, { post: first.post });
  const next = makeVersion(second.epoch, end, { post: second.post });
  if (stem.length === 0 || !sameRelease(nextSibling(base), next)) return undefined;
  if (first.post !== undefined) return `${formatVersion(makeVersion(first.epoch, first.release, base))}.*`;
  return `${stem.join('.')}.*`;
}

/** Epochs aside, which poetry-core forgets here. */
function sameRelease(a: Version, b: Version): boolean {
  return sameVersion({ ...a, epoch: 0 }, { ...b, epoch: 0 });
}

function trimZeros(release: readonly Numeral[]): readonly Numeral[] {
  let length = release.length;
  while (length > 0 && release[length - 1] === 0) length--;
  return release.slice(0, length);
}

function pad(release: readonly Numeral[], length: number): readonly Numeral[] {
  return Array.from({ length }, (_, index) => release[index] ?? 0);
}
