// Versions (PEP 440): parsing with every normalisation, ordering, normal form. Immutable values, parsed once per text.

/** A number of a version: a `bigint` only beyond 2^53, as in dates written to the microsecond. */
export type Numeral = number | bigint;

type PrePhase = 'a' | 'b' | 'rc';

export interface Version {
  readonly epoch: Numeral;
  /** At least one number; trailing zeros are kept as written and do not count when compared. */
  readonly release: readonly Numeral[];
  readonly pre: { readonly phase: PrePhase; readonly number: Numeral } | undefined;
  readonly post: Numeral | undefined;
  readonly dev: Numeral | undefined;
  /** Lower-case segments of the local version, or nothing. */
  readonly local: readonly string[] | undefined;
  /** As it was written; the normal form where it was computed. */
  readonly text: string;
}

/** The grammar of PEP 440, appendix B, without anchors; to be used with the flag `i`. */
export const VERSION_PATTERN: string =
  'v?(?:(?<epoch>[0-9]+)!)?(?<release>[0-9]+(?:\\.[0-9]+)*)' +
  '(?:[._-]?(?<phase>alpha|a|beta|b|preview|pre|c|rc)[._-]?(?<pre>[0-9]+)?)?' +
  '(?<posted>-(?<implicit>[0-9]+)|[._-]?(?:post|rev|r)[._-]?(?<post>[0-9]+)?)?' +
  '(?<developed>[._-]?dev[._-]?(?<dev>[0-9]+)?)?' +
  '(?:\\+(?<local>[a-z0-9]+(?:[._-][a-z0-9]+)*))?';

const WHOLE = new RegExp(`^\\s*${VERSION_PATTERN}\\s*$`, 'i');

const PHASES: Readonly<Record<string, PrePhase>> = {
  a: 'a',
  alpha: 'a',
  b: 'b',
  beta: 'b',
  c: 'rc',
  rc: 'rc',
  pre: 'rc',
  preview: 'rc',
};

const parsed = new Map<string, Version | undefined>();

/** The version that `text` spells, or nothing where it is not PEP 440. */
export function parseVersion(text: string): Version | undefined {
  const known = parsed.get(text);
  if (known !== undefined || parsed.has(text)) return known;
  const version = decode(text);
  parsed.set(text, version);
  return version;
}

function decode(text: string): Version | undefined {
  const groups = WHOLE.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { epoch, release, phase, pre, posted, implicit, post, developed, dev, local } = groups;
  return {
    epoch: numeral(epoch),
    release: release!.split('.').map(numeral),
    pre: phase === undefined ? undefined : { phase: PHASES[phase.toLowerCase()]!, number: numeral(pre) },
    post: posted === undefined ? undefined : numeral(implicit ?? post),
    dev: developed === undefined ? undefined : numeral(dev),
    local: local?.toLowerCase().split(/[._-]/),
    text,
  };
}

function numeral(digits: string | undefined): Numeral {
  if (digits === undefined) return 0;
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : BigInt(digits);
}

/** The version of these parts, with its normal form as text. */
export function makeVersion(
  epoch: Numeral,
  release: readonly Numeral[],
  suffix: Partial<Pick<Version, 'pre' | 'post' | 'dev' | 'local'>> = {},
): Version {
  const { pre, post, dev, local } = suffix;
  const parts = { epoch, release, pre, post, dev, local, text: '' };
  return { ...parts, text: formatVersion(parts) };
}

/** The normal form, as poetry-core prints it: `1!2.0rc1.post2.dev3+local.4`; trailing zeros of the release stay. */
export function formatVersion(version: Version): string {
  const { epoch, release, pre, post, dev, local } = version;
  let text = release.join('.');
  if (epoch > 0) text = `${epoch}!${text}`;
  if (pre !== undefined) text += `${pre.phase}${pre.number}`;
  if (post !== undefined) text += `.post${post}`;
  if (dev !== undefined) text += `.dev${dev}`;
  return local === undefined ? text : `${text}+${local.join('.')}`;
}

/** Negative where `a` is older, positive where it is newer, 0 where PEP 440 calls them equal (`1.0` and `1.0.0`). */
export function compareVersions(a: Version, b: Version): number {
  if (a === b) return 0;
  return order(a.epoch, b.epoch) || compareReleases(a.release, b.release) || compareSuffixes(a, b);
}

/** The same, for versions whose epochs and releases were compared already. */
export function compareSuffixes(a: Version, b: Version): number {
  return (
    comparePre(a, b) ||
    order(a.post ?? -1, b.post ?? -1) ||
    order(a.dev ?? Number.POSITIVE_INFINITY, b.dev ?? Number.POSITIVE_INFINITY) ||
    compareLocals(a.local, b.local)
  );
}

/** -1, 0 or 1; works across `number` and `bigint`. */
export function order(a: Numeral, b: Numeral): number {
  if (a < b) return -1;
  return a > b ? 1 : 0;
}

function compareReleases(a: readonly Numeral[], b: readonly Numeral[]): number {
  const length = Math.max(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const result = order(a[index] ?? 0, b[index] ?? 0);
    if (result !== 0) return result;
  }
  return 0;
}

const RANKS: Readonly<Record<PrePhase, number>> = { a: 1, b: 2, rc: 3 };
const FINAL = 4;

function comparePre(a: Version, b: Version): number {
  const result = preRank(a) - preRank(b);
  if (result !== 0) return result;
  return a.pre === undefined || b.pre === undefined ? 0 : order(a.pre.number, b.pre.number);
}

/** `1.0.dev1` comes before `1.0a1`, although it has no pre-release. */
function preRank({ pre, post, dev }: Version): number {
  if (pre !== undefined) return RANKS[pre.phase];
  return post === undefined && dev !== undefined ? 0 : FINAL;
}

function compareLocals(a: readonly string[] | undefined, b: readonly string[] | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const result = compareSegments(a[index], b[index]);
    if (result !== 0) return result;
  }
  return 0;
}

const DIGITS = /^[0-9]+$/;

/** Missing before words before numbers; words by code unit, numbers by value. */
function compareSegments(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  const numbers = Number(DIGITS.test(a)) - Number(DIGITS.test(b));
  if (numbers !== 0) return numbers;
  if (DIGITS.test(a)) return order(numeral(a), numeral(b));
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Whether it is neither a pre-release nor a development release. */
export function isStable(version: Version): boolean {
  return version.pre === undefined && version.dev === undefined;
}

/**
 * The release that an unstable version leads to, as poetry-core's `stable` has it: `3.14.0rc2` becomes `3.14.0`,
 * `1.0.post1.dev2` becomes `1.0.post1`; a stable version is returned as it is.
 */
export function stableVersion(version: Version): Version {
  if (isStable(version)) return version;
  return makeVersion(version.epoch, version.release, {
    post: version.pre === undefined ? version.post : undefined,
  });
}
