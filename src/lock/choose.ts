// Which file of a release is installed: the choice that Poetry's `Chooser` makes (`installation/chooser.py`). The build
// tag counts before the platform, and Poetry takes a source distribution where no wheel is left.

import { normalizeName } from '../python/names.ts';
import { order } from '../python/version.ts';
import { parseWheelName, type WheelName } from '../python/wheel-name.ts';
import type { LockedFile } from './plan.ts';

/** A file that may be chosen: one that the lock names, or an index offers. */
export interface Candidate extends LockedFile {
  /** What the index says of it, by algorithm; left out, it is the file that the lock means. */
  readonly hashes?: Readonly<Record<string, string>>;
  readonly yanked?: boolean;
}

export interface ChoiceContext {
  /** Supported by the target, best first. */
  readonly tags: readonly string[];
  /** The hashes that the lock has for the release, as `algorithm:hex`; default: those of the candidates. */
  readonly locked?: readonly string[];
  /** The SHA-256 (hexadecimal) of a candidate whose index tells no hash that the lock knows. */
  readonly sha256Of?: (candidate: Candidate) => string | undefined;
  /** The project's name, which the two policies are about. */
  readonly name?: string;
  /** Poetry's `installer.no-binary`: names, `:all:` or `:none:`. */
  readonly noBinary?: readonly string[];
  /** Poetry's `installer.only-binary`. */
  readonly onlyBinary?: readonly string[];
}

export type Choice<T extends Candidate = Candidate> =
  | { readonly kind: 'wheel' | 'sdist'; readonly file: T; readonly unsupported: readonly T[] }
  | {
      readonly kind: 'none';
      readonly file?: undefined;
      /** The wheels that are not for the target. */
      readonly unsupported: readonly T[];
      /** A file that is called a wheel and is not named like one: Poetry fails because of it. */
      readonly misnamed?: T;
    };

interface Ranked<T> {
  readonly file: T;
  readonly kind: 'wheel' | 'sdist';
  readonly build: WheelName['build'];
  /** Position of its best tag; lower is better. */
  readonly position: number;
}

const SOURCES = /\.(?:tar\.gz|tar\.bz2|zip)$/;
const FOREIGN = /\.(?:egg|exe|msi|rpm|srpm)$/;

/**
 * The file that Poetry would install on a target with these tags. Candidates must be of one version: Poetry does not
 * look. Of equals the one listed first wins.
 */
export function chooseFile<T extends Candidate>(candidates: readonly T[], context: ChoiceContext): Choice<T> {
  const locked = new Set(context.locked ?? candidates.map(({ hash }) => hash));
  const positions = positionsOf(context.tags);
  const unsupported: T[] = [];
  let best: Ranked<T> | undefined;
  for (const file of candidates) {
    if (!isAllowed(file, locked, context)) continue;
    const ranked = rank(file, positions, context);
    if (ranked === 'misnamed') return { kind: 'none', unsupported, misnamed: file };
    if (ranked === 'unsupported') unsupported.push(file);
    else if (ranked !== undefined && (best === undefined || isBetter(ranked, best, locked))) best = ranked;
  }
  return best === undefined
    ? { kind: 'none', unsupported }
    : { kind: best.kind, file: best.file, unsupported };
}

function rank<T extends Candidate>(
  file: T,
  positions: ReadonlyMap<string, number>,
  context: ChoiceContext,
): Ranked<T> | 'misnamed' | 'unsupported' | undefined {
  if (file.name.endsWith('.whl')) {
    if (isExcluded(context.name, context.noBinary, context.onlyBinary)) return undefined;
    const wheel = parseWheelName(file.name);
    if (wheel === undefined) return 'misnamed';
    const position = bestPosition(wheel.tags, positions);
    return position === undefined ? 'unsupported' : { file, kind: 'wheel', build: wheel.build, position };
  }
  if (FOREIGN.test(file.name)) return undefined;
  if (SOURCES.test(file.name) && isExcluded(context.name, context.onlyBinary, context.noBinary))
    return undefined;
  return { file, kind: 'sdist', build: undefined, position: positions.size };
}

function bestPosition(tags: readonly string[], positions: ReadonlyMap<string, number>): number | undefined {
  let best: number | undefined;
  for (const tag of tags) {
    const position = positions.get(tag);
    if (position !== undefined && (best === undefined || position < best)) best = position;
  }
  return best;
}

/** Whether a policy rules that kind of file out: by name always, by `:all:` unless the other policy has the name. */
function isExcluded(name = '', policy: readonly string[] = [], opposite: readonly string[] = []): boolean {
  const project = normalizeName(name);
  if (policy.includes(project)) return true;
  return policy.includes(':all:') && !opposite.includes(project);
}

const STRENGTHS = [
  'sha3_512',
  'sha3_384',
  'sha3_256',
  'sha3_224',
  'sha512',
  'sha384',
  'sha256',
  'sha224',
  'shake_256',
  'shake_128',
  'blake2s',
  'blake2b',
];

/** Whether the lock means that file: by the strongest algorithm that both know. A file without any hash passes. */
function isAllowed(file: Candidate, locked: ReadonlySet<string>, { sha256Of }: ChoiceContext): boolean {
  const { hashes } = file;
  if (locked.size === 0) return true;
  if (hashes === undefined) return locked.has(file.hash);
  const told = Object.keys(hashes);
  if (told.length === 0) return true;
  const known = new Set([...locked].map((hash) => hash.slice(0, hash.indexOf(':'))));
  const common = told.filter((algorithm) => known.has(algorithm));
  const strongest = STRENGTHS.find((algorithm) => common.includes(algorithm)) ?? common[0];
  if (strongest !== undefined) return locked.has(`${strongest}:${hashes[strongest]}`);
  const computed = sha256Of?.(file);
  return computed !== undefined && locked.has(`sha256:${computed}`);
}

/** Whether a hash that its index tells is the lock's, or it tells none. */
function isVouched({ hash, hashes }: Candidate, locked: ReadonlySet<string>): boolean {
  if (hashes === undefined) return locked.has(hash);
  const told = Object.entries(hashes);
  return told.length === 0 || told.some(([algorithm, hex]) => locked.has(`${algorithm}:${hex}`));
}

function isBetter<T extends Candidate>(a: Ranked<T>, b: Ranked<T>, locked: ReadonlySet<string>): boolean {
  const result =
    Number(isVouched(a.file, locked)) - Number(isVouched(b.file, locked)) ||
    Number(b.file.yanked === true) - Number(a.file.yanked === true) ||
    compareBuilds(a.build, b.build) ||
    b.position - a.position;
  return result > 0;
}

/** Any build tag before none, then by number, then by the text behind it. */
function compareBuilds(a: WheelName['build'], b: WheelName['build']): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  const numbers = order(a[0], b[0]);
  if (numbers !== 0 || a[1] === b[1]) return numbers;
  return a[1] < b[1] ? -1 : 1;
}

const known = new WeakMap<readonly string[], ReadonlyMap<string, number>>();

function positionsOf(tags: readonly string[]): ReadonlyMap<string, number> {
  let positions = known.get(tags);
  if (positions === undefined) {
    positions = new Map(tags.map((tag, index) => [tag, index]));
    known.set(tags, positions);
  }
  return positions;
}
