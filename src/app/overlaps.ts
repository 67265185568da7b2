// Files that packages of different layers ship. The last by Poetry's order wins, whatever the layers' order: where the
// layer of a loser lies above the winner's, the winner's file is stated once more, above them all. Pure.

import { BivyError } from '../kernel/errors.ts';
import type { Settings } from '../project/settings.ts';
import type { FileNote, LayerContents } from './layers.ts';

export interface CrossOverlap {
  readonly path: string;
  /** `name==version` */
  readonly winner: string;
  readonly losers: readonly string[];
  /** The winner's file has to be stated again. */
  readonly restate: boolean;
}

/**
 * Only files whose bytes differ; sorted by path.
 * @param layers lowest first
 * @param order parts (`name==version`) in the order in which Poetry installs them
 */
export function findOverlaps(
  layers: readonly LayerContents[],
  order: readonly string[],
): readonly CrossOverlap[] {
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
  const found: CrossOverlap[] = [];
  for (const [path, files] of shared) {
    const rankOf = (file: FileNote): number => rank.get(file[3]) ?? -1;
    const winner = files.reduce((best, file) => (rankOf(file) > rankOf(best) ? file : best));
    const top = files[files.length - 1];
    const losers = files.filter((file) => file !== winner && file[1] !== winner[1]).map((file) => file[3]);
    if (losers.length === 0) continue;
    found.push({ path, winner: winner[3], losers, restate: top?.[1] !== winner[1] });
  }
  for (const { overlaps } of layers) {
    for (const { path, winner, loser, same } of overlaps) {
      if (!same && !shared.has(path)) found.push({ path, winner, losers: [loser], restate: false });
    }
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * The part of an environment that a file belongs to, so that two files with different ones cannot be one: `numpy`, a name
 * right under site-packages, else `bin/uvicorn`, the first two names in the environment. Undefined outside of it.
 * @param python `3.11`
 */
export function topOf(path: string, python: string): string | undefined {
  const site = `/.venv/lib/python${python}/site-packages/`;
  const inside = `/${path}`.indexOf(site);
  if (inside >= 0) return path.slice(inside + site.length - 1).split('/', 1)[0];
  const environment = `/${path}`.indexOf('/.venv/');
  return environment < 0
    ? undefined
    : path
        .slice(environment + '/.venv/'.length - 1)
        .split('/', 2)
        .join('/');
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
