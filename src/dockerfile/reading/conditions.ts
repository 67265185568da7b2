// What a test of the shell says where everything it looks at is known: ARGs have their defaults, and one without a
// default is empty, as in a build without `--build-arg`.

import type { Command, ShellWord } from '../shell/ast.ts';
import type { Variables } from '../syntax/stages.ts';

const OUTPUT = /\$\(|`/;

/**
 * Whether the command succeeds; undefined where that cannot be known.
 *
 * @param variables at the step, declared ARGs without a value among them
 */
export function outcomeOf({ words }: Command, variables: Variables): boolean | undefined {
  const program = words[0]?.value;
  if (program === 'true' || program === ':') return true;
  if (program === 'false') return false;
  if (program !== '[' && program !== '[[' && program !== 'test') return undefined;
  const inner = words.slice(1);
  if (program !== 'test') {
    if (!/^\]\]?$/.test(inner.at(-1)?.value ?? '')) return undefined;
    inner.pop();
  }
  return compare(inner, variables);
}

function compare(words: readonly ShellWord[], variables: Variables): boolean | undefined {
  const known = words.map(textOf);
  // An unquoted variable that is empty leaves no word.
  const texts = known.filter((text, index) => text !== '' || /["']/.test(words[index]!.raw));
  if (texts[0] === '!') {
    const rest = compare(words.slice(1), variables);
    return rest === undefined ? undefined : !rest;
  }
  if (texts.some((text) => text === '-a' || text === '-o' || text === '&&' || text === '||'))
    return undefined;
  if (texts.length === 0) return false;
  if (texts.length === 1) return texts[0] === undefined ? undefined : texts[0] !== '';
  const [left, middle, right] = texts;
  if (texts.length === 2) {
    // `-n` of nothing is a test of the word `-n`; of `= x` with nothing before it the shell complains: not true.
    if (left === '-n') return middle === undefined ? undefined : middle !== '';
    if (left === '-z') return middle === undefined ? undefined : middle === '';
    return left === '=' || left === '==' ? false : undefined;
  }
  if (texts.length !== 3 || left === undefined || right === undefined) return undefined;
  // A build for production says so where the file asks for it: an ARG without a default may be just that.
  const asks = PRODUCTION.test(left) || PRODUCTION.test(right);
  if (asks && words.some((word) => isUnset(word, variables))) return undefined;
  if (middle === '=' || middle === '==') return left === right;
  if (middle === '!=') return left !== right;
  if (middle === '-eq') return Number(left) === Number(right);
  if (middle === '-ne') return Number(left) !== Number(right);
  return undefined;
}

const PRODUCTION = /^(?:prod|production|release|live)$/i;

/** No build sets what is not declared. */
function isUnset({ value, raw }: ShellWord, variables: Variables): boolean {
  if (value !== undefined || OUTPUT.test(raw)) return false;
  return [...raw.matchAll(/\$\{?(\w+)/g)].some(([, name = '']) => variables.has(name));
}

/** A variable that nobody gave a value is empty; what a command prints is not known. */
function textOf({ value, pattern, raw }: ShellWord): string | undefined {
  if (value !== undefined) return value;
  return OUTPUT.test(raw) ? undefined : pattern.replaceAll('\0', '');
}
