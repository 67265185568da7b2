// The project's files that go into an image: chosen purely over a tree, then each read once.
//
// As a package, the project goes into site-packages as its wheel would: modules, licences, README (its text stands in
// METADATA), scripts that are files. A README that is missing is left out with a warning, though Poetry 2 stops: an image
// runs without it. Without `package-mode`, the sources go under the work directory. `include` adds to either.

import { BivyError } from '../kernel/errors.ts';
import { type BuildEra, buildEra } from './build-era.ts';
import { type Dockerignore, parseDockerignore } from './dockerignore.ts';
import { chooseLegalFiles } from './legal-files.ts';
import { missingInclude } from './missing.ts';
import { baseName, type Placement } from './placement.ts';
import type { Project } from './project.ts';
import { type Placed, readFiles } from './read-files.ts';
import { chooseRootFiles } from './root-files.ts';
import { leaves, openTree, type Tree } from './tree.ts';
import { findIgnored, type Ignored } from './version-control.ts';
import { chooseWorkFiles } from './work-files.ts';

export interface FileOptions {
  /** Install the project itself (not `--no-root`); without `package-mode` there is nothing to install. */
  readonly root: boolean;
  /** `Settings.include`. */
  readonly include: readonly string[];
  /** The Poetry whose rules are followed: `1.4.2`. */
  readonly poetry: string;
  /** Paths below the project that are no part of it: where this build writes images. */
  readonly leaveOut?: readonly string[];
  /** First line of a `.dockerignore` that bivy wrote: it lists what a Dockerfile copies, and is no word of the user's. */
  readonly generated?: string;
}

/** Lists of one element type: placements before reading, placed files after. */
interface Lists<T> {
  /** Below site-packages. */
  readonly wheel: readonly T[];
  /** Below `.dist-info`. */
  readonly legal: readonly T[];
  /** Below `bin`. */
  readonly scripts: readonly T[];
  /** Below the work directory. */
  readonly work: readonly T[];
}

interface Facts {
  /** What the Poetry that is followed writes into wheels. */
  readonly era: BuildEra;
  /** The project is installed; else only `work` holds anything. */
  readonly installed: boolean;
  /** The README's text, of several files joined by newlines. */
  readonly readme: string | null;
  /** The text of the file that `license = { file = … }` names. */
  readonly licenseText: string | null;
  readonly warnings: readonly string[];
}

export type FileChoice = Lists<Placement> & Facts;

/** Everything of the project that an image holds. */
export type ProjectFiles = Lists<Placed> & Facts;

/**
 * The project in `directory`, chosen and read.
 * @throws BivyError `ROOT_INVALID`, `INCLUDE_MISSING`, `CONFIG_INVALID` (a bad `.dockerignore`)
 */
export function collectFiles(directory: string, project: Project, options: FileOptions): ProjectFiles {
  const choice = chooseFiles(project, openTree(directory), () => findIgnored(directory), options);
  return {
    ...choice,
    wheel: readFiles(directory, choice.wheel),
    legal: readFiles(directory, choice.legal),
    scripts: readFiles(directory, choice.scripts),
    work: readFiles(directory, choice.work),
  };
}

/** The choice alone; `findIgnoredFiles` is called once, and only where something could be ignored. */
export function chooseFiles(
  project: Project,
  tree: Tree,
  findIgnoredFiles: () => Ignored | undefined,
  { root, include, poetry, leaveOut = [], generated }: FileOptions,
): FileChoice {
  const era = buildEra(poetry);
  const ignored = root || !project.packageMode || include.length > 0 ? findIgnoredFiles() : undefined;
  const chosen = chooseWorkFiles(tree, {
    sources: !project.packageMode,
    include,
    dockerignore: readDockerignore(tree, generated),
    ignored,
    leaveOut,
    location: { file: project.file },
  });
  const warnings: string[] = [];
  const work = include.includes(SECRETS) ? chosen : withoutSecrets(chosen, warnings);
  if (!root || !project.packageMode) {
    return {
      era,
      installed: false,
      wheel: [],
      legal: [],
      scripts: [],
      work,
      readme: null,
      licenseText: null,
      warnings,
    };
  }
  refuseBuildScript(project);
  return {
    era,
    installed: true,
    wheel: chooseRootFiles(project, tree, era, ignored),
    legal: chooseLegalFiles(project, tree, era),
    scripts: chooseScripts(project, tree),
    work,
    readme: readReadme(project, tree, warnings),
    licenseText: readLicense(project, tree, era),
    warnings,
  };
}

