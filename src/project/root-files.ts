// Which files of the project a wheel of it would hold, and where: poetry-core's `Module`, `Include` and
// `find_files_to_add`. Pure over a tree.
//
// Not as poetry-core: links stay links (it ships what they lead to, under that name), a file that is named exactly and
// missing is an error (it says nothing), and no name escapes site-packages.

import { BivyError, type Location } from '../kernel/errors.ts';
import { normalizeName } from '../python/names.ts';
import type { BuildEra } from './build-era.ts';
import { filesOf, judgeFiles, withinProject } from './exclusions.ts';
import { missingInclude } from './missing.ts';
import { componentsOf, everythingBelow, type Found, glob, join } from './path-glob.ts';
import { baseName, linkTarget, normalPath, type Placement, parentOf, relativeLink } from './placement.ts';
import type { PackageInclude, Project } from './project.ts';
import type { Tree } from './tree.ts';
import type { Ignored } from './version-control.ts';

/** Targets are relative to site-packages, sorted. @throws BivyError `ROOT_INVALID`, `INCLUDE_MISSING` */
export function chooseRootFiles(
  project: Project,
  tree: Tree,
  era: BuildEra,
  ignored: Ignored | undefined,
): readonly Placement[] {
  const location: Location = { file: project.file };
  const packages = project.packages.filter(({ format }) => format === undefined || format.includes('wheel'));
  const includes = packages.length > 0 ? packages : [detectModule(project, tree, location)];
  const { included, isExcluded } = judgeFiles(project, tree, era, ignored);
  const targets = new Map<string, string>();
  for (const include of includes) {
    const base = normalPath(withinProject(include.from ?? '', '[tool.poetry] packages', location)) ?? '';
    const to = normalPath(withinProject(include.to ?? '', '[tool.poetry] packages', location)) ?? '';
    for (const path of filesOf(tree, packageElements(tree, base, include, { era, location }))) {
      if (isByteCode(path) || isExcluded(path) || targets.has(path)) continue;
      targets.set(path, join(to, base === '' ? path : path.slice(base.length + 1)));
    }
  }
  for (const path of included) if (!targets.has(path) && !isByteCode(path)) targets.set(path, path);
  return place(tree, targets);
}

/** The module named like the project, at the top or in `src/`. */
function detectModule(project: Project, tree: Tree, location: Location): PackageInclude {
  const module = normalizeName(project.name ?? '').replaceAll('-', '_');
  for (const from of ['', 'src']) {
    const directory = join(from, module);
    const file = `${directory}.py`;
    const isDirectory = leadsTo(tree, directory) === 'directory';
    const isFile = leadsTo(tree, file) === 'file';
    if (isDirectory && isFile) {
      throw new BivyError(
        'ROOT_INVALID',
        `both \`${directory}/\` and \`${file}\` could be the module of \`${project.name}\``,
        {
          location,
          hint: 'remove one, or name the other in `[tool.poetry] packages`',
        },
      );
    }
    if (isDirectory || isFile) {
      return { include: isDirectory ? module : `${module}.py`, ...(from === '' ? {} : { from }) };
    }
  }
  throw new BivyError(
    'ROOT_INVALID',
    `\`${project.name}\` has no module: looked for \`${module}/\` and \`${module}.py\`, here and in \`src/\``,
    {
      location,
      hint: 'name its packages in `[tool.poetry] packages`, or set `package-mode = false`, or pass `--no-root`',
    },
  );
}

/** What is there, or what the link that is there leads to inside the project. */
function leadsTo(tree: Tree, path: string): Found['kind'] | undefined {
  const kind = tree.kind(path);
  const real = kind === 'link' ? tree.resolve(path) : undefined;
  return typeof real === 'string' ? tree.kind(real) : kind;
}

/** What one entry of `packages` names; it must be a package, a module, or stubs. */
function packageElements(
  tree: Tree,
  base: string,
  include: PackageInclude,
  { era, location }: { era: BuildEra; location: Location },
): readonly Found[] {
  const pattern = withinProject(include.include, '[tool.poetry] packages', location);
  const named = join(base, include.include);
  const elements = glob(tree, base, pattern);
  const first = elements[0];
  if (first === undefined) throw missingInclude(named, '[tool.poetry] packages', location);
  if (elements.length === 1 && first.kind === 'link' && leadsTo(tree, first.path) === 'directory') {
    throw new BivyError('ROOT_INVALID', `the package \`${first.path}\` is a link`, {
      location,
      hint: 'name the directory that it leads to in `[tool.poetry] packages`, with `from`',
    });
  }
  if (elements.length === 1 && first.kind !== 'directory') return elements;
  const all = elements.length === 1 ? everythingBelow(tree, first.path) : elements;
  const name = baseName(elements.length === 1 ? first.path : parentOf(first.path));
  const stubs =
    name.endsWith('-stubs') &&
    all.every(({ path, kind }) => kind === 'directory' || /[^/]\.pyi$|(^|\/)py\.typed$/.test(path));
  if (stubs || all.some(({ path }) => /[^/]\.py$/.test(path))) {
    const filesOnly = elements.length > 1 && era.includesFiles && include.format === undefined;
    return filesOnly ? elements.filter(({ kind }) => kind !== 'directory') : elements;
  }
  throw new BivyError('ROOT_INVALID', `\`${named}\` is no package: there is no \`.py\` file in it`, {
    location,
    hint: 'name a directory with Python modules in `[tool.poetry] packages`; data alone belongs in `include`',
  });
}

function isByteCode(path: string): boolean {
  return path.endsWith('.pyc') || componentsOf(path).includes('__pycache__');
}

/** Files at their targets; links with what they say there. */
function place(tree: Tree, targets: ReadonlyMap<string, string>): readonly Placement[] {
  const placements: Placement[] = [];
  for (const [source, target] of targets) {
    if (tree.kind(source) !== 'link') {
      placements.push({ kind: 'file', source, target });
      continue;
    }
    const leads = linkTarget(tree, source);
    const shipped = shippedAs(leads, targets);
    if (shipped === undefined) {
      throw new BivyError(
        'ROOT_INVALID',
        `the link \`${source}\` leads to \`${leads}\`, which is no part of the package`,
        {
          hint: `put a copy of the file in its place, exclude the link, or add \`${leads}\` to \`[tool.poetry] packages\``,
        },
      );
    }
    placements.push({ kind: 'link', source, target, to: relativeLink(target, shipped) });
  }
  return placements.sort((a, b) => (a.target < b.target ? -1 : 1));
}

/** Where a file stands, or the directory of whose files one stands, after installation. */
function shippedAs(path: string, targets: ReadonlyMap<string, string>): string | undefined {
  const direct = targets.get(path);
  if (direct !== undefined) return direct;
  for (const [source, target] of targets) {
    if (path === '' || !source.startsWith(`${path}/`)) continue;
    const inner = source.slice(path.length);
    if (target.endsWith(inner) && target.length > inner.length) return target.slice(0, -inner.length);
  }
  return undefined;
}
