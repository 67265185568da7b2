// What became of a project's pins: bases, packages and layers that came, went or changed. Pure.

import type { Digest } from '../kernel/digest.ts';
import type { PinnedBase, PinnedDebian, PinnedPackage, Pins } from './pins.ts';

export interface PinsChange {
  readonly bases: readonly BaseChange[];
  /** Names and numbers that decide how files become bytes; `null` where one side has none. */
  readonly format: readonly {
    readonly name: string;
    readonly from: number | null;
    readonly to: number | null;
  }[];
  /** Keys of layers. */
  readonly layers: { readonly added: number; readonly removed: number; readonly changed: number };
}

export interface BaseChange {
  readonly reference: string;
  readonly platform: string;
  readonly what: 'added' | 'removed' | 'changed';
  /** Of the manifest, else of the configuration, else of the packages; `null` where there is none. */
  readonly from: Digest | null;
  readonly to: Digest | null;
  /** Of Debian bases, by name. */
  readonly packages: readonly PackageChange[];
}

export interface PackageChange {
  readonly name: string;
  /** Versions; `null` for a package that came or went. Two alike: the same version in other bytes. */
  readonly from: string | null;
  readonly to: string | null;
}

/** @param before nothing where the project had no pins */
export function comparePins(before: Pins | undefined, after: Pins): PinsChange {
  const old = new Map((before?.bases ?? []).map((base) => [placeOf(base), base]));
  const now = new Map(after.bases.map((base) => [placeOf(base), base]));
  return {
    bases: [...new Set([...old.keys(), ...now.keys()])]
      .sort()
      .flatMap((place) => compareBases(old.get(place), now.get(place)) ?? []),
    format: namesOf(before?.format ?? {}, after.format).flatMap((name) => {
      const [from, to] = [before?.format[name] ?? null, after.format[name] ?? null];
      return from === to || before === undefined ? [] : [{ name, from, to }];
    }),
    layers: compareLayers(before, after),
  };
}

export function isUnchanged({ bases, format, layers }: PinsChange): boolean {
  return bases.length + format.length + layers.added + layers.removed + layers.changed === 0;
}

function placeOf({ reference, platform }: PinnedBase): string {
  return `${reference}\n${platform}`;
}

function compareBases(before: PinnedBase | undefined, after: PinnedBase | undefined): BaseChange | undefined {
  const some = after ?? before;
  if (some === undefined) return undefined;
  const { reference, platform } = some;
  const [from, to] = [digestOf(before), digestOf(after)];
  const packages = comparePackages(packagesOf(before), packagesOf(after));
  if (from === to && packages.length === 0) return undefined;
  const what = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
  return { reference, platform, what, from, to, packages: what === 'changed' ? packages : [] };
}

function digestOf(base: PinnedBase | undefined): Digest | null {
  if (base === undefined) return null;
  return base.kind === 'debian' ? base.composition : (base.manifest ?? base.config ?? base.index ?? null);
}

function packagesOf(base: PinnedBase | undefined): ReadonlyMap<string, PinnedPackage> {
  const packages: PinnedDebian['packages'] = base?.kind === 'debian' ? base.packages : [];
  return new Map(packages.map((one) => [one.name, one]));
}

function comparePackages(
  before: ReadonlyMap<string, PinnedPackage>,
  after: ReadonlyMap<string, PinnedPackage>,
): readonly PackageChange[] {
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((name) => {
    const [old, now] = [before.get(name), after.get(name)];
    if (old?.sha256 === now?.sha256 && old?.version === now?.version) return [];
    return [{ name, from: old?.version ?? null, to: now?.version ?? null }];
  });
}

function compareLayers(before: Pins | undefined, after: Pins): PinsChange['layers'] {
  const old = new Map((before?.layers ?? []).map((layer) => [layer.key, layer]));
  const now = new Map((after.layers ?? []).map((layer) => [layer.key, layer]));
  const kept = [...now.keys()].filter((key) => old.has(key));
  return {
    added: now.size - kept.length,
    removed: old.size - kept.length,
    changed: kept.filter((key) => old.get(key)?.digest !== now.get(key)?.digest).length,
  };
}

function namesOf(...records: readonly Readonly<Record<string, number>>[]): readonly string[] {
  return [...new Set(records.flatMap(Object.keys))].sort();
}
