// What Git would ignore here, without Git: `git ls-files --others -i --exclude-standard`, minus the user's own global
// ignore file, which is no part of the project. A tracked file is never ignored, so `.git/index` is read when in doubt.

import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { trackedPaths } from './git-index.ts';
import { type IgnoreRule, judge, parseGitignore } from './gitignore.ts';

/** Whether a path of the project (relative, `/`-separated) is ignored and not tracked. */
export type Ignored = (path: string) => boolean;

/**
 * The judge for the project in `directory`: `undefined` where no repository holds it, or where the repository ignores
 * the project as a whole (then Poetry asks Git nothing either).
 */
export function findIgnored(directory: string): Ignored | undefined {
  const project = realpathSync(directory);
  const top = findTop(project);
  if (top === undefined) return undefined;
  const gitDirectory = gitDirectoryOf(top);
  if (gitDirectory === undefined) return undefined;
  const exclude = readRules(join(commonDirectoryOf(gitDirectory), 'info', 'exclude'));
  const rules = new Map<string, readonly IgnoreRule[]>();
  const verdicts = new Map<string, boolean>();

  const rulesOf = (parent: string): readonly IgnoreRule[] => {
    const known = rules.get(parent);
    if (known !== undefined) return known;
    const read = readRules(join(top, parent, '.gitignore'));
    rules.set(parent, read);
    return read;
  };
  const judgeOne = (path: string, isDirectory: boolean): boolean => {
    for (let slash = path.lastIndexOf('/'); ; slash = path.lastIndexOf('/', slash - 1)) {
      const parent = slash < 0 ? '' : path.slice(0, slash);
      const verdict = judge(rulesOf(parent), path.slice(slash + 1), isDirectory);
      if (verdict !== undefined) return verdict;
      if (slash <= 0) break;
    }
    return judge(exclude, path, isDirectory) === true;
  };
  /** An ignored directory is ignored whole: nothing in it can be taken back. */
  const directoryIgnored = (path: string): boolean => {
    if (path === '') return false;
    const known = verdicts.get(path);
    if (known !== undefined) return known;
    const slash = path.lastIndexOf('/');
    const verdict = directoryIgnored(slash < 0 ? '' : path.slice(0, slash)) || judgeOne(path, true);
    verdicts.set(path, verdict);
    return verdict;
  };

  const prefix = project === top ? '' : project.slice(top.length + (top === '/' ? 0 : 1));
  if (directoryIgnored(prefix)) return undefined;
  let tracked: ReadonlySet<string> | undefined;
  return (path) => {
    const whole = prefix === '' ? path : `${prefix}/${path}`;
    const slash = whole.lastIndexOf('/');
    if (!directoryIgnored(slash < 0 ? '' : whole.slice(0, slash)) && !judgeOne(whole, false)) return false;
    tracked ??= trackedPaths(gitDirectory);
    return !tracked.has(whole);
  };
}

/** The nearest directory upwards that has `.git`. */
function findTop(start: string): string | undefined {
  for (let directory = start; ; directory = dirname(directory)) {
    if (statSync(join(directory, '.git'), { throwIfNoEntry: false }) !== undefined) return directory;
    if (dirname(directory) === directory) return undefined;
  }
}

/** `.git` itself, or what a `.git` file of a worktree or submodule names. */
function gitDirectoryOf(top: string): string | undefined {
  const path = join(top, '.git');
  if (statSync(path).isDirectory())
    return statSync(join(path, 'HEAD'), { throwIfNoEntry: false }) ? path : undefined;
  const named = /^gitdir: (.+?)\r?\n?$/.exec(readFileSync(path, 'utf8'))?.[1];
  if (named === undefined) return undefined;
  const directory = resolve(top, named);
  return statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true ? directory : undefined;
}

/** A worktree shares `info/` with the repository it is of. */
function commonDirectoryOf(gitDirectory: string): string {
  const named = readText(join(gitDirectory, 'commondir'));
  return named === undefined ? gitDirectory : resolve(gitDirectory, named.trim());
}

function readRules(path: string): readonly IgnoreRule[] {
  const text = readText(path);
  return text === undefined ? [] : parseGitignore(text);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
