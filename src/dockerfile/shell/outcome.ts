// What a test of the shell says where everything it looks at is known: ARGs have their defaults, and one without a
// default is empty, as in a build without `--build-arg`.

import type { ShellWord } from './ast.ts';
import { lookUp, type Scope } from './scope.ts';

const OUTPUT = /\$\(|`/;

/** Whether a command of these words succeeds; undefined where that cannot be known. */
export function outcomeOf(words: readonly ShellWord[], scope: Scope): boolean | undefined {
  const program = words[0]?.value;
  if (program === 'true' || program === ':') return true;
  if (program === 'false') return false;
  if (program !== '[' && program !== '[[' && program !== 'test') return undefined;
  const inner = words.slice(1);
  if (program !== 'test') {
    if (!/^\]\]?$/.test(inner.at(-1)?.value ?? '')) return undefined;
    inner.pop();
  }
  return compare(inner, scope);
}

function compare(words: readonly ShellWord[], scope: Scope): boolean | undefined {
  const known = words.map((word) => textOf(word, scope));
  // An unquoted variable that is empty leaves no word.
  const texts = known.filter((text, index) => text !== '' || /["']/.test(words[index]!.raw));
  if (texts[0] === '!') {
    const rest = compare(words.slice(1), scope);
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
  if (middle === '=' || middle === '==') return left === right;
  if (middle === '!=') return left !== right;
  if (middle === '-eq') return Number(left) === Number(right);
  if (middle === '-ne') return Number(left) !== Number(right);
  return undefined;
}

/** A variable that nobody gave a value is empty; what a command prints is not known, nor a variable that holds it. */
function textOf({ value, pattern, raw }: ShellWord, scope: Scope): string | undefined {
  if (value !== undefined) return value;
  if (OUTPUT.test(raw)) return undefined;
  const isHidden = [...raw.matchAll(/\$\{?(\w+)/g)].some(([, name = '']) => {
    const found = lookUp(scope, name);
    return found !== undefined && found.value === undefined;
  });
  return isHidden ? undefined : pattern.replaceAll('\0', '');
}
