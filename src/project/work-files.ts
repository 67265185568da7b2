// Which files of the project go under the work directory: with `package-mode = false` its sources, and in any case what
// `[tool.bivy] include` names. What is ignored (`.dockerignore`, Git) stays out unless it is named exactly. Pure.

import type { Location } from '../kernel/errors.ts';
import type { Dockerignore, ParentMatches } from './dockerignore.ts';
import { missingInclude } from './missing.ts';
import { glob, isExact, join } from './path-glob.ts';
import { baseName, linkTarget, type Placement, parentOf, refuseSpecial, relativeLink } from './placement.ts';
import type { Tree, TreeEntry } from './tree.ts';
import type { Ignored } from './version-control.ts';

interface WorkRules {
  /** Take every source file that is not ignored. */
  readonly sources: boolean;
  readonly include: readonly string[];
  readonly dockerignore: Dockerignore;
  readonly ignored: Ignored | undefined;
  /** Paths of the project to leave out with all that is in them: where images are written. */
  readonly leaveOut: readonly string[];
  readonly location: Location;
}

/** Never sources, wherever they are: version control, environments, and what tools leave behind. */
const LEFTOVERS = new Set(
  (
    '.git .hg .svn .venv node_modules __pycache__ .mypy_cache .pytest_cache .ruff_cache .tox .nox .gitignore ' +
    '.gitattributes .gitmodules .DS_Store'
  ).split(' '),
);

/** Never sources, at the top: they build the image, or are built. */
const BUILD_FILES =
  /^(\.dockerignore|(.+\.)?(Dockerfile|Containerfile)(\..+)?|(docker-)?compose(\..+)?\.ya?ml|poetry\.(lock|toml)|bivy\.lock|dist)$/;

/** Targets are relative to the work directory, sorted. @throws BivyError `INCLUDE_MISSING`, `ROOT_INVALID` */
export function chooseWorkFiles(tree: Tree, rules: WorkRules): readonly Placement[] {
  const chosen = new Set<string>();
  if (rules.sources) {
    walk(
      tree,
      rules,
      '',
      undefined,
      (path) => !isBuildFile(tree, path),
      (path) => chosen.add(path),
    );
  }
  for (const path of rules.include) include(tree, rules, path, (each) => chosen.add(each));
  return [...chosen].sort((a, b) => (a < b ? -1 : 1)).map((path) => place(tree, path));
}

function include(tree: Tree, rules: WorkRules, pattern: string, take: (path: string) => void): void {
  const where = '[tool.bivy] include';
  if (isExact(pattern)) {
    const [found] = glob(tree, '', pattern);
    if (found === undefined) throw missingInclude(pattern, where, rules.location);
    everything(tree, rules, found.path, found.kind, take);
    return;
  }
  for (const { path, kind } of glob(tree, '', pattern)) {
    if (kind !== 'directory') {
      if (!isIgnored(tree, rules, path)) take(path);
    } else if (!isLeftOut(rules, path)) {
      walk(tree, rules, path, matchesOf(rules, path), (inner) => !isLeftover(baseName(inner)), take);
    }
  }
}

/** All of it, ignored or not, but byte code, repositories, and what this build writes. */
function everything(
  tree: Tree,
  rules: WorkRules,
  path: string,
  kind: TreeEntry['kind'],
  take: (path: string) => void,
): void {
  if (isLeftOut(rules, path)) return;
  if (kind !== 'directory') {
    take(path);
    return;
  }
  for (const entry of tree.list(path) ?? []) {
    if (entry.name !== '__pycache__' && !entry.name.endsWith('.pyc')) {
      everything(tree, rules, join(path, entry.name), entry.kind, take);
    }
  }
}

function walk(
  tree: Tree,
  rules: WorkRules,
  directory: string,
  parent: ParentMatches | undefined,
  wanted: (path: string) => boolean,
  take: (path: string) => void,
): void {
  for (const { name, kind } of tree.list(directory) ?? []) {
    const path = join(directory, name);
    if (!wanted(path) || isLeftOut(rules, path)) continue;
    const { ignored, matches } = rules.dockerignore.match(path, parent);
    if (kind === 'directory') {
      if (!ignored || rules.dockerignore.mayReturn(path)) walk(tree, rules, path, matches, wanted, take);
    } else if (!ignored && rules.ignored?.(path) !== true) take(path);
  }
}

function isBuildFile(tree: Tree, path: string): boolean {
  const name = baseName(path);
  if (isLeftover(name) || (name === path && BUILD_FILES.test(name))) return true;
  // An environment by another name, and an image layout that was written into the project.
  const inside = tree.kind(path) === 'directory' ? tree.list(path) : undefined;
  return inside?.some((entry) => entry.name === 'pyvenv.cfg' || entry.name === 'oci-layout') === true;
}

function isLeftover(name: string): boolean {
  return LEFTOVERS.has(name) || name.endsWith('.pyc');
}

function isLeftOut(rules: WorkRules, path: string): boolean {
  return rules.leaveOut.some((out) => path === out || path.startsWith(`${out}/`));
}

function isIgnored(tree: Tree, rules: WorkRules, path: string): boolean {
  if (isLeftOut(rules, path) || path.split('/').some(isLeftover) || tree.kind(path) === undefined)
    return true;
  return (
    rules.dockerignore.match(path, matchesOf(rules, parentOf(path))).ignored || rules.ignored?.(path) === true
  );
}

/** What the patterns made of the directories down to this one. */
function matchesOf(rules: WorkRules, directory: string): ParentMatches | undefined {
  if (directory === '') return undefined;
  return rules.dockerignore.match(directory, matchesOf(rules, parentOf(directory))).matches;
}

function place(tree: Tree, path: string): Placement {
  const kind = tree.kind(path);
  if (kind === 'other') refuseSpecial(path);
  if (kind !== 'link') return { kind: 'file', source: path, target: path };
  return { kind: 'link', source: path, target: path, to: relativeLink(path, linkTarget(tree, path)) };
}
