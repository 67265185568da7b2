// Which Poetry a stage runs, as far as the file says it: a range of versions. What is not pinned is the newest that runs on
// the Python of its base.

import { POETRY_RELEASES, pythonsOf } from '../poetry.ts';
import type { StageGraph } from '../syntax/stages.ts';
import { parseImage } from './images.ts';
import { type PoetryCall, readPoetryCall } from './installs.ts';
import type { Reading } from './reading.ts';
import type { StageReading } from './stage-reading.ts';
import type { ToolArrival } from './tools.ts';

type Release = readonly [major: number, minor: number, patch: number];

export interface PoetryVersions {
  /** The lowest that it may be. */
  readonly from: Release;
  /** All are lower; undefined where nothing bounds them. */
  readonly below: Release | undefined;
  /** `1.8.3` where one version is said. */
  readonly exact: string | undefined;
  /** For messages: `Poetry 1.8.3`, `the newest Poetry`. */
  readonly name: string;
}

/** A command of Poetry with the stage that it stands in and the Poetry that runs it. */
export interface VersionedCall extends PoetryCall {
  readonly home: StageReading;
  /** Undefined where nothing is known. */
  readonly version: PoetryVersions | undefined;
}

/** Poetry's commands of the stages that BuildKit builds for what ships, in the order of the file. */
export function poetryCalls(reading: Reading): readonly VersionedCall[] {
  let calls = CALLS.get(reading);
  if (calls === undefined) {
    calls = findCalls(reading);
    CALLS.set(reading, calls);
  }
  return calls;
}

/** Many rules ask for them. */
const CALLS = new WeakMap<Reading, readonly VersionedCall[]>();

function findCalls(reading: Reading): readonly VersionedCall[] {
  return reading.contributors.flatMap((home) => {
    const found = home.calls.flatMap((call) => (call.chance === 'never' ? [] : (readPoetryCall(call) ?? [])));
    if (found.length === 0) return [];
    const version = poetryOf(reading, home);
    return found.map((call) => ({ ...call, home, version }));
  });
}

/** The Poetry of a stage: what came to it or the stages below, else the only one that came anywhere. */
export function poetryOf(reading: Reading, home: StageReading): PoetryVersions | undefined {
  const arrivals = arrivalsOf(reading, home);
  const [first, ...others] = arrivals.map((arrival) => versionsOf(reading, arrival));
  if (first === undefined) return undefined;
  return others.every((other) => other?.name === first.name) ? first : undefined;
}

/** How Poetry comes to a stage. */
export function arrivalsOf(reading: Reading, home: StageReading): readonly ToolArrival[] {
  const lineage: StageReading[] = [];
  for (let at: StageReading | undefined = home; at !== undefined && !lineage.includes(at); ) {
    lineage.push(at);
    at = at.stage.parent === undefined ? undefined : reading.stages[at.stage.parent];
  }
  const ofPoetry = (stages: readonly StageReading[]): readonly ToolArrival[] =>
    stages.flatMap(({ arrivals }) => arrivals.filter(({ tool }) => tool === 'poetry'));
  const own = ofPoetry(lineage);
  return own.length > 0 ? own : ofPoetry(reading.contributors);
}

/** Whether it is that release or a later one, whichever it is. */
export function isAtLeast(versions: PoetryVersions | undefined, major: number, minor: number): boolean {
  return versions !== undefined && compare(versions.from, [major, minor, 0]) >= 0;
}

/** Whether it is earlier than that release, whichever it is. */
export function isBelow(
  versions: PoetryVersions | undefined,
  major: number,
  minor: number,
  patch = 0,
): boolean {
  return versions?.below !== undefined && compare(versions.below, [major, minor, patch]) <= 0;
}

/** The minor version of the Python 3 that a stage's base has, where its name says it; `Infinity`: the newest. */
export function pythonOfBase(graph: StageGraph, { stage }: StageReading): number | undefined {
  let at = stage;
  while (at.parent !== undefined) at = graph.stages[at.parent]!;
  return at.base === undefined ? undefined : pythonOfImage(at.base);
}

/** The same, of an image's name. */
function pythonOfImage(image: string): number | undefined {
  const { repository, tag } = parseImage(image);
  if (/(?:^|\/)python$/.test(repository)) {
    const said = /^3\.(\d+)/.exec(tag ?? '')?.[1];
    if (said !== undefined) return Number(said);
    return tag === undefined || /^(?:3|latest|slim|alpine|bookworm|trixie)(?:-|$)/.test(tag)
      ? Number.POSITIVE_INFINITY
      : undefined;
  }
  const named = /python-?3\.(\d+)/i.exec(image)?.[1];
  return named === undefined ? undefined : Number(named);
}

function versionsOf(reading: Reading, { version, method, step }: ToolArrival): PoetryVersions | undefined {
  const { precision, text } = version;
  if (precision === 'exact' && text !== undefined) return exactly(text);
  if (precision === 'range' && text !== undefined) return rangeOf(text);
  if (precision !== 'none' || method === 'packages' || method === 'image') return undefined;
  const home = reading.stages[step.stage.index];
  const python = home === undefined ? undefined : pythonOfBase(reading.graph, home);
  if (python === undefined) return undefined;
  const newest = POETRY_RELEASES.findLast((release) => pythonsOf(release)[0] <= python);
  if (newest === undefined) return undefined;
  if (newest !== POETRY_RELEASES.at(-1)) {
    const found = exactly(newest);
    return found && { ...found, exact: undefined, name: `the newest Poetry for Python 3.${python}` };
  }
  return { from: releaseOf(newest)!, below: undefined, exact: undefined, name: 'the newest Poetry' };
}

function exactly(text: string): PoetryVersions | undefined {
  const from = releaseOf(text);
  if (from === undefined) return undefined;
  const version = text.replace(/^v/, '');
  return { from, below: [from[0], from[1], from[2] + 1], exact: version, name: `Poetry ${version}` };
}

function releaseOf(text: string): Release | undefined {
  const match = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0)];
}

/** Of `>=1.2,<2`, `~=1.8`, `1.8.*`. */
function rangeOf(text: string): PoetryVersions | undefined {
  let from: Release = [0, 0, 0];
  let below: Release | undefined;
  for (const clause of text.split(',')) {
    const match = /^\s*(~=|>=|<=|==|=|>|<|!=|\^|~|@)?\s*(\d[\d.]*?)(?:\.\*)?\s*$/.exec(clause);
    const release = releaseOf(match?.[2] ?? '');
    if (match === null || release === undefined) return undefined;
    const [major, minor, patch] = release;
    const parts = match[2]!.split('.').length;
    const operator = match[1] ?? '==';
    const next: Release = parts > 1 ? [major, minor + 1, 0] : [major + 1, 0, 0];
    if (operator === '!=') continue;
    if (operator === '<') below = release;
    else if (operator === '<=') below = [major, minor, patch + 1];
    else if (operator === '>=' || operator === '>') from = release;
    else {
      from = release;
      below = operator === '^' || (operator === '~=' && parts === 2) ? [major + 1, 0, 0] : next;
    }
  }
  return { from, below, exact: undefined, name: `Poetry ${text}` };
}

function compare(left: Release, right: Release): number {
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}
