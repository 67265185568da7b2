// Where files of the project go in the image, before any of them has been read.

import { BivyError } from '../kernel/errors.ts';
import { join } from './path-glob.ts';
import { leaves, type Tree } from './tree.ts';

/** `source` is relative to the project; `target` to whatever the list it stands in is for. */
export type Placement =
  | { readonly kind: 'file'; readonly source: string; readonly target: string }
  /** `to` is what the link in the image says: always relative. */
  | { readonly kind: 'link'; readonly source: string; readonly target: string; readonly to: string };

/** A directory's part of a path; `''` for a name alone. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** `a/../b/./c` as `b/c`; `undefined` where it climbs above the start. */
export function normalPath(path: string): string | undefined {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') {
      if (parts.pop() === undefined) return undefined;
    } else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** What a link at `from` says to lead to `to`; both relative to one place. */
export function relativeLink(from: string, to: string): string {
  const above = parentOf(from)
    .split('/')
    .filter((part) => part !== '');
  const below = to.split('/').filter((part) => part !== '');
  let shared = 0;
  while (shared < above.length && shared < below.length && above[shared] === below[shared]) shared++;
  return [...above.slice(shared).map(() => '..'), ...below.slice(shared)].join('/') || '.';
}

/**
 * Where a link of the project leads, relative to the project: one step, so that chains stay chains.
 * @throws BivyError `ROOT_INVALID` where it leaves the project
 */
export function linkTarget(tree: Tree, path: string): string {
  const written = tree.link(path);
  const real = tree.resolve(path);
  if (real === null) throw leaves(path, written);
  const lexical = written.startsWith('/') ? undefined : normalPath(join(parentOf(path), written));
  if (lexical !== undefined && (real === undefined || tree.kind(lexical) !== undefined)) return lexical;
  if (real === undefined) throw leaves(path, written);
  return real;
}

/** @throws BivyError `ROOT_INVALID` always: a socket, a device or a named pipe cannot be shipped */
export function refuseSpecial(path: string): never {
  throw new BivyError('ROOT_INVALID', `\`${path}\` is no file, directory or link`, {
    hint: 'remove it, or exclude it: only files, directories and links can go into an image',
  });
}
