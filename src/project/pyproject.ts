// `pyproject.toml` to a `Project`: `[tool.poetry]` (Poetry 0.x to 2.x), `[project]` (PEP 621), `[dependency-groups]`
// (PEP 735) and any mixture, merged as Poetry merges them. Reads the text and nothing else.

import {
  booleanOf,
  type Document,
  descend,
  entriesOf,
  failAt,
  isPresent,
  isTable,
  itemsOf,
  member,
  type Node,
  optional,
  rootNode,
  stringOf,
  stringsOf,
} from '../kernel/decode.ts';
import { BivyError } from '../kernel/errors.ts';
import { lineOfKey, parseExactToml, plainIntegers } from '../kernel/toml.ts';
import { parseVersion } from '../python/version.ts';
import { decodeDescription } from './description.ts';
import { decodeEntryPoints } from './entry-points.ts';
import { decodeDependencies } from './groups.ts';
import type { ClassicView, FileInclude, Format, PackageInclude, PackageSource, Project } from './project.ts';

/**
 * @param file the name that messages give
 * @throws BivyError `TOML_SYNTAX`, or `PROJECT_INVALID` with the place
 */
export function decodePyproject(text: string, file: string): Project {
  const raw = parseExactToml(text, file);
  const lineOf = (path: readonly (string | number)[]): number | undefined => lineOfKey(text, path);
  const document: Document = { file, code: 'PROJECT_INVALID', lineOf };
  const root = rootNode(plainIntegers(raw), document);
  const project = member(root, 'project');
  const poetry = descend(root, 'tool', 'poetry');
  if (!isPresent(project) && !isPresent(poetry)) {
    throw new BivyError('PROJECT_INVALID', `\`${file}\` has neither \`[project]\` nor \`[tool.poetry]\``, {
      location: { file },
      hint: 'run bivy in the directory of a project that Poetry manages',
    });
  }
  const packageMode = optional(member(poetry, 'package-mode'), booleanOf) ?? true;
  const dependencies = decodeDependencies(root, false);
  const settings = descend(root, 'tool', 'bivy');
  return {
    file,
    name: identityOf(root, 'name', packageMode),
    version: identityOf(root, 'version', packageMode),
    packageMode,
    dynamic: stringsOf(member(project, 'dynamic')),
    ...decodeDescription(project, poetry),
    requiresPython: optional(member(project, 'requires-python'), stringOf) ?? '*',
    ...dependencies,
    classic: isPresent(project) || isPresent(member(root, 'dependency-groups')) ? classicView(root) : null,
    ...decodeEntryPoints(project, poetry),
    packages: itemsOf(member(poetry, 'packages')).map(decodePackage),
    include: itemsOf(member(poetry, 'include')).map(decodeInclude),
    exclude: itemsOf(member(poetry, 'exclude')).map(pathOrTable),
    buildScript: decodeBuildScript(member(poetry, 'build')),
    buildSystem: decodeBuildSystem(member(root, 'build-system')),
    sources: itemsOf(member(poetry, 'source')).map(decodeSource),
    requiresPoetry: optional(member(poetry, 'requires-poetry'), stringOf) ?? null,
    settings: settings.value === undefined ? {} : tableValue(settings),
    raw: raw as Readonly<Record<string, unknown>>,
    lineOf,
  };
}

function identityOf(root: Node, key: 'name' | 'version', packageMode: boolean): string | null {
  const project = member(root, 'project');
  const standard = member(project, key);
  const node =
    standard.value === undefined || standard.value === '' ? descend(root, 'tool', 'poetry', key) : standard;
  const value = optional(node, stringOf) ?? '';
  if (value !== '') {
    if (key === 'version' && parseVersion(value) === undefined) {
      failAt(node, `is no version: \`${value}\``, 'write it as PEP 440 has it, for example `1.2.3`');
    }
    return value;
  }
  if (!packageMode) return null;
  const table = isPresent(project) ? project : descend(root, 'tool', 'poetry');
  return failAt(
    member(table, key),
    'is missing, and a package needs it',
    `add \`${key}\` there, or \`package-mode = false\` under \`[tool.poetry]\` if the project is no package`,
  );
}

function classicView(root: Node): ClassicView {
  const poetry = descend(root, 'tool', 'poetry');
  const { pythonVersions, groups, extras } = decodeDependencies(root, true);
  return {
    name: optional(member(poetry, 'name'), stringOf) ?? null,
    version: optional(member(poetry, 'version'), stringOf) ?? null,
    pythonVersions,
    groups,
    extras,
  };
}

function decodePackage(node: Node): PackageInclude {
  const from = optional(member(node, 'from'), stringOf);
  const to = optional(member(node, 'to'), stringOf);
  const format = formatsOf(member(node, 'format'));
  return {
    include: stringOf(member(node, 'include')),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(format === undefined ? {} : { format }),
  };
}

function decodeInclude(node: Node): FileInclude {
  if (typeof node.value === 'string') return { path: node.value };
  const format = formatsOf(member(node, 'format'));
  return { path: stringOf(member(node, 'path')), ...(format === undefined ? {} : { format }) };
}

function pathOrTable(node: Node): string {
  return typeof node.value === 'string' ? node.value : stringOf(member(node, 'path'));
}

function formatsOf(node: Node): readonly Format[] | undefined {
  if (node.value === undefined) return undefined;
  const nodes = typeof node.value === 'string' ? [node] : itemsOf(node);
  return nodes.map((item) => {
    const format = stringOf(item);
    if (format !== 'sdist' && format !== 'wheel') failAt(item, 'must be `"sdist"` or `"wheel"`');
    return format;
  });
}

function decodeBuildScript(node: Node): string | null {
  if (typeof node.value === 'string') return node.value;
  return optional(member(node, 'script'), stringOf) ?? null;
}

function decodeBuildSystem(node: Node): Project['buildSystem'] {
  if (!isPresent(node)) return null;
  return {
    requires: stringsOf(member(node, 'requires')),
    backend: optional(member(node, 'build-backend'), stringOf) ?? null,
  };
}

function decodeSource(node: Node): PackageSource {
  const url = optional(member(node, 'url'), stringOf);
  const flag = (['default', 'secondary'] as const).find(
    (key) => optional(member(node, key), booleanOf) === true,
  );
  return {
    name: stringOf(member(node, 'name')),
    ...(url === undefined ? {} : { url }),
    priority: optional(member(node, 'priority'), stringOf) ?? flag ?? 'primary',
  };
}

function tableValue(node: Node): Readonly<Record<string, unknown>> {
  entriesOf(node);
  return isTable(node.value) ? node.value : {};
}
