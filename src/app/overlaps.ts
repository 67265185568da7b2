// Files that packages of different layers ship. The last by Poetry's order wins, whatever the layers' order: where the
// layer of a loser lies above the winner's, the winner's file is stated once more, above them all. Pure.

import { BivyError } from '../kernel/errors.ts';
import type { Settings } from '../project/settings.ts';
import type { FileNote, LayerContents } from './layers.ts';
import type { CrossOverlap, SharedFile } from './reuse.ts';

/**
 * Every path of more than one part, sorted.
 * @param layers lowest first
 * @param order parts (`name==version`) in the order in which Poetry installs them
 */
export function findShared(
  layers: readonly LayerContents[],
  order: readonly string[],
): readonly SharedFile[] {
  const rank = new Map(order.map((part, index) => [part, index]));
  const seen = new Map<string, FileNote>();
  const shared = new Map<string, FileNote[]>();
  for (const { files } of layers) {
    for (const file of files) {
      const other = seen.get(file[0]);
      if (other === undefined) seen.set(file[0], file);
      else shared.set(file[0], [...(shared.get(file[0]) ?? [other]), file]);
    }
  }
  const found: SharedFile[] = [];
  for (const [path, files] of shared) {
    const rankOf = (file: FileNote): number => rank.get(file[3]) ?? -1;
    const winner = files.reduce((best, file) => (rankOf(file) > rankOf(best) ? file : best));
    const others = files.filter((file) => file !== winner);
    const restate = files[files.length - 1]?.[1] !== winner[1];
    const sum = files.reduce((bytes, file) => bytes + file[2], 0);
    found.push({
      path,
      winner: winner[3],
      losers: others.filter((file) => file[1] !== winner[1]).map((file) => file[3]),
      same: others.filter((file) => file[1] === winner[1]).map((file) => file[3]),
      restate,
      excess: restate ? sum : sum - winner[2],
    });
  }
  for (const { overlaps } of layers) {
    for (const { path, winner, loser, same } of overlaps) {
      if (same || shared.has(path)) continue;
      found.push({ path, winner, losers: [loser], same: [], restate: false, excess: 0 });
    }
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** What is to be reported: the paths whose bytes differ. */
export function differing(shared: readonly SharedFile[]): readonly CrossOverlap[] {
  return shared
    .filter(({ losers }) => losers.length > 0)
    .map(({ path, winner, losers }) => ({ path, winner, losers }));
}

/** @throws BivyError `OVERLAP_REFUSED` with every path, where the settings say so */
export function refuseOverlaps(
  overlaps: readonly CrossOverlap[],
  settings: Pick<Settings, 'overlaps'>,
): void {
  if (settings.overlaps !== 'refuse' || overlaps.length === 0) return;
  throw new BivyError('OVERLAP_REFUSED', 'packages ship the same files with different bytes', {
    causes: overlaps.map(({ path, winner, losers }) => `\`/${path}\`: ${[...losers, winner].join(', ')}`),
    hint: 'leave one of the packages out, or set `overlaps = "last"` in `[tool.bivy]`',
  });
}

/** On the manifest of an image whose layers share files: what they share, as JSON. */
export const SHARED_ANNOTATION = 'dev.bivy.shared';
