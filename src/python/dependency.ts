// Dependencies as `pyproject.toml` and `poetry.lock` spell them: Poetry's classic table form and PEP 508.
// Follows poetry-core's `Factory.create_dependency` and `Dependency.create_from_pep_508`; no disk is asked.

import {
  booleanOf,
  failAt,
  isTable,
  itemsOf,
  member,
  type Node,
  optional,
  stringOf,
  stringsOf,
} from '../kernel/decode.ts';
import { BivyError } from '../kernel/errors.ts';
import { normalizeName } from './names.ts';
import { platformMarker, pythonMarker } from './nested-marker.ts';
import { parseRequirement, type Requirement } from './requirement.ts';

/** Where a dependency comes from when not from an index. Paths and URLs are as written. */
export type DirectOrigin =
  | {
      readonly kind: 'git';
      readonly url: string;
      /** Branch, tag or revision, whichever was written (in Poetry's order: branch, tag, rev). */
      readonly reference?: string;
      readonly subdirectory?: string;
    }
  | { readonly kind: 'url'; readonly url: string; readonly subdirectory?: string }
  /** A file or a directory: the disk is not asked which. Relative to the project's directory. */
  | { readonly kind: 'path'; readonly path: string; readonly subdirectory?: string };

/** One requirement of the project, or of a locked package. */
export interface Dependency {
  /** PEP 503 normal form. */
  readonly name: string;
  /** The name as written. */
  readonly spelling: string;
  /** Poetry's version constraints, all of which must allow the version; empty: any. */
  readonly constraints: readonly string[];
  /** Markers, all of which must hold; `python` and `platform` of the classic form are folded in. Empty: always. */
  readonly markers: readonly string[];
  /** The extras it asks of that package, in normal form, sorted. */
  readonly extras: readonly string[];
  /** Wanted only through an extra. */
  readonly optional: boolean;
  /** The extras (of whoever depends) that want it, in normal form. */
  readonly inExtras: readonly string[];
  readonly origin?: DirectOrigin;
  /** The name of the `[[tool.poetry.source]]` it must come from. */
  readonly source?: string;
  readonly develop?: boolean;
}

/** The dependencies of one `name = constraint` entry: several where the value is an array. */
export function decodeClassicDependency(spelling: string, node: Node): readonly Dependency[] {
  const alternatives = Array.isArray(node.value) ? itemsOf(node) : [node];
  return alternatives.map((alternative) => {
    if (typeof alternative.value === 'string') return fromConstraint(spelling, alternative.value);
    if (isTable(alternative.value)) return fromTable(spelling, alternative);
    return failAt(alternative, 'must be a version constraint, a table, or an array of those');
  });
}

function fromConstraint(spelling: string, constraint: string): Dependency {
  return {
    name: normalizeName(spelling),
    spelling,
    constraints: isAny(constraint) ? [] : [constraint],
    markers: [],
    extras: [],
    optional: false,
    inExtras: [],
  };
}

function fromTable(spelling: string, node: Node): Dependency {
  const version = optional(member(node, 'version'), stringOf) ?? '*';
  const source = optional(member(node, 'source'), stringOf);
  const develop = optional(member(node, 'develop'), booleanOf);
  const origin = originOf(node);
  const markers = markersOf(node);
  const inExtras = extrasInMarkers(markers);
  return {
    name: normalizeName(spelling),
    spelling,
    constraints: origin !== undefined || isAny(version) ? [] : [version],
    markers,
    extras: normalSet(stringsOf(member(node, 'extras'))),
    optional: asksExtras(markers) || (optional(member(node, 'optional'), booleanOf) ?? false),
    inExtras,
    ...(origin === undefined ? {} : { origin }),
    ...(source === undefined ? {} : { source }),
    ...(develop === undefined ? {} : { develop }),
  };
}

function markersOf(node: Node): readonly string[] {
  const markers: string[] = [];
  const written = optional(member(node, 'markers'), stringOf);
  if (written !== undefined && written.trim() !== '' && written.trim() !== '*') markers.push(written);
  for (const [key, toMarker] of [
    ['python', pythonMarker],
    ['platform', platformMarker],
  ] as const) {
    const child = member(node, key);
    const constraint = optional(child, stringOf);
    if (constraint === undefined) continue;
    const marker = placed(child, () => toMarker(constraint));
    if (marker !== '') markers.push(marker);
  }
  return markers;
}

