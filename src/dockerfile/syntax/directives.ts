// Parser directives, `# escape=…`: only above everything else, one of each. BuildKit's `directives.go`.

import type { Directive, Span, SyntaxProblem } from './ast.ts';
import { skipSpaces } from './blanks.ts';

const NAMES: readonly string[] = ['syntax', 'escape', 'check'];
const KEY = /[a-zA-Z][a-zA-Z0-9]*/y;

/** The directive of a comment line from its `#` at `start`, or undefined where it is an ordinary comment. */
export function directiveAt(text: string, start: number, end: number): Directive | undefined {
  KEY.lastIndex = skipSpaces(text, start + 1, end);
  const key = KEY.exec(text)?.[0];
  if (key === undefined) return undefined;
  const name = key.toLowerCase();
  if (!NAMES.includes(name)) return undefined;
  const equals = skipBlanks(text, KEY.lastIndex, end);
  if (equals >= end || text[equals] !== '=' || equals + 1 === end) return undefined;
  let stop = end;
  while (stop > equals + 1 && isDirectiveBlank(text[stop - 1])) stop -= 1;
  // Nothing but blanks after the `=`: the last of them is the value.
  if (stop === equals + 1) return { name, value: text.slice(end - 1, end), span: { start, end } };
  return { name, value: text.slice(skipBlanks(text, equals + 1, stop), stop), span: { start, end } };
}

function isDirectiveBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\t' || char === '\f' || char === '\r';
}

function skipBlanks(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && isDirectiveBlank(text[at])) at += 1;
  return at;
}

/** What is wrong with a directive after those before it. */
export function directiveProblem(
  directive: Directive,
  earlier: readonly Directive[],
): SyntaxProblem | undefined {
  const { name, value, span } = directive;
  if (earlier.some((other) => other.name === name)) {
    return problem(`only one \`${name}\` parser directive can be used`, span);
  }
  if (name !== 'escape' || value === '\\' || value === '`') return undefined;
  return problem(`the escape character must be \`\\\` or a backquote, not \`${value.slice(0, 40)}\``, span);
}

function problem(message: string, span: Span): SyntaxProblem {
  return { code: 'bad-directive', message, span };
}
