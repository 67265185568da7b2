// The choice of one version for each name that the project leads to, among those that are locked: the highest first, in
// the order in which Poetry's solver takes its decisions, which is what counts where several answers exist. Most locks hold
// one version of each name; then this is a plain walk.

import { BivyError } from '../kernel/errors.ts';
import { parseConstraint } from '../python/constraint.ts';
import type { Dependency } from '../python/dependency.ts';
import { compareVersions } from '../python/version.ts';
import type { LockedPackage } from './lock.ts';
import { allowsPython, allowsVersion } from './situation.ts';
import { sourceSatisfies } from './source-match.ts';
import { unsolvable } from './unsolvable.ts';
import {
  type Edge,
  edgesOfPackage,
  edgesOfRoot,
  type Graph,
  nodeOf,
  type WalkRequest,
} from './walk-graph.ts';

/** Most choices that are tried before the lock is given up: the search is exponential in names locked twice. */
const MOST_ATTEMPTS = 20_000;

/** @throws BivyError `LOCK_UNSOLVABLE` */
export function solveLock(request: WalkRequest): Graph {
  return new Search(request).solve();
}

/** A node that was met and not decided yet. */
interface Pending {
  readonly node: string;
  /** The dependency that led to it first. */
  readonly dependency: Dependency;
}

/** Names whose choice led to a dead end; any other choice of another name leads there too. */
type Blame = Set<string>;

class Search {
  readonly #request: WalkRequest;
  readonly #candidates = new Map<string, readonly LockedPackage[]>();
  readonly #demands = new Map<string, Edge[]>();
  readonly #chosen = new Map<string, LockedPackage>();
  readonly #edges = new Map<string, readonly Edge[]>();
  readonly #pending: Pending[] = [];
  readonly #met = new Set<string>();
  /** Whether the order of decisions can matter at all. */
  readonly #hasChoice: boolean;
  #attempts = 0;
  #fault: BivyError | undefined;