function originOf(node: Node): DirectOrigin | undefined {
  const text = (key: string): string | undefined => optional(member(node, key), stringOf);
  const subdirectory = text('subdirectory');
  const below = subdirectory === undefined ? {} : { subdirectory };
  const git = text('git');
  if (git !== undefined) {
    const reference = text('branch') ?? text('tag') ?? text('rev');
    return { kind: 'git', url: gitUrl(git), ...(reference === undefined ? {} : { reference }), ...below };
  }
  const path = text('file') ?? text('path');
  if (path !== undefined) return { kind: 'path', path, ...below };
  const url = text('url');
  return url === undefined ? undefined : { kind: 'url', url, ...below };
}

/** The dependency that a PEP 508 text in an array states. */
export function decodeRequirement(node: Node): Dependency {
  const requirement = parseRequirement(stringOf(node));
  if (requirement === undefined) return failAt(node, `is no PEP 508 requirement: \`${stringOf(node)}\``);
  return dependencyOf(requirement);
}

/** @returns the dependency that a requirement states, as poetry-core reads it */
export function dependencyOf(requirement: Requirement): Dependency {
  const { url, marker } = requirement;
  const direct = url === undefined ? undefined : directOrigin(url);
  const markers = marker === undefined || marker === '*' ? [] : [marker];
  const inExtras = extrasInMarkers(markers);
  return {
    name: normalizeName(requirement.name),
    spelling: requirement.name,
    constraints: direct !== undefined || isAny(requirement.constraint) ? [] : [requirement.constraint],
    markers,
    extras: requirement.extras,
    optional: asksExtras(markers),
    inExtras,
    ...(direct === undefined ? {} : { origin: direct }),
  };
}

function directOrigin(url: string): DirectOrigin {
  const [, address = url, fragment = ''] = /^([^#]*)(?:#(.*))?$/s.exec(url) ?? [];
  const subdirectory = /(?:^|&)subdirectory=([^&]*)/.exec(fragment)?.[1];
  const below = subdirectory === undefined ? {} : { subdirectory };
  if (/^git(\+|:)/.test(address)) {
    const [, base = address, reference] =
      /^(.*?:\/\/.*?[/:].*?)(?:@([^@/]+(?:\/[^@]+)?))?$/s.exec(address) ?? [];
    return { kind: 'git', url: gitUrl(base), ...(reference === undefined ? {} : { reference }), ...below };
  }
  if (/^https?:/i.test(address)) return { kind: 'url', url: address, ...below };
  return { kind: 'path', path: pathIn(address), ...below };
}

function pathIn(address: string): string {
  const path = address.replace(/^file:(?:\/\/(?:localhost)?(?=\/|\.))?/i, '');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** As poetry-core's `ParsedUrl.url`: `git@host:owner/name.git` becomes `ssh://git@host/owner/name.git`. */
export function gitUrl(text: string): string {
  const plain = text.replace(/^git\+/, '');
  const scp = /^(?:([^/?#:@<>[\]|]+)@)?([A-Za-z0-9_.-]+):(?!\/\/)(.*)$/s.exec(plain);
  if (scp === null) return plain;
  return `ssh://${scp[1] === undefined ? '' : `${scp[1]}@`}${scp[2]}/${scp[3]!.replace(/^[:/]+/, '')}`;
}

/** Whether a marker is about extras, however: poetry-core then takes the dependency for optional. */
function asksExtras(markers: readonly string[]): boolean {
  return markers.some((marker) => /\bextra\s*(?:===?|!=)|(?:===?|!=)\s*extra\b/.test(marker));
}

/** The extras that markers compare with `==`, in normal form. */
function extrasInMarkers(markers: readonly string[]): readonly string[] {
  const found: string[] = [];
  for (const marker of markers) {
    if (!marker.includes('extra')) continue;
    for (const match of marker.matchAll(
      /\bextra\s*===?\s*(?:"([^"]*)"|'([^']*)')|(?:"([^"]*)"|'([^']*)')\s*===?\s*extra\b/g,
    )) {
      found.push(match[1] ?? match[2] ?? match[3] ?? match[4] ?? '');
    }
  }
  return normalSet(found);
}

function normalSet(names: readonly string[]): readonly string[] {
  return [...new Set(names.map(normalizeName))].sort();
}

function isAny(constraint: string): boolean {
  return constraint.trim() === '*' || constraint.trim() === '';
}

function placed<T>(node: Node, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof BivyError) return failAt(node, `cannot be read: ${error.message}`, error.hint);
    throw error;
  }
}
