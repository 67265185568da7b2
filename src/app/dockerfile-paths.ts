// Dependencies that lie on this disk: where they are from the project, and from where a build sees them all.

import { statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { PathDependency } from '../dockerfile/facts.ts';
import { isBefore } from '../dockerfile/poetry.ts';
import { BivyError } from '../kernel/errors.ts';
import type { InstallPlan } from '../lock/plan.ts';
import type { Project } from '../project/project.ts';

export interface LocalPaths {
  readonly paths: readonly PathDependency[];
  /** From the context to the project: empty where all lies in the project. */
  readonly path: string;
}

/**
 * Poetry before 1.5 looks at every path that `pyproject.toml` names, of whatever group.
 * @throws BivyError `SOURCE_UNSUPPORTED` for an absolute path, `FILE_MISSING` for one that leads nowhere
 */
export function findPaths(
  directory: string,
  project: Project,
  plans: readonly InstallPlan[],
  poetry: string,
): LocalPaths {
  const found = new Map<string, PathDependency>();
  for (const { name, source } of plans.flatMap((plan) => plan.packages)) {
    if (source.kind !== 'file' && source.kind !== 'directory') continue;
    add(name, source.url ?? '', source.develop === true);
  }
  if (isBefore(poetry, 1, 5)) {
    for (const { name, origin } of project.groups.flatMap((group) => group.dependencies)) {
      if (origin?.kind === 'path') add(name, origin.path, false);
    }
  }
  const paths = [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const climb = Math.max(
    0,
    ...paths.map(({ path }) => path.split('/').filter((part) => part === '..').length),
  );
  const parts: string[] = [];
  for (let at = directory, step = 0; step < climb; step += 1, at = dirname(at)) parts.unshift(basename(at));
  return { paths, path: parts.join('/') };

  function add(name: string, written: string, develop: boolean): void {
    const path = normal(written);
    if (path === undefined) {
      throw new BivyError('SOURCE_UNSUPPORTED', `\`${name}\` lies at an absolute path, \`${written}\``, {
        location: { file: 'poetry.lock' },
        hint: 'a build context holds what lies below one directory: name the dependency by a relative path',
      });
    }
    if (path === '' || found.has(path)) return;
    const there = statSync(resolve(directory, path), { throwIfNoEntry: false });
    if (there === undefined) {
      throw new BivyError('FILE_MISSING', `\`${name}\` is to be at \`${path}\`, and nothing is there`, {
        location: { file: 'poetry.lock' },
        hint: 'check out what the lock names, or lock again',
      });
    }
    found.set(path, { name, path, directory: there.isDirectory(), develop });
  }
}

/** `./a/../b` as `b`; leading `..` stay; undefined for an absolute path. */
function normal(written: string): string | undefined {
  if (written.startsWith('/') || /^[a-z]+:/i.test(written)) return undefined;
  const parts: string[] = [];
  for (const part of written.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}
