// Walks the grammar of a script in the order of the text, follows variables, and says of each command whether it may not run.

import { assignedIn } from './assigned.ts';
import type { Assignment, Command, Redirect, ShellWord } from './ast.ts';
import { type Expansion, expandWhole, expandWord } from './expand.ts';
import { outcomeOf } from './outcome.ts';
import { assign, lookUp, merge, nestScope, type Scope } from './scope.ts';
import { type Source, spanOf } from './source.ts';
import type { Chain, Node, RawAssignment, RawRedirect, RawWord, Sequence, Simple } from './tree.ts';

/** Where a command stands. */
interface Place {
  readonly source: Source;
  readonly scope: Scope;
  readonly joined: Command['joined'];
  readonly conditional: boolean;
  readonly substituted: boolean;
  readonly branch: number | undefined;
  /** The script fails if what stands here fails. */
  readonly decides: boolean;
  readonly commands: Command[];
}

/** Programs whose failure is an answer. */
const TESTS = /^(?:\[{1,2}|test|which|type|hash|grep|false|command[ \t]+-[vV])(?:[ \t]|$)/;

/** The commands of a script; the variables that it assigns are in the scope's values afterwards. */
export function walkScript(sequence: Sequence, source: Source, scope: Scope): readonly Command[] {
  const commands: Command[] = [];
  const place = { source, scope, commands, joined: 'start', conditional: false } as const;
  walkSequence(sequence, { ...place, substituted: false, branch: undefined, decides: true });
  return commands;
}

function walkSequence(sequence: Sequence, place: Place): void {
  sequence.forEach((chain, index) => {
    const joined = index === 0 ? place.joined : chain.separator === '&' ? '&' : ';';
    const decides = place.decides && index === sequence.length - 1;
    walkChain(chain, { ...place, joined, decides });
  });
}

function walkChain({ pipelines }: Chain, place: Place): void {
  const lastOr = pipelines.findLastIndex(({ operator }) => operator === '||');
  // `test && a || b` is an `if` in short.
  const isChoice = pipelines.filter(({ operator }) => operator === '||').length === 1;
  let tested = false;
  let chosen = false;
  /** What the chain came to so far. */
  let result: boolean | undefined;
  pipelines.forEach(({ operator, negated, stages }, index) => {
    const joined = operator === 'first' ? place.joined : operator;
    const isOr = operator === '||';
    const isAnd = operator === '&&' && tested && (index < lastOr || !place.decides);
    const branch =
      !isChoice || !(isAnd || isOr)
        ? undefined
        : isAnd && index < lastOr
          ? 0
          : isOr && chosen
            ? 1
            : undefined;
    if (isAnd) chosen = true;
    if (isOr) tested = false;
    const conditional = place.conditional || isOr || isAnd;
    const scope = isOr || isAnd ? nestScope(place.scope) : place.scope;
    const decides = place.decides && index === pipelines.length - 1 && !negated && stages.length === 1;
    const runs = isOr ? (result === undefined ? undefined : !result) : isAnd ? result : true;
    walkPipeline(stages, { ...place, joined, conditional, scope, decides, branch: branch ?? place.branch });
    if (scope !== place.scope && runs !== false) merge(place.scope, [scope], runs === true);
    if (runs !== false) result = runs === true ? resultOf(stages, negated, place) : undefined;
    tested ||= negated || isTest(place.source, stages);
  });
}

/** Of what was just walked. An assignment succeeds, unless a command in it fails. */
function resultOf(stages: readonly Node[], negated: boolean, { commands }: Place): boolean | undefined {
  const [node, ...others] = stages;
  if (node?.kind !== 'simple' || others.length > 0) return undefined;
  const last = commands.at(-1);
  const isAssigned =
    last?.words.length === 0 && last.assignments.every(({ value }) => value.value !== undefined);
  const outcome = isAssigned ? true : last?.outcome;
  return outcome === undefined ? undefined : outcome !== negated;
}

function isTest({ text }: Source, stages: readonly Node[]): boolean {
  const last = stages.at(-1);
  return last?.kind === 'simple' && TESTS.test(text.slice(last.from, last.to));
}

function walkPipeline(stages: readonly Node[], place: Place): void {
  stages.forEach((node, index) => {
    const joined = index === 0 ? place.joined : '|';
    // Each of several runs in a shell of its own.
    if (stages.length === 1) walkNode(node, place);
    else walkNode(node, { ...place, joined, scope: nestScope(place.scope), decides: false });
  });
}

function walkNode(node: Node, place: Place): void {
  switch (node.kind) {
    case 'simple':
      walkSimple(node, place);
      return;
    case 'function':
      walkApart(place, (scope) => walkNode(node.body, { ...inner(place), scope }));
      return;
    case 'if':
      walkIf(node, place);
      break;
    case 'loop':
      walkLoop(node, place);
      break;
    case 'case':
      walkCase(node, place);
      break;
    case 'group':
      walkSequence(node.body, node.subshell ? { ...place, scope: nestScope(place.scope) } : place);
  }
  for (const redirect of node.redirects) readRedirect(redirect, expansionAt(place));
}

function inner(place: Place): Place {
  return { ...place, joined: ';', conditional: true, decides: false };
}

/** Walks a part that may not run. */
function walkApart(place: Place, walk: (scope: Scope) => void): void {
  const scope = nestScope(place.scope);
  walk(scope);
  merge(place.scope, [scope], false);
}

function walkIf(node: Node & { kind: 'if' }, place: Place): void {
  /** Scopes of the parts that may be the one that runs. */
  const ways: Scope[] = [];
  let isDecided = false;
  const walkPart = (body: Sequence, branch: number, test: boolean | undefined): void => {
    const scope = nestScope(place.scope);
    walkSequence(body, { ...inner(place), scope, branch });
    if (!isDecided && test !== false) ways.push(scope);
    isDecided ||= test === true;
  };
  node.clauses.forEach(({ condition, body }, branch) => {
    if (branch === 0) walkSequence(condition, { ...place, decides: false });
    else walkApart(place, (scope) => walkSequence(condition, { ...inner(place), scope }));
    walkPart(body, branch, conditionOf(condition, place));
  });
  if (node.otherwise !== undefined) walkPart(node.otherwise, node.clauses.length, true);
  if (ways.length > 0) merge(place.scope, ways, isDecided);
}

/** Of a condition that is one test, just walked. */
function conditionOf(condition: Sequence, place: Place): boolean | undefined {
  const [chain, ...others] = condition;
  const [pipeline, ...more] = chain?.pipelines ?? [];
  if (pipeline === undefined || others.length + more.length > 0) return undefined;
  return resultOf(pipeline.stages, pipeline.negated, place);
}

function walkLoop(node: Node & { kind: 'loop' }, place: Place): void {
  const expansion = expansionAt(place);
  const words = node.words.flatMap((word) => expandWord(expansion, word));
  walkApart(place, (scope) => {
    // A later round sees what an earlier one assigned.
    for (const name of assignedIn(node, place.source)) assign(scope, name, undefined);
    if (node.variable !== undefined)
      assign(scope, node.variable, words.length === 1 ? words[0]?.value : undefined);
    if (node.condition !== undefined) walkSequence(node.condition, { ...place, scope, decides: false });
    const conditional = place.conditional || node.condition !== undefined;
    walkSequence(node.body, { ...inner(place), scope, conditional });
  });
}

function walkCase(node: Node & { kind: 'case' }, place: Place): void {
  const expansion = expansionAt(place);
  if (node.word !== undefined) expandWhole(expansion, node.word);
  const ways = node.arms.map(({ patterns, body }, branch) => {
    for (const pattern of patterns) expandWhole(expansion, pattern);
    const scope = nestScope(place.scope);
    walkSequence(body, { ...inner(place), scope, branch });
    return scope;
  });
  merge(place.scope, ways, false);
}

function expansionAt(place: Place): Expansion {
  return {
    source: place.source,
    scope: place.scope,
    substitute(source, body) {
      const scope = nestScope(place.scope);
      walkSequence(body, { ...place, source, scope, joined: 'start', substituted: true, decides: false });
    },
  };
}

function walkSimple(simple: Simple, place: Place): void {
  const { source, scope } = place;
  const expansion = expansionAt(place);
  const assignments = simple.assignments.map((raw) => {
    const assignment = readAssignment(raw, expansion);
    if (simple.words.length === 0) assign(scope, raw.name, assigned(raw, assignment.value, scope));
    return assignment;
  });
  const words = simple.words.flatMap((word) => readArgument(word, expansion));
  const redirects = simple.redirects.map((redirect) => readRedirect(redirect, expansion));
  forget(words, scope);
  place.commands.push({
    assignments,
    words,
    redirects,
    span: spanOf(source, simple.from, simple.to),
    joined: place.joined,
    conditional: place.conditional,
    substituted: place.substituted,
    branch: place.branch,
    outcome: outcomeOf(words, scope),
    input: inputOf(redirects),
  });
}

function readAssignment(raw: RawAssignment, expansion: Expansion): Assignment {
  const value = expandWhole(expansion, raw.value);
  return { name: raw.name, value, span: spanOf(expansion.source, raw.from, raw.to) };
}

function assigned(
  { appends, array, name }: RawAssignment,
  { value }: ShellWord,
  scope: Scope,
): string | undefined {
  if (array || value === undefined) return undefined;
  if (!appends) return value;
  const before = lookUp(scope, name);
  if (before === undefined || before.value === undefined) return undefined;
  return before.value.length > scope.budget.left ? undefined : before.value + value;
}

function readArgument(word: RawWord, expansion: Expansion): readonly ShellWord[] {
  const { declares } = word;
  if (declares === undefined) return expandWord(expansion, word);
  const { from, to, name, value } = declares;
  const label = { kind: 'text', from, to: value.from, quoted: true } as const;
  const argument = expandWhole(expansion, { from, to, parts: [label, ...value.parts] });
  const known = argument.value?.slice(value.from - from);
  assign(expansion.scope, name, declares.array || declares.appends ? undefined : known);
  return [argument];
}

/** `unset` empties variables, `read` fills them with something unknown. */
function forget(words: readonly ShellWord[], scope: Scope): void {
  const [program, ...names] = words.map(({ value }) => value);
  if (program !== 'unset' && program !== 'read') return;
  for (const name of names) {
    if (name !== undefined && !name.startsWith('-'))
      assign(scope, name, program === 'unset' ? '' : undefined);
  }
}

function readRedirect(raw: RawRedirect, expansion: Expansion): Redirect {
  const span = spanOf(expansion.source, raw.from, raw.to);
  if (raw.heredoc === undefined)
    return { operator: raw.operator, target: expandWhole(expansion, raw.target), span };
  const { source, parts } = raw.heredoc;
  const body = expandWhole({ ...expansion, source }, { from: 0, to: source.text.length, parts });
  // An empty text has no place of its own.
  const target = source.text === '' ? { ...body, span: { start: span.end, end: span.end } } : body;
  return { operator: raw.operator, target, span };
}

function inputOf(redirects: readonly Redirect[]): string | undefined {
  const given = redirects.findLast(({ operator }) => /^0?<<[-<]?$/.test(operator));
  return given === undefined ? undefined : given.target.pattern;
}
