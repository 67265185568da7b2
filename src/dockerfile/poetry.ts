// What a Poetry of some version needs to be installed today, on which Pythons it runs and which flags it takes: its
// changelog by version, and what was seen to work (docs/dockerfile.md).

import type { ProjectFacts } from './facts.ts';

/** Whether `version` is of a series before `major.minor`. */
export function isBefore(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return a < major || (a === major && b < minor);
}

/** What `pip install` must be told so that this Poetry still works. */
export function poetryRequirements(poetry: string, plugins: readonly string[] = []): readonly string[] {
  const pins = [`poetry==${poetry}`];
  if (isBefore(poetry, 2, 0)) {
    // virtualenv 20.31 refuses the option that Poetry 1 passes when it builds anything from source (poetry#10378).
    pins.push('virtualenv<20.31');
    if (isBefore(poetry, 1, 2) && !isBefore(poetry, 1, 1)) {
      // Its own packaging is older than what setuptools 71 asks of the one that is installed.
      pins.push('setuptools<71');
      if (poetry !== '1.1.15') pins.push('poetry-core<1.1');
    }
  } else if (isBefore(poetry, 2, 2)) {
    pins.push('virtualenv<20.33');
  }
  return [...pins, ...plugins];
}

/** The last release of each series. */
export const POETRY_RELEASES = [
  '1.0.10',
  '1.1.15',
  '1.2.2',
  '1.3.2',
  '1.4.2',
  '1.5.1',
  '1.6.1',
  '1.7.1',
  '1.8.5',
  '2.0.1',
  '2.1.4',
  '2.2.1',
  '2.3.4',
  '2.4.3',
  '2.5.1',
] as const;

/** The minor versions of Python 3 that Poetry runs on: first and last. */
export function pythonsOf(poetry: string): readonly [first: number, last: number] {
  const first = SINCE.find(([major, minor]) => !isBefore(poetry, major, minor))?.[2] ?? 6;
  const last =
    UNTIL.find(([major, minor]) => isBefore(poetry, major, minor))?.[2] ?? Number.POSITIVE_INFINITY;
  return [first, last];
}

/** `[major, minor, Python]`: from that series on, Poetry needs that Python. */
const SINCE: readonly (readonly [number, number, number])[] = [
  [2, 3, 10],
  [2, 0, 9],
  [1, 6, 8],
  [1, 2, 7],
];

/** `[major, minor, Python]`: before that series, Poetry does not run on a Python after that one, or nobody has tried. */
const UNTIL: readonly (readonly [number, number, number])[] = [
  [1, 1, 13],
  // Packages inside of poetry-core import a `six` that Python 3.12 has no hook for.
  [1, 2, 11],
  [2, 2, 13],
];

/** Installing a directory's package can be left for later. */
export function knowsNoDirectory(poetry: string): boolean {
  return !isBefore(poetry, 1, 5);
}

/** Poetry installs with the pip of the environment, which must be there then. */
export function needsPip(poetry: string): boolean {
  return isBefore(poetry, 1, 2);
}

interface InstallChoice {
  readonly root: boolean;
  /** Directories of this disk, which are dependencies: `later` leaves them out. */
  readonly directories?: 'now' | 'later';
  /** Say it as the article does, `--without dev`. */
  readonly withoutDevelopment?: boolean;
}

/** The arguments of `poetry install`, as words. */
export function installArguments(
  facts: ProjectFacts,
  { root, directories = 'now', withoutDevelopment = false }: InstallChoice,
): readonly string[] {
  const words = [...groupArguments(facts, withoutDevelopment), ...extrasArguments(facts)];
  if (root ? facts.saysNoRoot : facts.packageMode || facts.saysNoRoot) words.push('--no-root');
  if (directories === 'later') words.push('--no-directory');
  return words;
}

function groupArguments(
  { selection, poetry, development }: ProjectFacts,
  article: boolean,
): readonly string[] {
  const { only, with: added, without } = selection;
  const none = only.length === 0 && added.length === 0 && without.length === 0;
  // Groups came with 1.2; before, there was main and there was dev.
  if (isBefore(poetry.version, 1, 2)) {
    const dev = only.length > 0 ? only.includes('dev') : added.includes('dev') && !without.includes('dev');
    return dev || (added.length > 0 && !without.includes('dev')) ? [] : ['--no-dev'];
  }
  if (none && article && development.length > 0) return ['--without', development.join(',')];
  if (only.length > 0 || none) return ['--only', none ? 'main' : only.join(',')];
  return [
    ...(added.length > 0 ? ['--with', added.join(',')] : []),
    ...(without.length > 0 ? ['--without', without.join(',')] : []),
  ];
}

function extrasArguments({ extras, allExtras }: ProjectFacts): readonly string[] {
  return allExtras ? ['--all-extras'] : extras.flatMap((extra) => ['--extras', extra]);
}
