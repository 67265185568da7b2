// The files of many packages as one tree. Links to directories are followed as paths are laid, so a package that ships
// `lib/x` over a merged `/usr` ends up in `usr/lib/x`, and no directory ever takes the place of a link.

import { posix } from 'node:path';
import { BivyError } from '../kernel/errors.ts';
import { followLinks } from '../kernel/links.ts';
import type { Content, Entry, FileEntry } from '../layers/entry.ts';

interface Node {
  readonly entry: Entry;
  /** The package that brought it, or `bivy`. */
  readonly owner: string;
}

export interface Tree {
  /** Where a path really is. `follow`: also when its last component is a link. */
  place(path: string, follow: boolean): string;
  /** By real path. */
  get(path: string): Entry | undefined;
  /**
   * Lays an entry at its place. Directories may come again; another kind of thing may not, except for the same file.
   * @throws BivyError `DEBIAN_PACKAGE` where two packages ship one path
   */
  add(entry: Entry, owner: string): void;
  remove(path: string): void;
  /** Names in a directory, sorted. */
  list(directory: string): readonly string[];
  /** All entries with their owners, sorted by path. */
  all(): readonly (readonly [owner: string, entry: Entry])[];
}

/** @param same whether two files hold the same bytes */
export function createTree(same: (one: Content, other: Content, size: number) => boolean): Tree {
  const nodes = new Map<string, Node>();
  const children = new Map<string, Set<string>>();

  function place(path: string, follow: boolean): string {
    return followLinks(path, {
      targetOf(at) {
        const entry = nodes.get(at)?.entry;
        return entry?.kind === 'symlink' ? entry.target : undefined;
      },
      refuse() {
        throw new BivyError('DEBIAN_PACKAGE', `links of the packages go round in circles at \`/${path}\``);
      },
      last: follow,
    });
  }

  function put(path: string, node: Node): void {
    nodes.set(path, node);
    for (let at = path; at !== ''; at = parentOf(at)) {
      const parent = parentOf(at);
      const known = children.get(parent);
      if (known !== undefined) {
        known.add(posix.basename(at));
        return;
      }
      children.set(parent, new Set([posix.basename(at)]));
    }
  }

  return {
    place,
    get(path) {
      return nodes.get(path)?.entry;
    },
    add(entry, owner) {
      const path = place(entry.path, entry.kind === 'directory');
      if (path === '') return;
      for (let parent = parentOf(path); parent !== ''; parent = parentOf(parent)) {
        const above = nodes.get(parent);
        if (above !== undefined && above.entry.kind !== 'directory') {
          throw conflict(parent, above.owner, owner);
        }
      }
      const there = nodes.get(path);
      if (there !== undefined) {
        if (isSame(there.entry, { ...entry, path }, same)) return;
        throw conflict(path, there.owner, owner);
      }
      if (entry.kind !== 'directory' && (children.get(path)?.size ?? 0) > 0) {
        throw conflict(path, 'another package', owner);
      }
      put(path, { entry: { ...entry, path }, owner });
    },
    remove(path) {
      nodes.delete(path);
      children.get(parentOf(path))?.delete(posix.basename(path));
    },
    list(directory) {
      return [...(children.get(directory) ?? [])].sort();
    },
    all() {
      return [...nodes]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, { entry, owner }]) => [owner, entry] as const);
    },
  };
}

/** `''` is the root. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

function isSame(
  there: Entry,
  entry: Entry,
  same: (one: Content, other: Content, size: number) => boolean,
): boolean {
  if (there.kind === 'directory' && entry.kind === 'directory') return true;
  if (there.kind === 'symlink' && entry.kind === 'symlink') return there.target === entry.target;
  if (there.kind !== 'file' || entry.kind !== 'file') return false;
  return isSameFile(there, entry, same);
}

function isSameFile(
  there: FileEntry,
  entry: FileEntry,
  same: (one: Content, other: Content, size: number) => boolean,
): boolean {
  return (
    there.size === entry.size && there.mode === entry.mode && same(there.content, entry.content, entry.size)
  );
}

function conflict(path: string, one: string, other: string): BivyError {
  return new BivyError('DEBIAN_PACKAGE', `\`${one}\` and \`${other}\` both ship \`/${path}\``, {
    hint: 'leave one of them out of `packages`',
  });
}
