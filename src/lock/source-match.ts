// Whether a locked package comes from where a dependency says it must (poetry-core's `source_satisfies`).

import { posix } from 'node:path';
import { type Dependency, type DirectOrigin, gitUrl } from '../python/dependency.ts';
import type { Behaviour } from './behaviour.ts';
import type { Source } from './plan.ts';

/** @param base the directory that the dependency's paths start from, relative to the lock's */
export function sourceSatisfies(
  source: Source,
  dependency: Dependency,
  base: string,
  behaviour: Behaviour,
): boolean {
  const { origin } = dependency;
  if (origin !== undefined) return originMatches(source, origin, base, behaviour);
  if (dependency.source === undefined || !behaviour.sources) return true;
  const wanted = dependency.source.toLowerCase();
  if (source.kind === 'index') return wanted === 'pypi';
  return source.kind === 'legacy' && source.reference?.toLowerCase() === wanted;
}

function originMatches(source: Source, origin: DirectOrigin, base: string, behaviour: Behaviour): boolean {
  switch (origin.kind) {
    case 'path': {
      if (source.kind !== 'file' && source.kind !== 'directory') return false;
      const path = origin.path.startsWith('/') ? origin.path : posix.join(base, origin.path);
      if (samePlace(path, source.url ?? '')) return true;
      return (
        origin.subdirectory !== undefined &&
        samePlace(posix.join(path, origin.subdirectory), source.url ?? '')
      );
    }
    case 'url':
      return (
        source.kind === 'url' && source.url === origin.url && source.subdirectory === origin.subdirectory
      );
    case 'git':
      return (
        source.kind === 'git' &&
        gitUrl(source.url ?? '') === gitUrl(origin.url) &&
        source.subdirectory === origin.subdirectory &&
        referencesAgree(origin.reference ?? behaviour.defaultReference, source.reference)
      );
  }
}

/**
 * Whether both paths, relative to one directory whose own place is not known, may be the same: `../../libs/a` is `../a`
 * where the directory is in `libs`.
 */
function samePlace(a: string, b: string): boolean {
  const [left, right] = [stepsOf(a), stepsOf(b)];
  const [long, short] = left.ups >= right.ups ? [left, right] : [right, left];
  const more = long.names.length - short.names.length;
  return (
    more === long.ups - short.ups && short.names.every((name, index) => name === long.names[index + more])
  );
}

function stepsOf(path: string): { readonly ups: number; readonly names: readonly string[] } {
  const parts = posix
    .normalize(path)
    .split('/')
    .filter((part, index) => part !== '.' && (part !== '' || index === 0));
  const ups = parts.findIndex((part) => part !== '..');
  return ups < 0 ? { ups: parts.length, names: [] } : { ups, names: parts.slice(ups) };
}

/** One may be a short form of the other. */
function referencesAgree(wanted: string, locked: string | undefined): boolean {
  return locked !== undefined && (locked.startsWith(wanted) || wanted.startsWith(locked));
}

/** The address without user and password, for messages. */
export function withoutCredentials(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)(?:[^/?#]*@)/i, '$1');
}
