// Which packages a base is made of: the closure of what is wanted over `Depends` and `Pre-Depends`, as apt would choose
// on an empty system, except for what `left-out.ts` names. Pure. Policy manual, chapter 7.

import { nearest } from '../kernel/decode.ts';
import { BivyError } from '../kernel/errors.ts';
import { parseRelations, type Relation } from './control.ts';
import type { LeftOut } from './left-out.ts';
import type { DebianPackage, Known } from './package-list.ts';
import { compareDebianVersions } from './version.ts';

export interface Wanted {
  /** Debian's name of the port: `amd64`. */
  readonly architecture: string;
  /** How messages call the release: `debian:12`. */
  readonly release: string;
  readonly packages: readonly string[];
  /** Asked for by the user, by name. */
  readonly extra: readonly string[];
  readonly leftOut: readonly LeftOut[];
}

export interface Lists {
  /** Packages of that name and those that provide it, of all suites. */
  find(name: string): Promise<Known>;
  /** All names, for the sake of a message. */
  names(): Promise<Iterable<string>>;
}

/** The packages, sorted by name. @throws BivyError `DEBIAN_PACKAGE` for what does not exist or cannot be had together */
export async function resolvePackages(wanted: Wanted, lists: Lists): Promise<readonly DebianPackage[]> {
  const chosen = new Map<string, DebianPackage>();
  const queue: DebianPackage[] = [];
  const choose = (found: DebianPackage): void => {
    if (chosen.has(found.name)) return;
    chosen.set(found.name, found);
    queue.push(found);
  };

  // Everything that is named stands before any dependency is looked at, so that an alternative which is there anyway
  // wins over one that would have to come.
  for (const name of [...wanted.packages, ...wanted.extra]) {
    const found = await candidate(name, wanted.architecture, lists);
    if (found === undefined) throw await unknown(name, wanted, lists);
    choose(found);
  }
  for (let of = queue.shift(); of !== undefined; of = queue.shift()) {
    for (const alternatives of relationsOf(of, of.depends)) {
      if (alternatives.some((relation) => isMet(relation, chosen.values()))) continue;
      if (isLeftOut(of, alternatives, wanted.leftOut)) continue;
      const found = await firstOf(alternatives, wanted.architecture, lists);
      if (found === undefined) throw unmet(of, alternatives, wanted);
      choose(found);
    }
  }
  for (const one of chosen.values()) refuseConflict(one, chosen.values());
  return [...chosen.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The newest version of a package in any suite; of two alike, the first list's. */
async function candidate(
  name: string,
  architecture: string,
  lists: Lists,
): Promise<DebianPackage | undefined> {
  let best: DebianPackage | undefined;
  for (const found of await lists.find(name)) {
    if (found.name !== name) continue;
    if (found.architecture !== 'all' && found.architecture !== architecture) continue;
    if (best === undefined || compareDebianVersions(found.version, best.version) > 0) best = found;
  }
  return best;
}

async function firstOf(
  alternatives: readonly Relation[],
  architecture: string,
  lists: Lists,
): Promise<DebianPackage | undefined> {
  for (const relation of alternatives) {
    const real = await candidate(relation.name, architecture, lists);
    if (real !== undefined && isMet(relation, [real])) return real;
    const providers = new Set((await lists.find(relation.name)).map((found) => found.name));
    for (const name of [...providers].sort()) {
      const provider = await candidate(name, architecture, lists);
      if (provider !== undefined && isMet(relation, [provider])) return provider;
    }
  }
  return undefined;
}

function isMet(relation: Relation, present: Iterable<DebianPackage>): boolean {
  for (const found of present) {
    const { qualifier, version } = relation;
    const foreign = qualifier !== undefined && qualifier !== 'any' && qualifier !== 'native';
    if (foreign && qualifier !== found.architecture) continue;
    if (found.name === relation.name) {
      if (version === undefined || holds(found.version, version.operator, version.version)) return true;
      continue;
    }
    for (const [provided] of relationsOf(found, found.provides)) {
      if (provided?.name !== relation.name) continue;
      // An unversioned `Provides` never meets a versioned dependency.
      if (version === undefined) return true;
      const own = provided.version;
      if (own?.operator === '=' && holds(own.version, version.operator, version.version)) return true;
    }
  }
  return false;
}

function holds(version: string, operator: string, other: string): boolean {
  const order = compareDebianVersions(version, other);
  if (operator === '=') return order === 0;
  if (operator === '<<') return order < 0;
  if (operator === '>>') return order > 0;
  return operator === '<=' ? order <= 0 : order >= 0;
}

function isLeftOut(
  of: DebianPackage,
  alternatives: readonly Relation[],
  leftOut: readonly LeftOut[],
): boolean {
  return leftOut.some(
    (one) =>
      (one.of === '*' || one.of === of.name) &&
      alternatives.some((relation) => relation.name === one.dependency),
  );
}

function refuseConflict(one: DebianPackage, present: Iterable<DebianPackage>): void {
  const others = [...present].filter((other) => other.name !== one.name);
  for (const alternatives of relationsOf(one, one.conflicts)) {
    for (const relation of alternatives) {
      const other = others.find((found) => isMet(relation, [found]));
      if (other === undefined) continue;
      throw new BivyError(
        'DEBIAN_PACKAGE',
        `\`${one.name}\` ${one.version} cannot stand beside \`${other.name}\` ${other.version}`,
        { hint: 'leave one of them out of `packages`' },
      );
    }
  }
}

function relationsOf(of: DebianPackage, field: string): readonly (readonly Relation[])[] {
  try {
    return parseRelations(field);
  } catch (error) {
    throw new BivyError('MIRROR_INVALID', `reading the relations of \`${of.name}\` ${of.version} failed`, {
      cause: error,
    });
  }
}

function unmet(of: DebianPackage, alternatives: readonly Relation[], wanted: Wanted): BivyError {
  const text = alternatives
    .map(({ name, version }) =>
      version === undefined ? name : `${name} (${version.operator} ${version.version})`,
    )
    .join(' | ');
  return new BivyError(
    'DEBIAN_PACKAGE',
    `\`${of.name}\` ${of.version} needs \`${text}\`, which \`${wanted.release}\` does not have for \`${wanted.architecture}\``,
    { hint: 'the mirror may be in the middle of an update: try again later, or use another mirror' },
  );
}

async function unknown(name: string, wanted: Wanted, lists: Lists): Promise<BivyError> {
  const virtual = (await lists.find(name)).map((found) => found.name);
  const near = nearest(name, await lists.names());
  const hint =
    virtual.length > 0
      ? `it is provided by ${[...new Set(virtual)].sort().slice(0, 5).map(quote).join(', ')}: name one of those`
      : near === undefined
        ? 'check the name with `apt-cache search` on a Debian of that release'
        : `did you mean ${quote(near)}?`;
  return new BivyError(
    'DEBIAN_PACKAGE',
    `\`${wanted.release}\` has no package \`${name}\` for \`${wanted.architecture}\``,
    { hint },
  );
}

function quote(name: string): string {
  return `\`${name}\``;
}
