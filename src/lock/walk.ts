// What Poetry's solver finds when it may choose among the locked packages only (1.x, and 2.x unless the lock decides):
// a walk from the project's dependencies along the edges that apply to the target.

import type { Lock, LockedPackage } from './lock.ts';
import { allowsVersion, markersHold } from './situation.ts';
import { solveLock } from './solve.ts';
import { sourceSatisfies } from './source-match.ts';
import { type Edge, type Graph, nodeOf, type WalkRequest } from './walk-graph.ts';

export interface Walk {
  /** What is to be installed, by name. */
  readonly packages: ReadonlyMap<string, LockedPackage>;
  /** For each of them, the groups that lead to it. */
  readonly groups: ReadonlyMap<string, ReadonlySet<string>>;
  /** Names that a name leads to; the project's own under an empty text. */
  readonly edges: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * @throws BivyError `LOCK_UNSOLVABLE` where the locked packages do not satisfy what the project asks
 */
export function walkLock(request: WalkRequest): Walk {
  const graph = solveLock(request);
  const { lock, extras, extraNames, situation } = request;
  const rootEdges = graph.edges.get('') ?? [];
  const firm = reach(
    graph,
    leadingEdges(request, graph).filter((edge) => !edge.dependency.optional),
  );
  const byExtras = situation.behaviour.modernExtras
    ? namesByExtras(extras, extraNames, edgesByName(graph))
    : namesByExtras(extras, lock.extras, edgesOfLock(lock));
  const reached = reach(graph, rootEdges);
  const packages = new Map<string, LockedPackage>();
  for (const name of [...reached].sort()) {
    const locked = graph.chosen.get(name)!;
    if (!firm.has(name) && !byExtras.has(name)) continue;
    const owner = `\`${name}\``;
    const marked = situation.behaviour.packageMarkers && locked.marker !== null;
    if (marked && !markersHold([locked.marker!], situation, owner)) continue;
    packages.set(name, locked);
  }
  return { packages, groups: groupsOf(request, graph, packages), edges: edgesByName(graph) };
}

/**
 * The project's edges as Poetry follows them when all is decided: it asks their markers no more. So a package that is there
 * for an extra only becomes a firm one through a dependency that does not apply here.
 */
function leadingEdges({ roots, situation }: WalkRequest, graph: Graph): readonly Edge[] {
  return roots
    .filter(({ dependency }) => {
      const locked = graph.chosen.get(dependency.name);
      return (
        locked !== undefined &&
        graph.edges.has(nodeOf(dependency)) &&
        allowsVersion(dependency, locked.version, situation) &&
        sourceSatisfies(locked.source, dependency, '.', situation.behaviour)
      );
    })
    .map(({ dependency }) => ({ dependency, from: '', base: '.' }));
}

/** The names that those edges lead to. */
function reach(graph: Graph, start: readonly Edge[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const names = new Set<string>();
  const queue = [...start];
  for (let edge = queue.pop(); edge !== undefined; edge = queue.pop()) {
    const node = nodeOf(edge.dependency);
    names.add(edge.dependency.name);
    if (seen.has(node)) continue;
    seen.add(node);
    queue.push(...(graph.edges.get(node) ?? []));
  }
  return names;
}

function edgesByName(graph: Graph): ReadonlyMap<string, ReadonlySet<string>> {
  const edges = new Map<string, Set<string>>();
  for (const [node, list] of graph.edges) {
    const name = node.replace(/\[.*$/, '');
    const targets = edges.get(name) ?? new Set();
    edges.set(name, targets);
    for (const edge of list) if (edge.dependency.name !== name) targets.add(edge.dependency.name);
  }
  return edges;
}

/** Up to 1.8: whatever the lock says, markers or not; of a name locked twice the last entry counts. */
function edgesOfLock(lock: Lock): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    lock.packages.map((locked) => [locked.name, new Set(locked.dependencies.map(({ name }) => name))]),
  );
}

function namesByExtras(
  extras: ReadonlySet<string>,
  members: ReadonlyMap<string, readonly string[]>,
  edges: ReadonlyMap<string, ReadonlySet<string>>,
): ReadonlySet<string> {
  const names = new Set<string>();
  const stack = [...extras].flatMap((extra) => members.get(extra) ?? []);
  for (let name = stack.pop(); name !== undefined; name = stack.pop()) {
    const targets = edges.get(name);
    if (targets === undefined || names.has(name)) continue;
    names.add(name);
    stack.push(...targets);
  }
  return names;
}

/** By the edges that apply; by all of them where none of those leads to the package. */
function groupsOf(
  request: WalkRequest,
  graph: Graph,
  packages: ReadonlyMap<string, LockedPackage>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const groups = new Map<string, Set<string>>();
  for (const edges of [graph.edges.get('') ?? [], leadingEdges(request, graph)]) {
    const found = namesByGroup(request, graph, edges);
    for (const name of packages.keys()) {
      if (groups.has(name)) continue;
      const own = [...found].filter(([, names]) => names.has(name)).map(([group]) => group);
      if (own.length > 0) groups.set(name, new Set(own));
    }
  }
  return groups;
}

function namesByGroup(
  { roots }: WalkRequest,
  graph: Graph,
  edges: readonly Edge[],
): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, ReadonlySet<string>>();
  for (const group of new Set(roots.map((root) => root.group))) {
    const own = new Set(roots.filter((root) => root.group === group).map((root) => root.dependency));
    found.set(
      group,
      reach(
        graph,
        edges.filter((edge) => own.has(edge.dependency)),
      ),
    );
  }
  return found;
}
