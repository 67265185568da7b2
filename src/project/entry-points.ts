// Scripts and entry points of a project: `[project]` first, `[tool.poetry]` where that says nothing (poetry-core's
// `Factory._configure_entry_points`); scripts of type `file` exist in `[tool.poetry]` alone.

import {
  entriesOf,
  failAt,
  isPresent,
  member,
  type Node,
  optional,
  stringOf,
  stringTableOf,
} from '../kernel/decode.ts';
import type { FileScript } from './project.ts';

export interface EntryPoints {
  readonly scripts: ReadonlyMap<string, string>;
  readonly guiScripts: ReadonlyMap<string, string>;
  readonly fileScripts: readonly FileScript[];
  readonly entryPoints: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** @throws BivyError with the document's code */
export function decodeEntryPoints(project: Node, poetry: Node): EntryPoints {
  const scripts = new Map(stringTableOf(member(project, 'scripts')));
  const fileScripts: FileScript[] = [];
  const standard = scripts.size > 0;
  for (const [name, node] of entriesOf(member(poetry, 'scripts'))) {
    if (typeof node.value === 'string') {
      if (!standard) scripts.set(name, node.value);
      continue;
    }
    const reference = optional(member(node, 'reference'), stringOf);
    const type = optional(member(node, 'type'), stringOf);
    const legacy = optional(member(node, 'callable'), stringOf);
    if (type === 'file') {
      if (reference === undefined) failAt(member(node, 'reference'), 'is missing; it must name the file');
      fileScripts.push({ name, path: reference });
      continue;
    }
    const target = legacy ?? reference;
    if (target === undefined)
      failAt(node, 'must be `"module:function"` or a table with `reference` and `type`');
    if (!standard && (legacy !== undefined || type === 'console')) scripts.set(name, target);
  }
  return {
    scripts,
    guiScripts: stringTableOf(member(project, 'gui-scripts')),
    fileScripts,
    entryPoints: decodeFurtherEntryPoints(project, poetry),
  };
}

function decodeFurtherEntryPoints(
  project: Node,
  poetry: Node,
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const standard = member(project, 'entry-points');
  const table = isPresent(standard) && entriesOf(standard).length > 0 ? standard : member(poetry, 'plugins');
  const found = new Map<string, ReadonlyMap<string, string>>();
  for (const [group, node] of [...entriesOf(table)].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (table === standard && (group === 'console-scripts' || group === 'gui-scripts')) {
      failAt(
        node,
        'is a reserved group of entry points',
        `use \`[project.${group.replace('console-', '')}]\``,
      );
    }
    found.set(group, stringTableOf(node));
  }
  return found;
}
