// Files that several parts of one layer ship. The last part wins, as in an installation one after the other; the files
// of the others are hashed for their RECORDs, compared, and left out. Pure.

import { BivyError } from '../kernel/errors.ts';
import type { FileEntry, Part } from './entry.ts';
import type { LayerSummary } from './writer.ts';

/** A path that two parts ship. `winner` and `loser` are names of parts. */
export interface Overlap {
  readonly path: string;
  readonly winner: string;
  readonly loser: string;
  /** Whether their bytes are the same. */
  readonly same: boolean;
}

/**
 * The parts with every file but the last of each path marked as shadowed.
 * @throws BivyError `WHEEL_INVALID` where a file of one part is a directory of another: nothing can hold both
 */
export function shadowOverlaps(parts: readonly Part[]): readonly Part[] {
  const owners = new Map<string, number>();
  const directories = new Map<string, string>();
  parts.forEach(({ name, entries }, index) => {
    for (const entry of entries) {
      if (entry.kind === 'directory') directories.set(entry.path, name);
      else if (entry.kind !== 'file' || entry.shadowed !== true) owners.set(entry.path, index);
    }
  });
  for (const [path, index] of owners) {
    const other = directories.get(path);
    if (other === undefined) continue;
    throw new BivyError(
      'WHEEL_INVALID',
      `\`${path}\` is a file of ${parts[index]!.name} and a directory of ${other}`,
      {
        hint: 'these two packages cannot be installed together; leave one of them out',
      },
    );
  }
  return parts.map((part, index) => {
    if (part.entries.every((entry) => isKept(entry.path, entry.kind, index))) return part;
    return {
      ...part,
      entries: part.entries.map((entry) =>
        entry.kind === 'file' && !isKept(entry.path, entry.kind, index)
          ? { ...entry, shadowed: true }
          : entry,
      ),
    };
  });

  function isKept(path: string, kind: string, index: number): boolean {
    return kind !== 'file' || (owners.get(path) ?? index) === index;
  }
}

/** The same part with those paths marked as shadowed. */
export function shadowPaths(part: Part, paths: readonly string[]): Part {
  if (paths.length === 0) return part;
  const left = new Set(paths);
  const entries = part.entries.map((entry) =>
    entry.kind === 'file' && left.has(entry.path)
      ? ({ ...entry, shadowed: true } satisfies FileEntry)
      : entry,
  );
  return { ...part, entries };
}

/** What a written layer tells of paths that were left to another part of the same layer. */
export function overlapsOf({ files, shadowed }: LayerSummary): readonly Overlap[] {
  if (shadowed.length === 0) return [];
  const winners = new Map(files.map((file) => [file.path, file]));
  return shadowed.flatMap(({ path, part, sha256 }) => {
    const winner = winners.get(path);
    if (winner === undefined) return [];
    return [{ path, winner: winner.part, loser: part, same: winner.sha256 === sha256 }];
  });
}
