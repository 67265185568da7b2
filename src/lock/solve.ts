// The choice of one version for each name that the project leads to, among those that are locked.
//
// A node is a package with the extras asked of it; `foo[bar]` leads to `foo`. Where several versions of a name are locked,
// the highest is taken that everything which was reached allows.

import { BivyError } from '../kernel/errors.ts';
import type { Dependency } from '../python/dependency.ts';
import { compareVersions, formatVersion, type Version } from '../python/version.ts';
import type { Lock, LockedPackage } from './lock.ts';
import { allowsPython, allowsVersion, markersAllowPython, markersHold, type Situation } from './situation.ts';
import { sourceSatisfies, withoutCredentials } from './source-match.ts';

/** A dependency of the project and the group that states it. */
export interface RootEdge {
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

/** Most choices that are tried before the lock is given up. */
const MOST_ATTEMPTS = 2000;

/** Most walks until choices must have settled. */
const MOST_ROUNDS = 50;

export interface Edge {
  readonly dependency: Dependency;
  /** The name of the package that has the edge; empty for the project. */
  readonly from: string;
  readonly base: string;
}

export interface Graph {
  readonly chosen: ReadonlyMap<string, LockedPackage>;
  /** Edges by node; those of the project under an empty text. */
  readonly edges: ReadonlyMap<string, readonly Edge[]>;
}

/** @throws BivyError `LOCK_UNSOLVABLE` */
export function solveLock(request: WalkRequest): Graph {
  return new Solver(request).solve();
}

/** `foo`, or `foo[bar]` where extras are asked of it. */
export function nodeOf(dependency: Dependency): string {
  return dependency.extras.length === 0
    ? dependency.name
    : `${dependency.name}[${dependency.extras.join(',')}]`;
}

/** Why a walk failed, and the choices that led there and could be others. */
interface Conflict {
  readonly culprits: readonly LockedPackage[];
  readonly error: BivyError;
}

class Solver {
  readonly #request: WalkRequest;
  readonly #candidates = new Map<string, readonly LockedPackage[]>();
  readonly #forbidden = new Set<LockedPackage>();
  #attempts = 0;

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
  }

  solve(): Graph {
    const result = this.#search();
    if (result instanceof BivyError) throw result;
    return result;
  }

  /** Tries the highest versions first; where that fails, leaves out choices that led there, one at a time. */
  #search(): Graph | BivyError {
    const result = this.#settle();
    if ('edges' in result) return result;
    for (const culprit of result.culprits) {
      if (++this.#attempts > MOST_ATTEMPTS) break;
      this.#forbidden.add(culprit);
      const retried = this.#search();
      if (!(retried instanceof BivyError)) return retried;
      this.#forbidden.delete(culprit);
    }
    return result.error;
  }

