// What one image holds, as both kinds of bill of materials and the provenance tell it: the wheels of the plan, the
// Debian packages or the image below, the project itself. Facts alone, sorted: the same image gives the same value.

import type { Digest } from '../kernel/digest.ts';
import type { InstallPlan, Source } from '../lock/plan.ts';

export interface WheelContent {
  /** PEP 503 normal form. */
  readonly name: string;
  /** PEP 440 normal form. */
  readonly version: string;
  /** `sha256` is 64 hexadecimal digits. */
  readonly file: { readonly name: string; readonly sha256: string };
  readonly source: Source;
  /** The chain of names that asked for it, from the project to the package. */
  readonly why: readonly string[];
}

export interface DebianContent {
  readonly name: string;
  readonly version: string;
  /** `all` or the port's name. */
  readonly architecture: string;
  /** The source package, where it is not called like this one or has another version: what advisories are about. */
  readonly source?: { readonly name: string; readonly version: string };
  /** Of the `.deb`, 64 hexadecimal digits. */
  readonly sha256: string;
}

/** The image below, where it was pulled. */
export interface BaseContent {
  /** As the registry knows it, with the domain spelled out: `docker.io/library/python:3.11-slim`. */
  readonly reference: string;
  /** Of its manifest for this platform. */
  readonly digest: Digest;
}

export interface ImageContents {
  /** Of the project, as written. */
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  /** Of the project: an SPDX expression in canonical spelling. */
  readonly license?: string;
  /** OCI spelling. */
  readonly platform: string;
  /** Of the image's manifest. */
  readonly digest: Digest;
  /** The project's own package, where it is installed. */
  readonly root?: { readonly name: string; readonly version: string };
  /** Sorted by name. */
  readonly wheels: readonly WheelContent[];
  /** `release` is `12`; packages are sorted by name. */
  readonly debian?: { readonly release: string; readonly packages: readonly DebianContent[] };
  readonly base?: BaseContent;
  /** `3.11.2`, as the image has it. */
  readonly python: string;
}

export interface ContentsOptions
  extends Pick<
    ImageContents,
    'description' | 'license' | 'platform' | 'digest' | 'debian' | 'base' | 'python'
  > {
  readonly project: { readonly name: string | null; readonly version: string | null };
  readonly plan: Pick<InstallPlan, 'packages' | 'root'>;
}

/** Packages without a chosen file are none of the image's: a build refuses such plans. */
export function imageContents({ project, plan, debian, ...facts }: ContentsOptions): ImageContents {
  const wheels = plan.packages.flatMap(({ name, version, file, source, why }): WheelContent[] =>
    file === null ? [] : [{ name, version, file, source, why }],
  );
  return {
    ...facts,
    name: project.name || 'project',
    ...(project.version === null ? {} : { version: project.version }),
    ...(plan.root === null ? {} : { root: plan.root }),
    wheels: wheels.sort(byName),
    ...(debian === undefined ? {} : { debian: { ...debian, packages: [...debian.packages].sort(byName) } }),
  };
}

/**
 * Who asks for whom: from each wheel's name, and from `''` for the project, to the names of wheels it brought in. Every
 * step of a chain is one; what a wheel needs that was there for another reason is not said.
 */
export function requirements({ wheels }: ImageContents): ReadonlyMap<string, readonly string[]> {
  const known = new Set(wheels.map(({ name }) => name));
  const found = new Map<string, Set<string>>();
  for (const { why, name } of wheels) {
    const above = why.at(-2) ?? '';
    const from = why.length > 2 && known.has(above) ? above : '';
    const names = found.get(from) ?? new Set();
    found.set(from, names.add(name));
  }
  return new Map([...found].map(([from, names]) => [from, [...names].sort()]));
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
