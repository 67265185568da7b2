// The licence files that a wheel of the project carries, by the era of poetry-core. Pure over a tree.

import { BivyError } from '../kernel/errors.ts';
import type { BuildEra } from './build-era.ts';
import { everythingBelow, glob } from './path-glob.ts';
import type { Placement } from './placement.ts';
import type { Project } from './project.ts';
import { leaves, type Tree } from './tree.ts';

const BASIC = ['COPYING', 'COPYING.*', 'LICENSE', 'LICENSE.*'];
const LEGAL = ['COPYING*', 'LICEN[SC]E*', 'AUTHORS*', 'NOTICE*'];

/**
 * Targets are relative to the `.dist-info` directory, sorted. A link's place is taken by what it leads to.
 * @throws BivyError `ROOT_INVALID` for a pattern of `license-files` or a licence file that finds nothing
 */
export function chooseLegalFiles(project: Project, tree: Tree, era: BuildEra): readonly Placement[] {
  const location = { file: project.file };
  const named = new Map<string, string>();
  const add = (path: string): void => {
    const real = tree.kind(path) === 'link' ? tree.resolve(path) : path;
    if (real === null) throw leaves(path, tree.link(path));
    if (real !== undefined && tree.kind(real) === 'file') named.set(path, real);
  };
  const patterns = era.licenses === 'metadata' ? project.licenseFiles : null;
  if (patterns !== null) {
    for (const pattern of patterns) {
      const before = named.size;
      if (pattern.startsWith('/') || pattern.split('/').includes('..') || pattern.includes('\\')) {
        throw new BivyError('ROOT_INVALID', `\`license-files\` leaves the project: \`${pattern}\``, {
          location,
        });
      }
      const found = glob(tree, '', pattern);
      for (const { path } of found) add(path);
      if (named.size === before && !found.some(({ path }) => named.has(path))) {
        throw new BivyError('ROOT_INVALID', `no file matches \`${pattern}\` of \`license-files\``, {
          location,
          hint: 'add the file, or take the pattern out: the specification makes this an error',
        });
      }
    }
  } else {
    for (const pattern of era.licenses === 'basic' ? BASIC : LEGAL) {
      for (const { path } of glob(tree, '', pattern)) add(path);
    }
    for (const { path } of everythingBelow(tree, 'LICENSES')) add(path);
    if (era.licenses === 'metadata' && project.license?.kind === 'file') add(project.license.path);
  }
  const prefix = era.licenses === 'metadata' ? 'licenses/' : '';
  return [...named]
    .map(([path, source]): Placement => ({ kind: 'file', source, target: prefix + path }))
    .sort((a, b) => (a.target < b.target ? -1 : 1));
}