  /** Walks again and again until no choice has to be changed. */
  #settle(): Graph | Conflict {
    let chosen: ReadonlyMap<string, LockedPackage> = new Map();
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const { used, edges, demands } = this.#traverse(chosen);
      const next = new Map<string, LockedPackage>();
      let unmet: string | undefined;
      for (const [name, list] of demands) {
        const found = this.#choose(name, list);
        if (found === undefined) unmet ??= name;
        else next.set(name, found);
      }
      // What cannot be met may be asked by a choice that does not last: only a walk without changes counts.
      const stable = [...next].every(([name, locked]) => used.get(name) === locked);
      if (stable && unmet === undefined) return { chosen: next, edges };
      if (stable && unmet !== undefined) return this.#conflict(unmet, demands, used);
      chosen = next;
    }
    return this.#conflict([...chosen.keys()][0] ?? '', new Map(), chosen);
  }

  /** Follows edges; a name without a choice yet takes the highest version that what was met so far allows. */
  #traverse(chosen: ReadonlyMap<string, LockedPackage>): {
    readonly used: ReadonlyMap<string, LockedPackage>;
    readonly edges: ReadonlyMap<string, readonly Edge[]>;
    readonly demands: ReadonlyMap<string, readonly Edge[]>;
  } {
    const used = new Map<string, LockedPackage>();
    const edges = new Map<string, readonly Edge[]>();
    const demands = new Map<string, Edge[]>();
    const roots = this.#rootEdges();
    edges.set('', roots);
    const queue: Edge[] = [...roots];
    for (let index = 0; index < queue.length; index++) {
      const edge = queue[index]!;
      const { dependency } = edge;
      const list = demands.get(dependency.name) ?? [];
      demands.set(dependency.name, list);
      list.push(edge);
      const node = nodeOf(dependency);
      if (edges.has(node)) continue;
      const { name } = dependency;
      const locked = used.get(name) ?? chosen.get(name) ?? this.#choose(name, list);
      if (locked === undefined) continue;
      used.set(name, locked);
      const own = this.#edgesOf(locked, dependency);
      edges.set(node, own);
      queue.push(...own);
    }
    return { used, edges, demands };
  }

  #choose(name: string, demands: readonly Edge[]): LockedPackage | undefined {
    return this.#candidates
      .get(name)
      ?.find((locked) => !this.#forbidden.has(locked) && demands.every((edge) => this.#fits(locked, edge)));
  }

  #fits(locked: LockedPackage, edge: Edge): boolean {
    const { situation } = this.#request;
    return (
      allowsVersion(edge.dependency, locked.version, situation) &&
      sourceSatisfies(locked.source, edge.dependency, edge.base, situation.behaviour) &&
      allowsPython(locked.pythonVersions, situation)
    );
  }

  #rootEdges(): readonly Edge[] {
    const { roots, extras, situation } = this.#request;
    const { ignored, modernExtras } = situation.behaviour;
    return roots
      .filter(({ dependency }) => {
        if (ignored.has(dependency.name) || this.#isRoot(dependency)) return false;
        const owner = `the project's dependency \`${dependency.name}\``;
        return (
          markersHold(dependency.markers, situation, owner, modernExtras ? extras : undefined) &&
          markersAllowPython(dependency.markers, situation)
        );
      })
      .map(({ dependency }) => ({ dependency, from: '', base: '.' }));
  }

  #isRoot(dependency: Dependency): boolean {
    const { root, situation } = this.#request;
    return root?.name === dependency.name && allowsVersion(dependency, root.version, situation);
  }

  #edgesOf(locked: LockedPackage, asked: Dependency): readonly Edge[] {
    const { situation } = this.#request;
    const unlocked = unlockedBy(locked, asked.extras, situation.behaviour.modernExtras);
    const base = locked.source.kind === 'directory' ? (locked.source.url ?? '.') : '.';
    const edges: Edge[] = [];
    if (asked.extras.length > 0) {
      const self = { ...asked, extras: [], constraints: [], markers: [], optional: false, inExtras: [] };
      edges.push({ dependency: self, from: locked.name, base });
    }
    for (const dependency of locked.dependencies) {
      if (situation.behaviour.ignored.has(dependency.name) || this.#isRoot(dependency)) continue;
      if (dependency.optional && !unlocked.names.has(dependency.name)) continue;
      if (dependency.inExtras.length > 0 && !dependency.inExtras.some((extra) => unlocked.extras.has(extra)))
        continue;
      const owner = `\`${locked.name}\`'s dependency \`${dependency.name}\``;
      if (!markersHold(dependency.markers, situation, owner)) continue;
      if (!markersAllowPython(dependency.markers, situation)) continue;
      edges.push({ dependency, from: locked.name, base });
    }
    return edges;
  }

  /** What could be chosen otherwise so that this does not happen: whoever leads to the name, the nearest first. */
  #conflict(
    name: string,
    demands: ReadonlyMap<string, readonly Edge[]>,
    used: ReadonlyMap<string, LockedPackage>,
  ): Conflict {
    const ancestors = new Set([name]);
    for (const one of ancestors) for (const edge of demands.get(one) ?? []) ancestors.add(edge.from);
    const names = demands.size === 0 ? used.keys() : ancestors;
    const culprits = [...names]
      .map((one) => used.get(one))
      .filter((locked) => locked !== undefined)
      .filter(
        (locked) => (this.#candidates.get(locked.name)?.length ?? 0) > 1 && !this.#forbidden.has(locked),
      );
    return { culprits, error: this.#explain(name, demands.get(name) ?? []) };
  }

  #explain(name: string, demands: readonly Edge[]): BivyError {
    const { lock, situation } = this.#request;
    const candidates = this.#candidates.get(name) ?? [];
    const versions = candidates.map((locked) => `\`${formatVersion(locked.version)}\``).join(', ');
    const wrongPython = candidates.filter((locked) => !allowsPython(locked.pythonVersions, situation));
    const causes = [
      ...demands.map((edge) => {
        const by = edge.from === '' ? 'the project' : `\`${edge.from}\``;
        return `${by} asks for \`${describe(edge.dependency)}\``;
      }),
      ...wrongPython.map(
        (locked) =>
          `\`${name}\` ${formatVersion(locked.version)} is for Python \`${locked.pythonVersions}\`, the target has ${situation.environment['python_full_version']}`,
      ),
    ];
    const has = versions === '' ? 'holds none' : `holds ${versions}`;
    return new BivyError(
      'LOCK_UNSOLVABLE',
      `\`${lock.file}\` ${has} of \`${name}\`, which does not satisfy what is asked for`,
      {
        location: { file: lock.file },
        causes: [...new Set(causes)],
        hint: 'run `poetry lock` and commit the result',
      },
    );
  }
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

function describe(dependency: Dependency): string {
  const extras = dependency.extras.length === 0 ? '' : `[${dependency.extras.join(',')}]`;
  const constraint = dependency.constraints.length === 0 ? '' : ` (${dependency.constraints.join(',')})`;
  return `${dependency.name}${extras}${constraint}${placeOf(dependency)}`;
}

function placeOf({ origin, source }: Dependency): string {
  if (origin === undefined) return source === undefined ? '' : ` from the source ${source}`;
  return ` from ${origin.kind} ${origin.kind === 'path' ? origin.path : withoutCredentials(origin.url)}`;
}
