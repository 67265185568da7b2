// `[tool.bivy.lint]`: what `bivy lint` is to look for. Rules are the linter's business: who calls says which there are.

import {
  type Document,
  entriesOf,
  failAt,
  itemsOf,
  member,
  type Node,
  rootNode,
  stringOf,
} from '../kernel/decode.ts';
import { projectPaths, unknownKey, words } from './setting-values.ts';

export interface LintSettings {
  /** Ids of rules, beginnings of ids, techniques; empty: every rule. */
  readonly select: readonly string[];
  readonly ignore: readonly string[];
  /** The severity from which on the exit status is 1; absent: the default. */
  readonly failOn?: FailOn;
  /** By id of a rule. */
  readonly severity: ReadonlyMap<string, 'error' | 'warning' | 'info'>;
  /** Paths and globs of Dockerfiles that a search leaves out, relative to the file with the table. */
  readonly exclude: readonly string[];
}

export const FAIL_ON = ['error', 'warning', 'info', 'none', 'never'] as const;
export type FailOn = (typeof FAIL_ON)[number];

export const NO_LINT_SETTINGS: LintSettings = { select: [], ignore: [], severity: new Map(), exclude: [] };

/** What rules there are. */
export interface KnownRules {
  readonly ids: readonly string[];
  /** `undefined` where it selects something; else what was meant, or `null`: nothing is near. */
  meant(selector: string): string | null | undefined;
}

const KEYS = ['select', 'ignore', 'fail-on', 'severity', 'exclude'] as const;

/**
 * @param table the value of `tool.bivy.lint`
 * @throws BivyError `CONFIG_UNKNOWN_KEY`, `CONFIG_INVALID` with the place, and the nearest known word
 */
export function decodeLintSettings(
  table: unknown,
  rules: KnownRules,
  source: Pick<Document, 'file' | 'lineOf'>,
): LintSettings {
  const document: Document = { ...source, code: 'CONFIG_INVALID' };
  let root = rootNode({ tool: { bivy: { lint: table } } }, document);
  for (const key of ['tool', 'bivy', 'lint']) root = member(root, key);
  for (const [name, node] of entriesOf(root)) {
    if (!(KEYS as readonly string[]).includes(name)) throw unknownKey(name, KEYS, '[tool.bivy.lint]', node);
  }
  const failOn = member(root, 'fail-on');
  return {
    select: selectors(member(root, 'select'), rules),
    ignore: selectors(member(root, 'ignore'), rules),
    ...(failOn.value === undefined ? {} : { failOn: oneOf(failOn, FAIL_ON) }),
    severity: new Map(
      entriesOf(member(root, 'severity')).map(([id, node]) => {
        if (!rules.ids.includes(id)) throw unknownKey(id, rules.ids, '[tool.bivy.lint.severity]', node);
        return [id, oneOf(node, ['error', 'warning', 'info'] as const)];
      }),
    ),
    exclude: projectPaths(member(root, 'exclude')),
  };
}

function selectors(node: Node, rules: KnownRules): readonly string[] {
  const written = words(node);
  itemsOf(node).forEach((item, index) => {
    const selector = written[index] ?? '';
    const meant = rules.meant(selector);
    if (meant === undefined) return;
    failAt(
      item,
      `names no rule and no technique: \`${selector}\``,
      meant === null ? 'run `bivy lint --list`' : `did you mean \`${meant}\`?`,
    );
  });
  return written;
}

function oneOf<Word extends string>(node: Node, known: readonly Word[]): Word {
  const text = stringOf(node);
  const found = known.find((word) => word === text);
  if (found !== undefined) return found;
  return failAt(node, `must be ${known.map((word) => `\`${word}\``).join(', ')}, not \`${text}\``);
}
