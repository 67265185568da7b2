// Quotes, escapes and `$` of a Dockerfile's words: BuildKit's `frontend/dockerfile/shell/lex.go`, oddities included. What
// is not known of a variable is a `\0` in the text, and stays one. Never throws; linear in the text.

import { isSpace } from './blanks.ts';
import { replacePattern, trimPrefix, trimSuffix } from './globs.ts';

/** In a text: here stands something that is not known. */
export const UNKNOWN = '\0';

export interface LexOptions {
  readonly escape: string;
  /** The value of a variable, with `UNKNOWN` in it where that is not known; undefined where it is not set. */
  readonly lookup: (name: string) => string | undefined;
  /** Variables that are not set stay as they are written; otherwise they are empty. */
  readonly keepUnset?: boolean;
  /** What a variable that is not set stands for where no operator says; nothing, unless said. */
  readonly unset?: string;
  readonly rawQuotes?: boolean;
  readonly rawEscapes?: boolean;
}

/** A word, and the part of the text that it came from. */
export interface LexedWord {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface Lexed {
  readonly text: string;
  /** Split at white space outside quotes. */
  readonly words: readonly LexedWord[];
  /** What BuildKit refuses; the rest is empty then. */
  readonly fault: string | undefined;
}

const MAX_DEPTH = 200;
/** Longer than any line that BuildKit reads: doublings, `ENV A=$A$A`, end here. */
const MAX_LENGTH = 1 << 16;
const NAME = /[A-Za-z_][\p{L}\p{Nd}_]*|\p{L}[\p{L}\p{Nd}_]*|\p{Nd}+|[@*#?\-$!]/uy;

export function lex(text: string, options: LexOptions): Lexed {
  const { escape: token, lookup, keepUnset = false, unset: absent = '', rawQuotes = false } = options;
  const words: LexedWord[] = [];
  let rawEscapes = options.rawEscapes ?? false;
  let at = 0;
  let depth = 0;
  let fault: string | undefined;
  let buffer = '';
  let bufferStart = 0;
  let inWord = false;

  /** Values may be put in any number of times, so what they add up to is bounded. */
  function joined(before: string, value: string): string {
    return keepUnset ? before + value : bounded(before + value);
  }

  function fail(message: string): string {
    fault ??= message;
    at = text.length;
    return '';
  }

  function addRaw(added: string, start: number): void {
    if (depth > 0) return;
    if (buffer === '') bufferStart = start;
    buffer += added;
    inWord = true;
  }

  function endWord(end: number): void {
    if (buffer === '') return;
    words.push({ text: buffer, start: bufferStart, end });
    buffer = '';
    inWord = false;
  }

  /** Adds text that white space splits; `step` is 1 where its characters were written so, 0 where they came from a `$`. */
  function addSplit(added: string, start: number, step: 0 | 1): void {
    if (depth > 0) return;
    let from = 0;
    for (let index = 0; index <= added.length; index += 1) {
      if (index < added.length && !isSpace(added.charCodeAt(index))) continue;
      if (index > from) addRaw(added.slice(from, index), start + from * step);
      if (index < added.length && inWord) endWord(step === 1 ? start + index : at);
      from = index + 1;
    }
  }

  function isSpecial(char: string, stop: string | undefined): boolean {
    return char === '$' || char === '<' || char === "'" || char === '"' || char === token || char === stop;
  }

  function readUntil(stop: string | undefined): string {
    let result = '';
    // The buffer of words is shared with nested texts, which empty it.
    buffer = '';
    while (at < text.length) {
      const start = at;
      const char = text[at]!;
      if (char === stop) {
        at += 1;
        buffer = '';
        return result;
      }
      if (char === '$') {
        const value = readDollar();
        result = joined(result, value);
        addSplit(value, start, 0);
      } else if (char === "'" || char === '"' || char === '<') {
        const value = char === "'" ? readSingle() : char === '"' ? readDouble() : readAngle();
        result += value;
        addRaw(value, start);
      } else if (char === token) {
        at += 1;
        if (rawEscapes) {
          result += char;
          addRaw(char, start);
        }
        if (at >= text.length) break;
        const code = text.codePointAt(at)!;
        const escaped = String.fromCodePoint(code);
        at += escaped.length;
        result += escaped;
        addRaw(escaped, start);
      } else {
        do at += 1;
        while (at < text.length && !isSpecial(text[at]!, stop));
        const run = text.slice(start, at);
        result += run;
        addSplit(run, start, 1);
      }
    }
    if (stop !== undefined) return fail(`\`${stop}\` is missing`);
    endWord(text.length);
    return result;
  }

  /** Text of a `${…}` after its operator. */
  function readNested(stop: string, raw: boolean): string {
    if (depth >= MAX_DEPTH) return fail('`${` stands inside `${` too often');
    const outer = rawEscapes;
    rawEscapes = raw;
    depth += 1;
    const result = readUntil(stop);
    depth -= 1;
    rawEscapes = outer;
    return result;
  }

  function readSingle(): string {
    const end = text.indexOf("'", at + 1);
    if (end === -1) return fail('a single quote is not closed');
    const result = rawQuotes ? text.slice(at, end + 1) : text.slice(at + 1, end);
    at = end + 1;
    return result;
  }

  function readDouble(): string {
    let result = rawQuotes ? '"' : '';
    at += 1;
    let from = at;
    while (at < text.length) {
      const char = text[at]!;
      if (char === '"') {
        result += text.slice(from, at);
        at += 1;
        return rawQuotes ? `${result}"` : result;
      }
      if (char === '$') {
        result += text.slice(from, at);
        result = joined(result, readDollar());
        from = at;
      } else if (char === token) {
        result += text.slice(from, at);
        if (rawEscapes) result += char;
        at += 1;
        const next = text[at];
        if (next === undefined) break;
        const special = next === '"' || next === '$' || next === token;
        result += special ? next : char;
        if (special) at += 1;
        from = at;
      } else at += 1;
    }
    return fail('a double quote is not closed');
  }

  /** `<`, or `<<` with the blanks after it. */
  function readAngle(): string {
    const start = at;
    at += 1;
    if (text[at] === '<') {
      do at += 1;
      while (text[at] === ' ' || text[at] === '\t' || text[at] === '\r');
    }
    return text.slice(start, at);
  }

  function readName(): string {
    NAME.lastIndex = at;
    const name = NAME.exec(text)?.[0] ?? '';
    at += name.length;
    return name;
  }

  function readDollar(): string {
    at += 1;
    if (text[at] !== '{') {
      const name = readName();
      if (name === '') return '$';
      const value = lookup(name);
      return value === undefined && keepUnset ? `$${name}` : bounded(value ?? absent);
    }
    at += 1;
    const first = text[at];
    if (first === undefined) return fail('`}` is missing');
    if (first === '{' || first === '}' || first === ':') return fail('bad substitution');
    const name = readName();
    const operator = text[at];
    at += 1;
    if (operator === '}') {
      const value = lookup(name);
      return value === undefined && keepUnset ? `\${${name}}` : bounded(value ?? absent);
    }
    if (operator === '/') return readReplacement(name);
    if (operator === ':') {
      const second = text[at] ?? '';
      at += 1;
      if (second === '#' || second === '%') return fail(`\`:${second}\` is no operator`);
      return readOperator(name, second, true);
    }
    if (operator !== undefined && '+-?#%'.includes(operator)) return readOperator(name, operator, false);
    return fail(`\`${operator ?? ''}\` is no operator`);
  }

  function readOperator(name: string, operator: string, emptyIsUnset: boolean): string {
    const word = readNested('}', operator === '#' || operator === '%');
    if (fault !== undefined) return '';
    const value = lookup(name);
    if (value === undefined && keepUnset) return `\${${name}${emptyIsUnset ? ':' : ''}${operator}${word}}`;
    const unset = value === undefined || (emptyIsUnset && value === '');
    // It may be empty, or not set at all.
    const open = value === UNKNOWN;
    switch (operator) {
      case '-':
        return bounded(open ? UNKNOWN : unset ? word : value);
      case '+':
        return open && word !== '' ? UNKNOWN : unset ? '' : word;
      case '?':
        return unset ? fail(`\`${name}\` is not set`) : bounded(value);
      case '#':
      case '%': {
        const known = value ?? absent;
        if (known.includes(UNKNOWN) || word.includes(UNKNOWN)) return UNKNOWN;
        const longest = word.startsWith(operator);
        const pattern = longest ? word.slice(1) : word;
        const trim = operator === '#' ? trimPrefix : trimSuffix;
        return trim(pattern, known, longest) ?? UNKNOWN;
      }
      default:
        return fail(`\`:${operator}\` is no operator`);
    }
  }

  function readReplacement(name: string): string {
    const all = text[at] === '/';
    if (all) at += 1;
    const pattern = readNested('/', true);
    if (fault !== undefined) return '';
    const replacement = readNested('}', true);
    if (fault !== undefined) return '';
    const value = lookup(name);
    if (value === undefined && keepUnset) return `\${${name}/${pattern}/${replacement}}`;
    const known = value ?? absent;
    if (known.includes(UNKNOWN) || pattern.includes(UNKNOWN)) return UNKNOWN;
    return replacePattern(pattern, known, replacement, all) ?? UNKNOWN;
  }

  const result = readUntil(undefined);
  if (fault !== undefined) return { text: '', words: [], fault };
  return { text: keepUnset ? result : bounded(result), words, fault };
}

function bounded(value: string): string {
  return value.length > MAX_LENGTH ? UNKNOWN : value;
}
