// One comparison of a marker, made ready to be asked: how each poetry-core reads names, operators and values
// (`version/markers.py`, `SingleMarker`). Not PEP 508: `in` is about lists, and most names know equality only.

import { allowsSingle, type Constraint, parseConstraint } from './constraint.ts';
import type { Comparison } from './marker-grammar.ts';
import { normalizeName } from './names.ts';
import type { PoetryCore } from './scheme.ts';
import { isNever, parseWords, soleWord, type Words, wordsAllow } from './words.ts';

export interface Clause {
  readonly kind: 'clause';
  /** The variable's modern name: `os.name` is `os_name`. */
  readonly name: string;
  readonly test: (value: string) => boolean;
  /** What it compares with: versions or strings. */
  readonly constraint: Constraint | undefined;
  readonly words: Words | undefined;
  /** Of the variable `extra`: what it is compared with. */
  readonly extra: ExtraTest | undefined;
}

export interface ExtraTest {
  /** As written. */
  readonly value: string;
  /** Whether it wants the extra, rather than its absence. */
  readonly wanted: boolean;
  readonly test: (extras: ReadonlySet<string>) => boolean;
}

const ALIASES: Readonly<Record<string, string>> = {
  'os.name': 'os_name',
  'sys.platform': 'sys_platform',
  'platform.version': 'platform_version',
  'platform.machine': 'platform_machine',
  'platform.python_implementation': 'platform_python_implementation',
  python_implementation: 'platform_python_implementation',
};

const PYTHON_VERSIONS: ReadonlySet<string> = new Set(['python_version', 'python_full_version']);

function isModern(core: PoetryCore): boolean {
  return core === '2.2' || core === '2.4';
}

/**
 * The clause that a comparison means to that poetry-core.
 * @throws whatever its value is refused with
 */
export function makeClause(comparison: Comparison, core: PoetryCore): Clause {
  const { name, swapped } = comparison;
  const { operator, text, value } = constraintText(comparison, core);
  const contained = swapped && isModern(core) && !PYTHON_VERSIONS.has(name);
  if (!contained && (PYTHON_VERSIONS.has(name) || name === 'platform_release')) {
    return versionClause(name, versionText(name, operator, value, text, core), core);
  }
  const words = contained || !isList(operator) ? text : listText(operator, value, core);
  return wordsClause(ALIASES[name] ?? name, words, core);
}

function isList(operator: string): boolean {
  return operator === 'in' || operator === 'not in';
}

const NAME_FIRST = /^(~=|!=|>=?|<=?|==?=?|not in |in )?\s*(.+)$/i;
const EARLY = /^(~=|!=|>=?|<=?|==?=?|in|not in)?\s*(.+)$/i;
const VALUE_FIRST = /^(['"])(.+?)\1\s*(not\sin|in)$/i;

interface Spelled {
  readonly operator: string;
  readonly value: string;
  readonly text: string;
}

/** Since 2.0 a value that comes first has to be `in` something; before, the order did not count. */
function constraintText({ operator, value, swapped }: Comparison, core: PoetryCore): Spelled {
  if (isModern(core) && swapped) {
    const text = `"${value}" ${operator}`;
    const match = VALUE_FIRST.exec(text);
    if (match === null) throw new SyntaxError('a value may come first only before `in` or `not in`');
    return { operator: match[3]!, value: match[2]!, text };
  }
  const text = isModern(core) ? `${operator} ${value}` : `${operator}${value}`;
  const match = (isModern(core) ? NAME_FIRST : EARLY).exec(text);
  if (match === null) throw new SyntaxError('the value is empty');
  return { operator: (match[1] ?? '==').trim(), value: match[2]!, text };
}

const SEPARATORS = /[ ,|]+/;
const EARLY_SEPARATORS = /[ ,]+/;

function splitValue(value: string, core: PoetryCore): readonly string[] {
  return value.split(core === '1.0' || core === '1.3' ? EARLY_SEPARATORS : SEPARATORS);
}

/** `in "a b"` as `== a || == b`. */
function listText(operator: string, value: string, core: PoetryCore): string {
  const values = splitValue(value, core);
  if (operator === 'in') return values.map((item) => `== ${item}`).join(' || ');
  return values.map((item) => `!= ${item}`).join(', ');
}

function versionText(name: string, operator: string, value: string, text: string, core: PoetryCore): string {
  if (isList(operator)) {
    const parts = splitValue(value, core).map((item) => {
      const short = item.split('.').length < 3;
      if (operator === 'in') return short ? `${item}.*` : `==${item}`;
      return `!=${item}${short ? '.*' : ''}`;
    });
    return parts.join(operator === 'in' ? ' || ' : ', ');
  }
  if (name !== 'python_full_version' || !isModern(core)) return text;
  return text + '.0'.repeat(Math.max(0, 3 - value.split('.').length));
}

function versionClause(name: string, text: string, core: PoetryCore): Clause {
  const options = {
    core,
    marker: core !== '1.0' && core !== '1.3',
    release: isModern(core) && name === 'platform_release',
  };
  const constraint: Constraint = parseConstraint(text, options);
  return {
    kind: 'clause',
    name,
    test: (value) => allowsSingle(constraint, parseConstraint(value, options)),
    constraint,
    words: undefined,
    extra: undefined,
  };
}

function wordsClause(name: string, text: string, core: PoetryCore): Clause {
  const words = parseWords(text, core);
  if (words === undefined) throw new SyntaxError(`\`${name}\` cannot be compared like that`);
  return {
    kind: 'clause',
    name,
    test(value) {
      const word = wordOf(value, core);
      // Before 2.0 several words in a value were no fault by themselves.
      if (word === undefined && !isModern(core) && isNever(words)) return false;
      if (word === undefined) throw new TypeError(`Poetry cannot read \`${name}\` = \`${value}\``);
      return wordsAllow(words, word);
    },
    constraint: undefined,
    words,
    extra: name === 'extra' ? extraTest(words, core) : undefined,
  };
}

const values = new Map<string, string | undefined>();

/** The one word that a variable's value is to that poetry-core, if it is one. */
function wordOf(value: string, core: PoetryCore): string | undefined {
  const key = core + value;
  const word = values.get(key) ?? soleWord(parseWords(value, core));
  values.set(key, word);
  return word;
}

function extraTest(words: Words, core: PoetryCore): ExtraTest {
  const all = words.flat();
  if (isModern(core) && all.some(({ operator }) => isList(operator))) {
    throw new SyntaxError('extras are compared by `==` and `!=` only');
  }
  const [word] = all;
  return {
    value: word?.value ?? '',
    wanted: word?.operator === '==',
    test(extras) {
      if (word === undefined || all.length > 1) throw new TypeError('Poetry cannot read lists of extras');
      const has = extras.has(normalizeName(word.value));
      return word.operator === '==' ? has : !has;
    },
  };
}
