// What `include` and `exclude` of `[tool.poetry]`, and Git, say of the files of a wheel: poetry-core's
// `find_excluded_files` and `is_excluded`, by era. Pure over a tree.
//
// Not as poetry-core up to 1.9: it forgets exclusions for directories of packages that have `from` and `format`, and so
// ships what Git ignores.

import { BivyError, type Location } from '../kernel/errors.ts';
import type { BuildEra } from './build-era.ts';
import { missingInclude } from './missing.ts';
import { everythingBelow, type Found, glob, isExact } from './path-glob.ts';
import { parentOf, refuseSpecial } from './placement.ts';
import type { Project } from './project.ts';
import type { Tree } from './tree.ts';
import type { Ignored } from './version-control.ts';

export interface FileJudge {
  /** What `include` adds, in the order written. */
  readonly included: readonly string[];
  /** Of a file that `packages` found. */
  readonly isExcluded: (path: string) => boolean;
}

/** @throws BivyError `INCLUDE_MISSING` for what is named exactly and missing; `ROOT_INVALID` */
export function judgeFiles(
  project: Project,
  tree: Tree,
  era: BuildEra,
  ignored: Ignored | undefined,
): FileJudge {
  const location: Location = { file: project.file };
  const includes = project.include
    .filter(({ format }) => (format === undefined ? era.includesFiles : format.includes('wheel')))
    .map(({ path, format }) => {
      const found = glob(tree, '', withinProject(path, '[tool.poetry] include', location));
      if (found.length === 0 && isExact(path)) throw missingInclude(path, '[tool.poetry] include', location);
      // Up to 1.8, a directory goes into the wheel only where `format` says so; files need no word.
      return {
        found,
        added: format === undefined ? found.filter(({ kind }) => kind !== 'directory') : found,
      };
    });
  const excluded = project.exclude.flatMap((pattern) =>
    glob(tree, '', withinProject(pattern, '[tool.poetry] exclude', location)),
  );
  const kept = includes.flatMap(({ found }) => found);
  const isExcluded = era.excludesTrees
    ? judgeTrees(pathsOf(excluded), pathsOf(kept), ignored)
    : judgeEach(new Set(filesOf(tree, excluded)), new Set(filesOf(tree, kept)), ignored);
  const included = includes
    .flatMap(({ added }) => added)
    .flatMap((each) => {
      const files = filesOf(tree, [each]);
      return each.kind === 'directory' ? files.filter((path) => !isExcluded(path)) : files;
    });
  return { included, isExcluded };
}

/** From 2.2: each file for itself, and an include takes it back. */
function judgeEach(
  excluded: ReadonlySet<string>,
  kept: ReadonlySet<string>,
  ignored: Ignored | undefined,
): (path: string) => boolean {
  return (path) => !kept.has(path) && (excluded.has(path) || ignored?.(path) === true);
}

/** Up to 2.1: what is below an excluded directory is excluded, and only an include of that directory takes it back. */
function judgeTrees(
  excluded: ReadonlySet<string>,
  kept: ReadonlySet<string>,
  ignored: Ignored | undefined,
): (path: string) => boolean {
  return (path) => {
    if (!kept.has(path) && ignored?.(path) === true) return true;
    for (let at = path; at !== ''; at = parentOf(at)) if (excluded.has(at) && !kept.has(at)) return true;
    return false;
  };
}

function pathsOf(found: readonly Found[]): ReadonlySet<string> {
  return new Set(found.map(({ path }) => path));
}

/** The files and links among what was found, and in the directories among it, in that order. */
export function filesOf(tree: Tree, found: readonly Found[]): readonly string[] {
  const paths = new Set<string>();
  for (const each of found) {
    const inner = each.kind === 'directory' ? everythingBelow(tree, each.path) : [each];
    for (const { path, kind } of inner) {
      if (kind === 'other') refuseSpecial(path);
      if (kind !== 'directory') paths.add(path);
    }
  }
  return [...paths];
}

/** @throws BivyError `ROOT_INVALID` for a path or pattern that is absolute or climbs out */
export function withinProject(path: string, where: string, location: Location): string {
  if (!path.startsWith('/') && !path.split('/').includes('..')) return path;
  throw new BivyError('ROOT_INVALID', `\`${where}\` leaves the project: \`${path}\``, {
    location,
    hint: 'only files below the directory of `pyproject.toml` can go into its wheel',
  });
}
