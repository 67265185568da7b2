// Which variables a part of a script may assign, found without walking it.

import type { Source } from './source.ts';
import type { Node, Sequence } from './tree.ts';

/** Names assigned within; those of subshells and substitutions do not count, as nobody else sees them. */
export function assignedIn(node: Node, source: Source): ReadonlySet<string> {
  const names = new Set<string>();
  visit(node, source, names);
  return names;
}

function visit(node: Node, source: Source, names: Set<string>): void {
  switch (node.kind) {
    case 'simple':
      if (node.words.length === 0) for (const { name } of node.assignments) names.add(name);
      for (const { declares } of node.words) if (declares !== undefined) names.add(declares.name);
      if (
        node.words[0] !== undefined &&
        /^(?:read|unset)\b/.test(source.text.slice(node.words[0].from, node.words[0].to))
      ) {
        for (const { from, to } of node.words.slice(1)) names.add(source.text.slice(from, to));
      }
      return;
    case 'if':
      for (const { condition, body } of node.clauses) visitAll([...condition, ...body], source, names);
      visitAll(node.otherwise ?? [], source, names);
      return;
    case 'loop':
      if (node.variable !== undefined) names.add(node.variable);
      visitAll([...(node.condition ?? []), ...node.body], source, names);
      return;
    case 'case':
      for (const { body } of node.arms) visitAll(body, source, names);
      return;
    case 'group':
      if (!node.subshell) visitAll(node.body, source, names);
      return;
    case 'function':
      visit(node.body, source, names);
  }
}

function visitAll(sequence: Sequence, source: Source, names: Set<string>): void {
  for (const { pipelines } of sequence) {
    for (const { stages } of pipelines) for (const stage of stages) visit(stage, source, names);
  }
}