  constructor(request: WalkRequest) {
    this.#request = request;
    const byName = new Map<string, LockedPackage[]>();
    for (const locked of request.lock.packages) {
      byName.set(locked.name, [...(byName.get(locked.name) ?? []), locked]);
    }
    for (const [name, list] of byName) {
      this.#candidates.set(
        name,
        list.sort((a, b) => compareVersions(b.version, a.version)),
      );
    }
    this.#hasChoice = byName.size < request.lock.packages.length;
  }

  solve(): Graph {
    const edges = this.#withoutRoot(edgesOfRoot(this.#request));
    if (this.#follow('', edges) !== undefined || this.#decide() !== undefined) throw this.#fault;
    return { chosen: this.#chosen, edges: this.#edges };
  }

  /** Decides all that is pending. @returns the blame where nothing works; everything is as it was then */
  #decide(): Blame | undefined {
    const index = this.#nextIndex();
    if (index < 0) return undefined;
    const [next] = this.#pending.splice(index, 1) as [Pending];
    const { name } = next.dependency;
    const fixed = this.#chosen.get(name);
    const blame: Blame = new Set();
    for (const locked of fixed === undefined ? this.#fitting(name) : [fixed]) {
      if (++this.#attempts > MOST_ATTEMPTS) break;
      const mark = this.#pending.length;
      this.#chosen.set(name, locked);
      const edges = this.#withoutRoot(edgesOfPackage(locked, next.dependency, this.#request.situation));
      const conflict = this.#follow(next.node, edges);
      const deeper = conflict ?? this.#decide();
      if (deeper === undefined) return undefined;
      if (conflict === undefined) this.#unfollow(next.node, edges, mark);
      if (fixed === undefined) this.#chosen.delete(name);
      for (const one of deeper) blame.add(one);
      if (!deeper.has(name)) break;
    }
    this.#pending.splice(index, 0, next);
    if (fixed === undefined) {
      blame.delete(name);
      for (const edge of this.#demands.get(name) ?? []) blame.add(edge.from);
    }
    return blame;
  }

  /** Adds the edges of a node. @returns the blame where they ask what cannot be, and nothing is added then */
  #follow(node: string, edges: readonly Edge[]): Blame | undefined {
    const mark = this.#pending.length;
    this.#edges.set(node, edges);
    for (const [index, edge] of edges.entries()) {
      const { name } = edge.dependency;
      const demands = this.#demands.get(name) ?? [];
      this.#demands.set(name, demands);
      demands.push(edge);
      const decided = this.#chosen.get(name);
      if (decided === undefined ? this.#fitting(name).length > 0 : this.#fits(decided, edge)) continue;
      this.#fault ??= unsolvable(name, demands, this.#candidates.get(name) ?? [], this.#request);
      const blame = new Set([...demands.map(({ from }) => from), name]);
      this.#unfollow(node, edges.slice(0, index + 1), mark);
      return blame;
    }
    for (const dependency of this.#learnt(edges)) {
      const target = nodeOf(dependency);
      if (this.#met.has(target)) continue;
      this.#met.add(target);
      this.#pending.push({ node: target, dependency });
    }
    return undefined;
  }

  /** In the order in which Poetry meets them: what it learnt last first, and dependencies of one name as one. */
  #learnt(edges: readonly Edge[]): readonly Dependency[] {
    const { modernExtras } = this.#request.situation.behaviour;
    const grouped = new Map<string, Dependency[]>();
    for (const { dependency } of edges) {
      const key = modernExtras ? dependency.name : nodeOf(dependency);
      grouped.set(key, [...(grouped.get(key) ?? []), dependency]);
    }
    return [...grouped.values()].flat().reverse();
  }

  #unfollow(node: string, edges: readonly Edge[], mark: number): void {
    this.#edges.delete(node);
    for (const edge of [...edges].reverse()) {
      const demands = this.#demands.get(edge.dependency.name);
      if (demands?.at(-1) === edge) demands.pop();
    }
    for (const { node: added } of this.#pending.splice(mark)) this.#met.delete(added);
  }

  #fitting(name: string): readonly LockedPackage[] {
    const demands = this.#demands.get(name) ?? [];
    return (this.#candidates.get(name) ?? []).filter((locked) =>
      demands.every((edge) => this.#fits(locked, edge)),
    );
  }

  #fits(locked: LockedPackage, edge: Edge): boolean {
    const { situation } = this.#request;
    return (
      allowsVersion(edge.dependency, locked.version, situation) &&
      sourceSatisfies(locked.source, edge.dependency, edge.base, situation.behaviour) &&
      allowsPython(locked.pythonVersions, situation)
    );
  }

  /** What depends on the project itself has it already, in the only version there is. */
  #withoutRoot(edges: readonly Edge[]): readonly Edge[] {
    const { root, situation } = this.#request;
    if (root === undefined) return edges;
    return edges.filter(
      ({ dependency }) =>
        dependency.name !== root.name || !allowsVersion(dependency, root.version, situation),
    );
  }

  /** Where in the list of what is pending Poetry would go on; -1 where nothing is left. */
  #nextIndex(): number {
    if (!this.#hasChoice || this.#pending.length < 2) return this.#pending.length === 0 ? -1 : 0;
    let best = 0;
    let bestKey = this.#priority(this.#pending[0]!);
    for (let index = 1; index < this.#pending.length; index++) {
      const key = this.#priority(this.#pending[index]!);
      if (isLower(key, bestKey)) {
        best = index;
        bestKey = key;
      }
    }
    return best;
  }

  /** Lower goes first. 2.x: what has more bounded dependencies, then any; before: what had no marker. */
  #priority({ dependency }: Pending): readonly number[] {
    const direct = dependency.origin === undefined ? 1 : 0;
    if (!this.#request.situation.behaviour.modernExtras) {
      return [direct === 1 && dependency.markers.length > 0 ? 1 : 0, direct];
    }
    const locked = this.#chosen.get(dependency.name) ?? this.#fitting(dependency.name)[0];
    const relevant = (locked?.dependencies ?? []).filter(
      ({ inExtras }) => inExtras.length === 0 || inExtras.some((extra) => dependency.extras.includes(extra)),
    );
    const bounded = relevant.filter((one) => this.#isBounded(one)).length;
    return [direct, -bounded, relevant.length > 0 ? 0 : 1];
  }

  #isBounded({ constraints }: Dependency): boolean {
    return constraints.some((text) => {
      try {
        const { ranges } = parseConstraint(text, { core: this.#request.situation.behaviour.core });
        return ranges.at(-1)?.max !== undefined;
      } catch (error) {
        if (error instanceof BivyError) return false;
        throw error;
      }
    });
  }
}

function isLower(a: readonly number[], b: readonly number[]): boolean {
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? 0;
    if (value !== other) return value < other;
  }
  return false;
}