function readDockerignore(tree: Tree, generated: string | undefined): Dockerignore {
  const text = (tree.kind('.dockerignore') === undefined ? undefined : tree.text('.dockerignore')) ?? '';
  const [first = ''] = text.split('\n', 1);
  return parseDockerignore(generated !== undefined && first.trimEnd() === generated ? '' : text);
}

const SECRETS = '.env';

/** A file of secrets goes into no image unless it is named, though neither Git nor Docker ignores it. */
function withoutSecrets(work: readonly Placement[], warnings: string[]): readonly Placement[] {
  const rest = work.filter(({ source }) => source !== SECRETS);
  if (rest.length < work.length) {
    warnings.push(
      `\`${SECRETS}\` is left out, for it may hold secrets; name it in \`include\` if the image needs it`,
    );
  }
  return rest;
}

function refuseBuildScript(project: Project): void {
  if (project.buildScript === null) return;
  throw new BivyError(
    'ROOT_INVALID',
    `\`${project.name}\` is built by a script, \`${project.buildScript}\`, and bivy runs no code`,
    {
      location: { file: project.file },
      hint: 'build its wheel elsewhere and depend on that, or pass `--no-root` and `include` the sources, or use `bivy dockerfile`',
    },
  );
}

/** Scripts of `type = "file"`, under their own base names. */
function chooseScripts(project: Project, tree: Tree): readonly Placement[] {
  const location = { file: project.file };
  return project.fileScripts.map(({ name, path }): Placement => {
    if (path.startsWith('/') || path.split('/').includes('..')) {
      throw new BivyError('ROOT_INVALID', `the script \`${name}\` is out of the project: \`${path}\``, {
        location,
      });
    }
    const real = tree.kind(path) === 'link' ? tree.resolve(path) : path;
    if (real === null) throw leaves(path, tree.link(path));
    if (real === undefined || tree.kind(real) === undefined) {
      throw missingInclude(path, `[tool.poetry.scripts] ${name}`, location);
    }
    if (tree.kind(real) !== 'file') {
      throw new BivyError('ROOT_INVALID', `the script \`${name}\` names \`${path}\`, which is no file`, {
        location,
      });
    }
    return { kind: 'file', source: real, target: baseName(path) };
  });
}

function readReadme(project: Project, tree: Tree, warnings: string[]): string | null {
  const { readme } = project;
  if (readme === null) return null;
  if (readme.kind === 'text') return readme.text;
  const texts: string[] = [];
  for (const path of readme.paths) {
    const text = path.startsWith('/') || path.split('/').includes('..') ? undefined : tree.text(path);
    if (text === undefined)
      warnings.push(`\`${path}\`, the project's README, is missing; its metadata goes without it`);
    else texts.push(text.replace(/\r\n?/g, '\n'));
  }
  return texts.length === 0 ? null : texts.join('\n');
}

function readLicense(project: Project, tree: Tree, era: BuildEra): string | null {
  if (project.license?.kind !== 'file' || !era.verbatimPython) return null;
  const { path } = project.license;
  const text = path.startsWith('/') || path.split('/').includes('..') ? undefined : tree.text(path);
  if (text !== undefined) return text;
  throw new BivyError('ROOT_INVALID', `\`${path}\`, the project's licence, does not exist`, {
    location: { file: project.file },
    hint: 'add the file, or correct `[project] license`',
  });
}
