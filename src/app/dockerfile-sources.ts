// Which files of a project its Dockerfile copies, and what it may leave to a stub.

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Copied, MARKER, type ProjectFacts } from '../dockerfile/facts.ts';
import { isBefore } from '../dockerfile/poetry.ts';
import { chooseFiles, type FileChoice } from '../project/files.ts';
import type { Project } from '../project/project.ts';
import type { Settings } from '../project/settings.ts';
import { openTree } from '../project/tree.ts';
import { findIgnored } from '../project/version-control.ts';
import { normalizeName } from '../python/names.ts';

interface RootOptions {
  readonly installs: boolean;
  readonly poetry: string;
}

function chooseFilesOf(
  directory: string,
  project: Project,
  settings: Settings,
  { installs, poetry }: RootOptions,
): FileChoice {
  // Poetry runs the build script in the builder.
  const read: Project = { ...project, buildScript: null, packageMode: installs };
  return chooseFiles(read, openTree(directory), () => findIgnored(directory), {
    root: installs,
    include: settings.include,
    poetry,
    generated: MARKER,
  });
}

export interface FoundSources extends Pick<ProjectFacts, 'sources' | 'included' | 'readmes' | 'licences'> {
  readonly choice: FileChoice;
}

/** What COPY names: the code, what it reads, what its wheel carries. */
export function findSources(
  directory: string,
  project: Project,
  settings: Settings,
  options: RootOptions,
): FoundSources {
  const choice = chooseFilesOf(directory, project, settings, options);
  const script = project.buildScript === null ? [] : [project.buildScript];
  const code = options.installs ? choice.wheel.map(({ source }) => source) : [];
  const programs = choice.scripts.map(({ source }) => source);
  const work = choice.work.map(({ source }) => source);
  const licence = project.license?.kind === 'file' ? [project.license.path] : [];
  const sources = options.installs
    ? [
        ...topsOf(code),
        ...programs,
        ...(script.some((path) => existsSync(join(directory, path))) ? script : []),
      ]
    : topsOf(work);
  return {
    choice,
    sources: [...new Set(sources)].sort().map(copied),
    included: options.installs
      ? [...new Set(settings.include.flatMap((path) => includedBy(path, work)))].sort().map(copied)
      : [],
    readmes: project.readme?.kind === 'files' ? project.readme.paths : [],
    licences: [
      ...new Set([...choice.legal.map(({ source }) => source), ...(options.installs ? licence : [])]),
    ].sort(),
  };

  function copied(path: string): Copied {
    const installed = options.installs ? installedAs(path, choice) : undefined;
    return {
      path,
      directory: statSync(join(directory, path), { throwIfNoEntry: false })?.isDirectory() === true,
      ...(installed === undefined ? {} : { installed }),
    };
  }
}

/** What to COPY: the directory of a package where the package stands at the top or under `src`, else the file. */
function topsOf(files: readonly string[]): readonly string[] {
  const tops = files.map((source) => {
    const parts = source.split('/');
    const depth = parts[0] === 'src' ? 2 : 1;
    return parts.length > depth ? parts.slice(0, depth).join('/') : source;
  });
  return [...new Set(tops)].sort();
}

/** An exact path as it is; of a glob, the directory that all of it lies in. */
function includedBy(pattern: string, work: readonly string[]): readonly string[] {
  const parts = pattern.split('/').filter((part) => part !== '' && part !== '.');
  const fixed = parts.findIndex((part) => /[*?[]/.test(part));
  if (fixed < 0) return [parts.join('/')];
  return fixed > 0 ? [parts.slice(0, fixed).join('/')] : topsOf(work);
}

/** Where a top of the sources lies below site-packages: undefined where its files went here and there. */
function installedAs(top: string, { wheel }: FileChoice): string | undefined {
  let place: string | undefined;
  for (const { source, target } of wheel) {
    if (source !== top && !source.startsWith(`${top}/`)) continue;
    const inner = source.slice(top.length);
    if (!target.endsWith(inner)) return undefined;
    const found = target.slice(0, target.length - inner.length);
    if (found === '' || (place !== undefined && place !== found)) return undefined;
    place = found;
  }
  return place;
}

/** Poetry before 2.0 installs no project without a module, and says nothing or little of it. */
export function hasModule(directory: string, project: Project, poetry: string): boolean {
  if (!isBefore(poetry, 2, 0) || project.packages.length > 0) return true;
  const module = normalizeName(project.name ?? '').replaceAll('-', '_');
  return ['', 'src'].some((from) =>
    [module, `${module}.py`].some((name) => existsSync(join(directory, from, name))),
  );
}
