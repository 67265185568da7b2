// Which files several layers ship, where some of the layers are known by their outlines alone: an image that was built
// before says what its layers share with each other, and roots that do not meet share nothing. Pure.

import type { Digest } from '../kernel/digest.ts';
import type { LayerContents } from './layers.ts';
import { findShared } from './overlaps.ts';
import type { Outline, SharedFile } from './reuse.ts';
import { rootsMeet } from './roots.ts';

/** A layer of wheels as far as it is known. */
export interface OutlinedLayer {
  /** `name==version` */
  readonly packages: readonly string[];
  readonly outline: Outline;
  readonly contents?: LayerContents;
  /** The images that have it and say what it shares with their other layers. */
  readonly origins: readonly Digest[];
}

export interface Settled {
  readonly shared: readonly SharedFile[];
  /** Layers of which the outline is not enough: with their contents, all is known. */
  readonly unsettled: readonly OutlinedLayer[];
}

/**
 * @param layers lowest first
 * @param order parts (`name==version`) in the order in which Poetry installs them
 * @param sharedOf what the layers of an image share, as that image says
 */
export function settleShared(
  layers: readonly OutlinedLayer[],
  order: readonly string[],
  sharedOf: (origin: Digest) => readonly SharedFile[],
): Settled {
  const unsettled = new Set<OutlinedLayer>();
  layers.forEach((layer, index) => {
    for (const other of layers.slice(index + 1)) {
      if (layer.contents !== undefined && other.contents !== undefined) continue;
      if (layer.origins.some((origin) => other.origins.includes(origin))) continue;
      if (!rootsMeet(layer.outline.roots, other.outline.roots)) continue;
      for (const each of [layer, other]) if (each.contents === undefined) unsettled.add(each);
    }
  });

  const said = new Map<string, SharedFile>();
  for (const origin of new Set(layers.flatMap(({ origins }) => origins))) {
    const there = layers.filter(({ origins }) => origins.includes(origin));
    for (const file of sharedOf(origin)) {
      const parts = [file.winner, ...file.losers, ...file.same];
      // In the layers' order, so that the last is the one that shows.
      const shipping = there.filter(({ packages }) => packages.some((name) => parts.includes(name)));
      const outlined = shipping.filter(({ contents }) => contents === undefined);
      if (outlined.length === 0) continue;
      const left = parts.filter((part) => shipping.some(({ packages }) => packages.includes(part)));
      const top = shipping[shipping.length - 1]?.packages.filter((name) => parts.includes(name)) ?? [];
      const shown = order.findLast((part) => top.includes(part)) ?? '';
      const restate = shipping.length > 1 && file.losers.includes(shown);
      if (left.length === parts.length && restate === file.restate) said.set(file.path, file);
      else if (left.length > 1) for (const layer of outlined) unsettled.add(layer);
    }
  }
  const known = layers.flatMap(({ contents }) => contents ?? []);
  const seen = findShared(known, order).filter(({ path }) => !said.has(path));
  const shared = [...said.values(), ...seen].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { shared, unsettled: [...unsettled] };
}
