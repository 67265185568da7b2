// What `bivy.lock` says: what images of a project are built on, to the byte. Values alone; `pins-text.ts` writes them,
// `pins-decode.ts` reads them, `pins-check.ts` holds a build against them.

import type { Digest } from '../kernel/digest.ts';

/** The file's name, beside `pyproject.toml`. */
export const PINS_FILE = 'bivy.lock';

export interface Pins {
  /** The numbers that decide how files become bytes. */
  readonly format: Readonly<Record<string, number>>;
  /** Sorted by reference, then platform; each pair once. */
  readonly bases: readonly PinnedBase[];
  /** Sorted by key; absent where layers were not pinned. */
  readonly layers?: readonly PinnedLayer[];
}

export type PinnedBase = PinnedImage | PinnedDebian;

interface PinnedPlace {
  /** As the settings have it: `debian:12`. */
  readonly reference: string;
  readonly platform: string;
}

/** At least one digest is there. */
export interface PinnedImage extends PinnedPlace {
  readonly kind: 'image';
  /** Of what the reference led to, where that was an index. */
  readonly index?: Digest;
  readonly manifest?: Digest;
  readonly config?: Digest;
}

export interface PinnedDebian extends PinnedPlace {
  readonly kind: 'debian';
  /** Of the packages and the way they are laid. */
  readonly composition: Digest;
  /** The packages that were asked for, besides those of every base; sorted. */
  readonly with: readonly string[];
  /** Sorted by name. */
  readonly packages: readonly PinnedPackage[];
}

/** A Debian package, as far as composing needs it. */
export interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** 64 hexadecimal digits, of the `.deb`. */
  readonly sha256: string;
  /** Bytes of the `.deb`. */
  readonly size: number;
  readonly archive: 'main' | 'security';
  /** Relative to the archive's root. */
  readonly filename: string;
}

export interface PinnedLayer {
  /** Of what went into it. */
  readonly key: Digest;
  /** Of the compressed blob. */
  readonly digest: Digest;
  readonly diffId: Digest;
  /** Bytes of the blob. */
  readonly size: number;
  /** Of what its descriptor says of it: the annotations as canonical JSON. */
  readonly annotations: Digest;
}

/** As `bivy.lock` has them: by reference, then platform. */
export function sortBases(bases: readonly PinnedBase[]): readonly PinnedBase[] {
  return [...bases].sort((a, b) => compare(a.reference, b.reference) || compare(a.platform, b.platform));
}

export function sortLayers(layers: readonly PinnedLayer[]): readonly PinnedLayer[] {
  return [...layers].sort((a, b) => compare(a.key, b.key));
}

/** By name. */
export function sortPackages(packages: readonly PinnedPackage[]): readonly PinnedPackage[] {
  return [...packages].sort((a, b) => compare(a.name, b.name));
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
