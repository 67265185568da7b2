// What the walk through a lock starts from and leads to. A node is a package with the extras asked of it: `foo[bar]` leads
// to `foo` and to what the extra adds.

import type { Dependency } from '../python/dependency.ts';
import type { Version } from '../python/version.ts';
import type { Lock, LockedPackage } from './lock.ts';
import { constraintKey, markersAllowPython, markersHold, type Situation } from './situation.ts';

/** A dependency of the project and the group that states it. */
interface RootEdge {
  readonly group: string;
  readonly dependency: Dependency;
}

export interface WalkRequest {
  readonly lock: Lock;
  /** The project: what depends on its name is satisfied by it, or by nothing. */
  readonly root: { readonly name: string; readonly version: Version } | undefined;
  /** The dependencies of the active groups. */
  readonly roots: readonly RootEdge[];
  /** The requested extras. */
  readonly extras: ReadonlySet<string>;
  /** For each extra of the project, the names it wants. */
  readonly extraNames: ReadonlyMap<string, readonly string[]>;
  readonly situation: Situation;
}

export interface Edge {
  readonly dependency: Dependency;
  /** The name of the package that has the edge; empty for the project. */
  readonly from: string;
  /** The directory that its paths start from, relative to the lock's. */
  readonly base: string;
}

export interface Graph {
  readonly chosen: ReadonlyMap<string, LockedPackage>;
  /** Edges by node; those of the project under an empty text. */
  readonly edges: ReadonlyMap<string, readonly Edge[]>;
}

/** `foo`, or `foo[bar]` where extras are asked of it. */
export function nodeOf(dependency: Dependency): string {
  return dependency.extras.length === 0
    ? dependency.name
    : `${dependency.name}[${dependency.extras.join(',')}]`;
}

/** The project's dependencies that apply to the target. In 2.x their markers know which extras were requested. */
export function edgesOfRoot({ roots, extras, situation }: WalkRequest): readonly Edge[] {
  const { ignored, modernExtras } = situation.behaviour;
  const edges = roots
    .filter(({ dependency }) => {
      if (ignored.has(dependency.name)) return false;
      const owner = `the project's dependency \`${dependency.name}\``;
      return (
        markersHold(dependency.markers, situation, owner, modernExtras ? extras : undefined) &&
        markersAllowPython(dependency.markers, situation)
      );
    })
    .map(({ dependency }) => ({ dependency, from: '', base: '.' }));
  return merged(edges, situation);
}

function merged(edges: readonly Edge[], situation: Situation): readonly Edge[] {
  if (!situation.behaviour.mergesByName) return edges;
  const seen = new Set<string>();
  return edges.filter(({ dependency }) => {
    const key = `${dependency.name} ${constraintKey(dependency, situation)}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** What a package needs on the target when it is asked for as `asked` does. */
export function edgesOfPackage(
  locked: LockedPackage,
  asked: Dependency,
  situation: Situation,
): readonly Edge[] {
  const unlocked = unlockedBy(locked, asked.extras, situation.behaviour.modernExtras);
  const base = locked.source.kind === 'directory' ? (locked.source.url ?? '.') : '.';
  const edges: Edge[] = [];
  if (asked.extras.length > 0) {
    const self = { ...asked, extras: [], constraints: [], optional: false, inExtras: [] };
    edges.push({ dependency: self, from: locked.name, base });
  }
  for (const dependency of locked.dependencies) {
    if (situation.behaviour.ignored.has(dependency.name)) continue;
    if (dependency.optional && !unlocked.names.has(dependency.name)) continue;
    const { inExtras } = dependency;
    if (inExtras.length > 0 && !inExtras.some((extra) => unlocked.extras.has(extra))) continue;
    const owner = `\`${locked.name}\`'s dependency \`${dependency.name}\``;
    if (!markersHold(dependency.markers, situation, owner)) continue;
    if (!markersAllowPython(dependency.markers, situation)) continue;
    edges.push({ dependency, from: locked.name, base });
  }
  return merged(edges, situation);
}

/** The extras that are asked for, with those they lead to in 2.x (`all = ["foo[a,b]"]`), and the names they unlock. */
function unlockedBy(
  locked: LockedPackage,
  asked: readonly string[],
  transitive: boolean,
): { readonly extras: ReadonlySet<string>; readonly names: ReadonlySet<string> } {
  const extras = new Set<string>();
  const names = new Set<string>();
  const stack = [...asked];
  for (let extra = stack.pop(); extra !== undefined; extra = stack.pop()) {
    if (extras.has(extra)) continue;
    extras.add(extra);
    for (const dependency of locked.dependenciesOfExtra(extra)) {
      if (transitive && dependency.name === locked.name) stack.push(...dependency.extras);
      else names.add(dependency.name);
    }
  }
  return { extras, names };
}
