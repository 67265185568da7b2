// Groups and extras of a project: `[tool.poetry]`, `[project]` and PEP 735 merged as poetry-core merges them
// (`Factory._configure_package_dependencies`, `DependencyGroup.dependencies_for_locking`).

import {
  booleanOf,
  descend,
  entriesOf,
  failAt,
  isPresent,
  itemsOf,
  member,
  type Node,
  nearest,
  optional,
  stringOf,
  stringsOf,
} from '../kernel/decode.ts';
import { type Dependency, decodeClassicDependency, decodeRequirement } from '../python/dependency.ts';
import { normalizeName } from '../python/names.ts';
import type { Group } from './project.ts';

export interface Dependencies {
  /** What the interpreter must meet, `*` where nothing is said. */
  readonly pythonVersions: string;
  /** The abstract dependencies of main. */
  readonly requires: readonly Dependency[];
  readonly groups: readonly Group[];
  readonly extras: ReadonlyMap<string, readonly Dependency[]>;
}

/** A group while it is put together: what stands in `[project]` or PEP 735, and what in `[tool.poetry]`. */
interface Draft {
  readonly spelling: string;
  readonly optional: boolean;
  readonly own: Dependency[];
  readonly poetry: Dependency[];
  readonly includes: { readonly name: string; readonly node: Node }[];
}

/**
 * @param classic read `[tool.poetry]` alone, as Poetry 1.x does
 * @throws BivyError with the document's code
 */
export function decodeDependencies(root: Node, classic: boolean): Dependencies {
  const poetry = descend(root, 'tool', 'poetry');
  const nothing = { value: undefined, document: root.document };
  const project = classic ? nothing : member(root, 'project');
  const groups = new Map<string, Draft>([['main', draft('main', false)]]);
  const main = groups.get('main')!;
  const extras = new Map<string, Dependency[]>();

  for (const node of itemsOf(member(project, 'dependencies'))) main.own.push(decodeRequirement(node));
  for (const [spelling, node] of entriesOf(member(project, 'optional-dependencies'))) {
    const extra = normalizeName(spelling);
    const wanted = itemsOf(node).map((item) => inExtra(decodeRequirement(item), extra));
    extras.set(extra, [...(extras.get(extra) ?? []), ...wanted]);
    main.own.push(...wanted);
  }
  const python = addClassic(main.poetry, member(poetry, 'dependencies'));
  if (!classic) addStandardGroups(groups, root, poetry);
  addPoetryGroups(groups, poetry);

  if (main.own.length === 0) addClassicExtras(main, extras, member(poetry, 'extras'));
  const dynamic = stringsOf(member(project, 'dynamic'));
  const mixed = dynamic.includes('dependencies') || dynamic.includes('optional-dependencies');
  const requires = abstractDependencies(main, mixed);
  return {
    pythonVersions: python ?? optional(member(project, 'requires-python'), stringOf) ?? '*',
    requires,
    extras,
    groups: [...groups].map(([name, group]) => ({
      name,
      spelling: group.spelling,
      optional: group.optional,
      dependencies: concrete(groups, name, mixed, []),
    })),
  };
}

function draft(spelling: string, isOptional: boolean): Draft {
  return { spelling, optional: isOptional, own: [], poetry: [], includes: [] };
}

/** Adds a classic table; `python` is no dependency: its constraint is returned. */
function addClassic(into: Dependency[], table: Node): string | undefined {
  let python: string | undefined;
  for (const [name, node] of entriesOf(table)) {
    if (name.toLowerCase() !== 'python') into.push(...decodeClassicDependency(name, node));
    else if (typeof node.value === 'string') python = node.value;
  }
  return python;
}

function addStandardGroups(groups: Map<string, Draft>, root: Node, poetry: Node): void {
  const settings = new Map(
    entriesOf(member(poetry, 'group')).map(([name, node]) => [normalizeName(name), node]),
  );
  for (const [spelling, node] of entriesOf(member(root, 'dependency-groups'))) {
    const name = normalizeName(spelling);
    if (groups.has(name) && name !== 'main') failAt(node, `is the group \`${name}\` once more`);
    const setting = settings.get(name);
    const isOptional =
      setting === undefined ? false : (optional(member(setting, 'optional'), booleanOf) ?? false);
    const group = draft(spelling, isOptional);
    for (const item of itemsOf(node)) {
      if (typeof item.value === 'string') {
        group.own.push(decodeRequirement(item));
        continue;
      }
      const include = member(item, 'include-group');
      if (!isPresent(include)) failAt(item, 'must be a requirement or `{ include-group = "…" }`');
      group.includes.push({ name: normalizeName(stringOf(include)), node: include });
    }
    groups.set(name, group);
  }
}

