// Which shared libraries the dynamic loader shall know: what `ldconfig` would find in the tree. glibc, `elf/ldconfig.c`.

import { posix } from 'node:path';
import type { Entry } from '../layers/entry.ts';
import type { Architecture } from './architecture.ts';
import type { Library } from './loader-cache.ts';
import { compareSonames } from './loader-cache.ts';
import type { Tree } from './tree.ts';

export interface FoundLibraries {
  readonly libraries: readonly Library[];
  /** Links from a soname to its file that no package ships, and `ldconfig` would make. */
  readonly links: readonly Entry[];
}

/**
 * @param configured directories that `/etc/ld.so.conf` names, in its order
 * @param sonameOf of a file of the tree: `''` where it has none, nothing where it is no library of this machine
 */
export function findLibraries(
  tree: Tree,
  architecture: Architecture,
  configured: readonly string[],
  sonameOf: (path: string) => string | undefined,
): FoundLibraries {
  const { tuple } = architecture;
  const libraries: Library[] = [];
  const links: Entry[] = [];
  const seen = new Set<string>();
  for (const directory of [...configured, `/lib/${tuple}`, `/usr/lib/${tuple}`, '/lib', '/usr/lib']) {
    const place = tree.place(directory, true);
    if (seen.has(place)) continue;
    seen.add(place);
    const names = new Map<string, { readonly name: string; readonly link: boolean }>();
    for (const name of tree.list(place)) {
      if (!/^(?:lib|ld-).*\.so/.test(name)) continue;
      const path = posix.join(place, name);
      const soname = sonameOf(tree.place(path, true));
      const kind = tree.get(path)?.kind;
      if (soname === undefined || (kind !== 'file' && kind !== 'symlink')) continue;
      const link = kind === 'symlink' && isOwnLink(name, soname);
      const key = link || soname === '' ? name : soname;
      const other = names.get(key);
      if (other === undefined || isBetter({ name, link }, other)) names.set(key, { name, link });
    }
    for (const [soname, { name }] of names) {
      libraries.push({ soname, path: `${directory}/${soname}` });
      const path = posix.join(place, soname);
      if (tree.get(path) === undefined) links.push({ kind: 'symlink', path, mode: 0o777, target: name });
    }
  }
  return { libraries, links };
}

/** A link that is called as its library's soname, or without the version for `ld(1)`; any other counts as a file. */
function isOwnLink(name: string, soname: string): boolean {
  return name === soname || (name.endsWith('.so') && soname.startsWith(name));
}

/** Files before links, then the newer name. */
function isBetter(
  one: { readonly name: string; readonly link: boolean },
  other: { readonly name: string; readonly link: boolean },
): boolean {
  if (one.link !== other.link) return !one.link;
  return compareSonames(other.name, one.name) < 0;
}
