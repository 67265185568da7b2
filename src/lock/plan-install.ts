// The decision itself: project, lock and target in, `InstallPlan` out. Pure; asks nothing of disk, network or clock.

import type { Group, Project } from '../project/project.ts';
import { markerEnvironment } from '../python/environment.ts';
import { normalizeName } from '../python/names.ts';
import { supportedTags } from '../python/tags.ts';
import type { Target } from '../python/target.ts';
import { compareVersions, formatVersion, parseVersion } from '../python/version.ts';
import { type Behaviour, behaviourOf, defaultMode, followedPoetry, type Mode } from './behaviour.ts';
import { decideFile } from './decide-file.ts';
import { judgeFreshness, requireFresh } from './freshness.ts';
import type { Lock, LockedPackage } from './lock.ts';
import { selectByMarkers } from './lock-markers.ts';
import { filesOfVersion } from './locked-files.ts';
import type { InstallPlan, PlannedPackage, Problem } from './plan.ts';
import { requireAcceptable, requirePython, requireReadable } from './refusals.ts';
import { activeGroups, requestedExtras, type Selection } from './select.ts';
import { markersHold, type Situation, situationOf } from './situation.ts';
import { walkLock } from './walk.ts';
import type { WalkRequest } from './walk-graph.ts';
import { explainNames } from './why.ts';

export interface PlanOptions extends Selection {
  /** Whether the project itself is wanted too. */
  readonly root: boolean;
  /** Any version of Poetry; default: the one that stands for the lock's writer (`followedPoetry`). */
  readonly poetry?: string;
  readonly mode?: Mode;
  readonly allowStale?: boolean;
}

/** What was decided to be there, before files are looked at. */
interface Decided {
  readonly locked: LockedPackage;
  readonly groups: readonly string[];
}

/**
 * What `poetry install` would install from that lock for that target.
 *
 * Groups as `activeGroups` has them, extras as `requestedExtras`. What Poetry would refuse is thrown; what only building
 * would meet (no wheel for the target) is in `problems`.
 *
 * @throws BivyError `LOCK_STALE`, `LOCK_VERSION`, `LOCK_INVALID`, `LOCK_UNSOLVABLE`, `PROJECT_INVALID`, `GROUP_UNKNOWN`,
 *   `EXTRA_UNKNOWN`, `PYTHON_UNSUPPORTED`, `TARGET_INVALID`, `MARKER_INVALID`, `MARKER_UNKNOWABLE`, `CONSTRAINT_INVALID`
 */
export function planInstall(project: Project, lock: Lock, target: Target, options: PlanOptions): InstallPlan {
  const followed = options.poetry ?? followedPoetry(lock, project);
  const behaviour = behaviourOf(followed);
  requireReadable(lock, behaviour);
  if (options.allowStale !== true) requireFresh(project, lock);
  requireAcceptable(project, behaviour);

  const view = behaviour.classic && project.classic !== null ? project.classic : project;
  const situation = situationOf(behaviour, markerEnvironment(target), target.python);
  requirePython(view.pythonVersions, project, situation);
  const active = activeGroups(view.groups, options, behaviour);
  const extras = requestedExtras(view.extras.keys(), lock, options);

  const mode = lock.version === '2.1' ? (options.mode ?? defaultMode(lock, behaviour)) : 'walk';
  const groups = view.groups.filter((group) => active.has(group.name));
  const { decided, edges, roots } =
    mode === 'walk'
      ? byWalk(lock, view, groups, extras, situation)
      : byMarkers(lock, groups, active, extras, situation);

  const name = normalizeName(project.name ?? 'project');
  const chains = explainNames(name, roots, edges, new Set(decided.keys()));
  const tags = supportedTags(target, tagOptions(behaviour));
  const packages: PlannedPackage[] = [];
  const problems: Problem[] = [];
  for (const planned of [...decided.values()].sort(byName)) {
    const { locked } = planned;
    const files = filesOfVersion(locked);
    const { problem, ...file } = decideFile(locked, files, { target, tags });
    if (problem !== undefined) problems.push(problem);
    packages.push({
      name: locked.name,
      version: formatVersion(locked.version),
      source: locked.source,
      groups: planned.groups,
      files,
      ...file,
      why: chains.get(locked.name) ?? [name, locked.name],
    });
  }
  return {
    target,
    poetry: followed,
    mode,
    lockVersion: lock.version,
    fresh: judgeFreshness(project, lock).fresh,
    locked: lock.packages.length,
    packages,
    root: options.root && project.packageMode ? identityOf(project) : null,
    problems,
  };
}