function addPoetryGroups(groups: Map<string, Draft>, poetry: Node): void {
  const seen = new Set<string>();
  for (const [spelling, node] of entriesOf(member(poetry, 'group'))) {
    const name = normalizeName(spelling);
    if (seen.has(name)) failAt(node, `is the group \`${name}\` once more`);
    seen.add(name);
    const isOptional = optional(member(node, 'optional'), booleanOf) ?? false;
    const group = groups.get(name) ?? draft(spelling, isOptional);
    groups.set(name, group);
    addClassic(group.poetry, member(node, 'dependencies'));
    for (const include of itemsOf(member(node, 'include-groups'))) {
      group.includes.push({ name: normalizeName(stringOf(include)), node: include });
    }
  }
  const legacy = member(poetry, 'dev-dependencies');
  if (!isPresent(legacy)) return;
  const dev = groups.get('dev') ?? draft('dev', false);
  groups.set('dev', dev);
  addClassic(dev.poetry, legacy);
}

/** `tool.poetry.extras` names dependencies of main: each learns which extras want it. */
function addClassicExtras(main: Draft, extras: Map<string, Dependency[]>, table: Node): void {
  const wantedBy = new Map<string, string[]>();
  const members = new Map<string, readonly string[]>();
  for (const [spelling, node] of entriesOf(table)) {
    const extra = normalizeName(spelling);
    const names = stringsOf(node).map(normalizeName);
    members.set(extra, names);
    for (const name of names) wantedBy.set(name, [...(wantedBy.get(name) ?? []), extra]);
  }
  const updated = main.poetry.map((dependency) => {
    const more = wantedBy.get(dependency.name);
    return more === undefined
      ? dependency
      : { ...dependency, inExtras: [...new Set([...dependency.inExtras, ...more])] };
  });
  main.poetry.splice(0, main.poetry.length, ...updated);
  for (const [extra, names] of members) {
    extras.set(
      extra,
      names.flatMap((name) => updated.filter((dependency) => dependency.name === name)),
    );
  }
}

function inExtra(dependency: Dependency, extra: string): Dependency {
  return { ...dependency, optional: true, inExtras: [...new Set([...dependency.inExtras, extra])] };
}

function abstractDependencies(group: Draft, mixed: boolean): readonly Dependency[] {
  const { own, poetry } = group;
  if (own.length === 0) return poetry;
  if (!mixed || poetry.length === 0) return own;
  if (own.every((dependency) => dependency.optional)) {
    return [...own, ...poetry.filter((dependency) => !dependency.optional)];
  }
  if (own.every((dependency) => !dependency.optional)) {
    return [...own, ...poetry.filter((dependency) => dependency.optional)];
  }
  return own;
}

/** Dependencies as Poetry takes them for locking: those of `[project]`, enriched by those of `[tool.poetry]`. */
function concrete(
  groups: ReadonlyMap<string, Draft>,
  name: string,
  mixed: boolean,
  path: readonly string[],
): readonly Dependency[] {
  const group = groups.get(name)!;
  const included = group.includes.flatMap(({ name: include, node }) => {
    if (!groups.has(include)) {
      const near = nearest(include, groups.keys());
      failAt(
        node,
        `includes the group \`${include}\`, which is not defined`,
        near === undefined ? 'define that group or leave it out' : `did you mean \`${near}\`?`,
      );
    }
    const chain = [...path, name];
    if (chain.includes(include)) failAt(node, `includes itself: ${[...chain, include].join(' → ')}`);
    return concrete(groups, include, mixed, chain);
  });
  const { own, poetry } = group;
  if (poetry.length === 0) return [...own, ...included];
  if (own.length === 0) return [...poetry, ...included];
  const enriched = abstractDependencies(group, name === 'main' && mixed).flatMap((dependency) => {
    const additions = poetry.filter((other) => other.name === dependency.name && other !== dependency);
    return additions.length === 0 ? [dependency] : additions.map((other) => enrich(dependency, other));
  });
  return [...enriched, ...included];
}

function enrich(dependency: Dependency, addition: Dependency): Dependency {
  const base = dependency.origin === undefined ? addition : dependency;
  const fromExtra =
    dependency.inExtras.length > 0 && addition.markers.length > 0
      ? [dependency.inExtras.map((extra) => `extra == "${extra}"`).join(' or ')]
      : [];
  return {
    ...base,
    constraints: [...new Set([...dependency.constraints, ...addition.constraints])],
    markers: [...new Set([...dependency.markers, ...fromExtra, ...addition.markers])],
    extras: dependency.extras,
    optional: dependency.optional,
    inExtras: dependency.inExtras,
    ...(addition.develop === undefined ? {} : { develop: addition.develop }),
  };
}
