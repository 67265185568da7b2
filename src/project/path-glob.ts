// Globs as Python's `pathlib.Path.glob` has them (CPython 3.11): the language of Poetry's `packages`, `include` and
// `exclude`. Components match whole names, hidden ones too; `**` is any number of directories and follows no link. Pure.

import type { Tree, TreeEntry } from './tree.ts';

/** Something a glob found. */
export interface Found {
  /** Relative to the tree's root. */
  readonly path: string;
  readonly kind: TreeEntry['kind'];
}

/** Whether a pattern names one path: no `*`, `?` or `[`. */
export function isExact(pattern: string): boolean {
  return !/[*?[]/.test(pattern);
}

/** The components of a relative path or pattern, without empty ones and `.`. */
export function componentsOf(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/** What the pattern finds below `base` (`''`: the root), each path once, sorted by component. Never looks into `.git`. */
export function glob(tree: Tree, base: string, pattern: string): readonly Found[] {
  const found = new Map<string, Found>();
  const directoriesOnly = pattern.endsWith('/');
  step(tree, base, componentsOf(pattern), 0, (result) => {
    if (!directoriesOnly || result.kind === 'directory') found.set(result.path, result);
  });
  return [...found.values()].sort((a, b) => comparePaths(a.path, b.path));
}

/** Everything in a directory, however deep, directories and links among it; links are not followed. */
export function everythingBelow(tree: Tree, directory: string): readonly Found[] {
  const all: Found[] = [];
  const visit = (path: string): void => {
    for (const { name, kind } of tree.list(path) ?? []) {
      const inner = join(path, name);
      all.push({ path: inner, kind });
      if (kind === 'directory') visit(inner);
    }
  };
  visit(directory);
  return all;
}

export function join(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

/** As Python orders paths: component by component, by code point. */
function comparePaths(a: string, b: string): number {
  if (a === b) return 0;
  const left = a.replaceAll('/', '\0');
  const right = b.replaceAll('/', '\0');
  return left < right ? -1 : 1;
}

function step(
  tree: Tree,
  path: string,
  parts: readonly string[],
  index: number,
  emit: (found: Found) => void,
): void {
  const part = parts[index];
  if (part === undefined) {
    const kind = path === '' ? 'directory' : tree.kind(path);
    if (kind !== undefined) emit({ path, kind });
    return;
  }
  if (part === '**') {
    if (path !== '' && tree.kind(path) !== 'directory') return;
    step(tree, path, parts, index + 1, emit);
    for (const { name, kind } of tree.list(path) ?? []) {
      if (kind === 'directory') step(tree, join(path, name), parts, index, emit);
    }
    return;
  }
  if (isExact(part)) {
    step(tree, join(path, part), parts, index + 1, emit);
    return;
  }
  const expression = nameExpression(part);
  for (const { name, kind } of tree.list(path) ?? []) {
    if (!expression.test(name)) continue;
    if (index + 1 === parts.length) emit({ path: join(path, name), kind });
    else step(tree, join(path, name), parts, index + 1, emit);
  }
}

const compiled = new Map<string, RegExp>();

/** Python's `fnmatch.translate` of one component. */
function nameExpression(pattern: string): RegExp {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  let source = '';
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern[index]!;
    if (character === '*') source += '.*';
    else if (character === '?') source += '.';
    else if (character === '[') {
      const end = pattern.indexOf(']', index + (pattern[index + 1] === '!' ? 3 : 2));
      if (end < 0) source += '\\[';
      else {
        source += nameClass(pattern.slice(index + 1, end));
        index = end;
      }
    } else source += character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
  }
  const expression = new RegExp(`^${source}$`, 'su');
  compiled.set(pattern, expression);
  return expression;
}

function nameClass(text: string): string {
  const negated = text.startsWith('!');
  const body = (negated ? text.slice(1) : text).replace(/[\\^[\]]/g, '\\$&');
  // A range that runs backwards matches nothing.
  const members = body.replace(/(\\?.)-(\\?.)/gsu, (range, from: string, to: string) =>
    from.at(-1)! <= to.at(-1)! ? range : '',
  );
  if (members === '') return negated ? '.' : '(?!)';
  return `[${negated ? '^' : ''}${members}]`;
}
