// The order in which the entries of a layer are written: all directories, then part by part its small files, its large
// ones, its hard links, and last what is computed from the rest; by path in each. Small files lie together because they
// compress best so. Before all parts stand the files that are asked for first. Nothing depends on the order in which
// entries were given, but that of the parts.

import { BivyError } from '../kernel/errors.ts';
import type { DirectoryEntry, Entry, FileEntry, HardlinkEntry, Part, SymlinkEntry } from './entry.ts';

export interface ArrangedPart {
  readonly name: string;
  /** To be written before the entries of any part, in this order. */
  readonly first: readonly (FileEntry | SymlinkEntry)[];
  /** To be written, in this order. */
  readonly entries: readonly (FileEntry | SymlinkEntry | HardlinkEntry)[];
  /** To be hashed only. */
  readonly shadowed: readonly FileEntry[];
  /** To be written after everything else of the part. */
  readonly computed: readonly FileEntry[];
}

export interface Arrangement {
  readonly directories: readonly DirectoryEntry[];
  readonly parts: readonly ArrangedPart[];
}

/** What decides an entry's place beside its kind and path. */
export interface Placing {
  readonly isLarge: (entry: FileEntry) => boolean;
  readonly isFirst: (entry: FileEntry | SymlinkEntry) => boolean;
}

/** @throws BivyError `INTERNAL` where a path is given twice, leaves the image, or a hard link names nothing written before it */
export function arrange(parts: readonly Part[], placing: Placing): Arrangement {
  const directories = new Map<string, DirectoryEntry>();
  const written = new Map<string, Entry>();
  const arranged = parts.map((part) => arrangePart(part, placing, directories, written));
  for (const path of directories.keys()) {
    if (written.has(path)) throw fault(path, 'is a directory and something else');
  }
  return { directories: [...directories.values()].sort(byPath), parts: arranged };
}

function arrangePart(
  part: Part,
  { isLarge, isFirst }: Placing,
  directories: Map<string, DirectoryEntry>,
  written: Map<string, Entry>,
): ArrangedPart {
  const first: (FileEntry | SymlinkEntry)[] = [];
  const small: (FileEntry | SymlinkEntry)[] = [];
  const large: FileEntry[] = [];
  const hardlinks: HardlinkEntry[] = [];
  const shadowed: FileEntry[] = [];
  const computed: FileEntry[] = [];
  for (const entry of part.entries) {
    if (!isClean(entry.path)) throw fault(entry.path, 'is no path inside an image');
    if (entry.kind === 'directory') {
      addDirectory(directories, entry);
      continue;
    }
    if (entry.kind === 'file' && entry.shadowed === true) {
      if (entry.content.kind !== 'computed') shadowed.push(entry);
      continue;
    }
    if (written.has(entry.path)) throw fault(entry.path, 'is given twice');
    written.set(entry.path, entry);
    if (entry.kind === 'hardlink') hardlinks.push(entry);
    else if (entry.kind === 'file' && entry.content.kind === 'computed') computed.push(entry);
    else if (isFirst(entry)) first.push(entry);
    else if (entry.kind === 'symlink') small.push(entry);
    else if (isLarge(entry)) large.push(entry);
    else small.push(entry);
  }
  for (const { path, target } of hardlinks) {
    const kind = written.get(target)?.kind;
    if (kind !== 'file' && kind !== 'symlink')
      throw fault(path, `links to \`${target}\`, which is not there`);
  }
  return {
    name: part.name,
    first: first.sort(byPath),
    entries: [...small.sort(byPath), ...large.sort(byPath), ...hardlinks.sort(byPath)],
    shadowed,
    computed: computed.sort(byPath),
  };
}

function addDirectory(directories: Map<string, DirectoryEntry>, entry: DirectoryEntry): void {
  const other = directories.get(entry.path);
  if (other === undefined) {
    directories.set(entry.path, entry);
    return;
  }
  const same =
    other.mode === entry.mode &&
    (other.uid ?? 0) === (entry.uid ?? 0) &&
    (other.gid ?? 0) === (entry.gid ?? 0);
  if (!same) throw fault(entry.path, 'is given twice, with another mode or owner');
}

/** UTF-16 order: what `<` does with strings, the same on every machine. A directory comes before what is in it. */
function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

/** Whether no component is empty, `.` or `..`. */
function isClean(path: string): boolean {
  return !path.includes('\0') && !/(?:^|\/)\.{0,2}(?:\/|$)/.test(path);
}

function fault(path: string, what: string): BivyError {
  return new BivyError('INTERNAL', `a layer cannot be written: \`${path}\` ${what}`, {
    hint: 'this is a fault in bivy; please report it with the output of `--verbose`',
  });
}