/** Packages as Poetry 2 installs them one after another from a lock that decides: by name, then version. */
export function installOrder<T extends { readonly name: string; readonly version: string }>(
  packages: readonly T[],
): readonly T[] {
  return [...packages].sort((a, b) => {
    if (a.name !== b.name) return a.name < b.name ? -1 : 1;
    const [left, right] = [parseVersion(a.version), parseVersion(b.version)];
    return left === undefined || right === undefined ? 0 : compareVersions(left, right);
  });
}

function byName(a: Decided, b: Decided): number {
  return a.locked.name < b.locked.name ? -1 : 1;
}

function identityOf(project: Project): { readonly name: string; readonly version: string } {
  const version = parseVersion(project.version ?? '0');
  return {
    name: normalizeName(project.name ?? ''),
    version: version === undefined ? (project.version ?? '0') : formatVersion(version),
  };
}

/** Poetry 1.1 is bound to a `packaging` without musllinux; all others take the newest, which puts `linux_*` first. */
function tagOptions(behaviour: Behaviour): { readonly linuxFirst: boolean; readonly musllinux: boolean } {
  const old = behaviour.groups === 'none';
  return { linuxFirst: !old, musllinux: !old };
}

function rootOf({ name, version }: Pick<Project, 'name' | 'version'>): WalkRequest['root'] {
  const parsed = parseVersion(version ?? '0');
  return name === null || parsed === undefined ? undefined : { name: normalizeName(name), version: parsed };
}

interface Decision {
  readonly decided: ReadonlyMap<string, Decided>;
  readonly edges: ReadonlyMap<string, ReadonlySet<string>>;
  readonly roots: Iterable<string>;
}

function byWalk(
  lock: Lock,
  project: Pick<Project, 'name' | 'version' | 'extras'>,
  groups: readonly Group[],
  extras: ReadonlySet<string>,
  situation: Situation,
): Decision {
  const roots = groups.flatMap((group) =>
    group.dependencies.map((dependency) => ({ group: group.name, dependency })),
  );
  const extraNames = new Map(
    [...project.extras].map(([extra, wanted]) => [extra, wanted.map((dependency) => dependency.name)]),
  );
  const walk = walkLock({ lock, root: rootOf(project), roots, extras, extraNames, situation });
  const decided = new Map(
    [...walk.packages].map(([name, locked]) => [
      name,
      { locked, groups: sortGroups(walk.groups.get(name) ?? []) },
    ]),
  );
  return { decided, edges: walk.edges, roots: walk.edges.get('') ?? [] };
}

function byMarkers(
  lock: Lock,
  groups: readonly Group[],
  active: ReadonlySet<string>,
  extras: ReadonlySet<string>,
  situation: Situation,
): Decision {
  const selected = selectByMarkers(lock, active, extras, situation);
  const decided = new Map<string, Decided>();
  const edges = new Map<string, Set<string>>();
  for (const [name, { locked, groups: own }] of selected) {
    decided.set(name, { locked, groups: sortGroups(own) });
    edges.set(name, new Set(locked.dependencies.filter(applies).map((dependency) => dependency.name)));
  }
  const roots = groups
    .flatMap((group) => group.dependencies.filter(applies))
    .map((dependency) => dependency.name);
  return { decided, edges, roots };

  /** Only the explanation depends on it: what cannot be evaluated may as well be a reason. */
  function applies(dependency: { readonly name: string; readonly markers: readonly string[] }): boolean {
    if (!selected.has(dependency.name)) return false;
    try {
      return markersHold(dependency.markers, situation, `\`${dependency.name}\``, extras);
    } catch {
      return true;
    }
  }
}

/** `main` first, then by name, as Poetry writes them into locks. */
function sortGroups(names: Iterable<string>): readonly string[] {
  return [...names].sort((a, b) => {
    if (a === 'main' || b === 'main') return a === b ? 0 : a === 'main' ? -1 : 1;
    return a < b ? -1 : 1;
  });
}
