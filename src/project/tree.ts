// The project's directory as a thing to look at: names and kinds, read when asked for, each directory once. The pure
// choice of files works on this interface; only `openTree` touches a disk. No link is followed.

import { type Dirent, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { BivyError } from '../kernel/errors.ts';

export interface TreeEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
}

/** Paths are relative to the project, `/`-separated; `''` is the project itself. */
export interface Tree {
  /** What is in a directory, by code unit, without `.git`; `undefined` where the path is no directory. */
  list(path: string): readonly TreeEntry[] | undefined;
  /** `undefined` where nothing is. */
  kind(path: string): TreeEntry['kind'] | undefined;
  /** The text of a file, or of the file that a link leads to; `undefined` where none is. */
  text(path: string): string | undefined;
  /** What a link says, as written. */
  link(path: string): string;
  /** Where a link leads in the end, relative to the project; `null`: out of it; `undefined`: nowhere. */
  resolve(path: string): string | null | undefined;
}

/** @throws BivyError `ROOT_INVALID` for a name that is not UTF-8 */
export function openTree(directory: string): Tree {
  const lists = new Map<string, readonly TreeEntry[] | undefined>();
  const kinds = new Map<string, TreeEntry['kind']>([['', 'directory']]);
  const place = (path: string): string => (path === '' ? directory : `${directory}/${path}`);
  const list = (path: string): readonly TreeEntry[] | undefined => {
    if (lists.has(path)) return lists.get(path);
    const found = kind(path) === 'directory' ? readDirectory(place(path)) : undefined;
    const entries = found
      ?.map((entry) => ({ name: decodeName(entry, path), kind: kindOf(entry) }))
      .filter(({ name }) => name !== '.git')
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries ?? [])
      kinds.set(path === '' ? entry.name : `${path}/${entry.name}`, entry.kind);
    lists.set(path, entries);
    return entries;
  };
  // A path counts only where each directory above it is one: nothing is looked at through a link.
  const kind = (path: string): TreeEntry['kind'] | undefined => {
    if (path !== '') list(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
    return kinds.get(path);
  };
  const resolve = (path: string): string | null | undefined => {
    const root = realpathSync(directory);
    try {
      const real = realpathSync(place(path));
      if (real === root) return '';
      return real.startsWith(`${root}/`) ? real.slice(root.length + 1) : null;
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
  };
  return {
    list,
    kind,
    text(path) {
      if (kind(path) === 'link' && resolve(path) === null) throw leaves(path, readlinkSync(place(path)));
      try {
        return readFileSync(place(path), 'utf8');
      } catch (error) {
        if (isAbsence(error)) return undefined;
        throw error;
      }
    },
    link: (path) => readlinkSync(place(path)),
    resolve,
  };
}

/** The error for a link that leads out of the project. */
export function leaves(path: string, target: string): BivyError {
  return new BivyError('ROOT_INVALID', `the link \`${path}\` leads out of the project, to \`${target}\``, {
    hint: 'put a copy of the file in its place, or exclude the link',
  });
}

function readDirectory(path: string): Dirent[] | undefined {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

function isAbsence(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP'].includes(String((error as NodeJS.ErrnoException).code));
}

function decodeName(entry: Dirent, directory: string): string {
  if (!entry.name.includes('\uFFFD')) return entry.name;
  throw new BivyError(
    'ROOT_INVALID',
    `a file name in \`${directory === '' ? '.' : directory}\` is not UTF-8: \`${entry.name}\``,
    {
      hint: 'rename it; its name could not be written down the same everywhere',
    },
  );
}

interface Kinds {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

function kindOf(entry: Kinds): TreeEntry['kind'] {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'link' : 'other';
}
