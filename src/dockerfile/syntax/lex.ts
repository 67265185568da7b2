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

/** Reads a text, a word or a whole line. */
export function lex(text: string, options: LexOptions): Lexed {
  return new Lexer(text, options).read();
}

/** The place in the text, and the word that is being read. Nested texts, of `${…}`, yield no words. */
class Lexer {
  private readonly text: string;
  private readonly options: LexOptions;
  private readonly keepUnset: boolean;
  private readonly words: LexedWord[] = [];
  private rawEscapes: boolean;
  private at = 0;
  private depth = 0;
  private fault: string | undefined;
  private buffer = '';
  private bufferStart = 0;
  private inWord = false;

  constructor(text: string, options: LexOptions) {
    this.text = text;
    this.options = options;
    this.keepUnset = options.keepUnset ?? false;
    this.rawEscapes = options.rawEscapes ?? false;
  }

  read(): Lexed {
    const text = this.readUntil(undefined);
    if (this.fault !== undefined) return { text: '', words: [], fault: this.fault };
    return { text: this.keepUnset ? text : bounded(text), words: this.words, fault: undefined };
  }

  private fail(message: string): string {
    this.fault ??= message;
    this.at = this.text.length;
    return '';
  }

  /** Values may be put in any number of times, so what they add up to is bounded. */
  private joined(before: string, value: string): string {
    return this.keepUnset ? before + value : bounded(before + value);
  }

  private addRaw(added: string, start: number): void {
    if (this.depth > 0) return;
    if (this.buffer === '') this.bufferStart = start;
    this.buffer += added;
    this.inWord = true;
  }

  private endWord(end: number): void {
    if (this.buffer === '') return;
    this.words.push({ text: this.buffer, start: this.bufferStart, end });
    this.buffer = '';
    this.inWord = false;
  }

  /** Adds text that white space splits; `step` is 1 where its characters were written so, 0 where they came from a `$`. */
  private addSplit(added: string, start: number, step: 0 | 1): void {
    if (this.depth > 0) return;
    let from = 0;
    for (let index = 0; index <= added.length; index += 1) {
      if (index < added.length && !isSpace(added.charCodeAt(index))) continue;
      if (index > from) this.addRaw(added.slice(from, index), start + from * step);
      if (index < added.length && this.inWord) this.endWord(step === 1 ? start + index : this.at);
      from = index + 1;
    }
  }

  private readUntil(stop: string | undefined): string {
    const { text } = this;
    const token = this.options.escape;
    let result = '';
    // BuildKit shares the buffer of words with nested texts, which empty it.
    this.buffer = '';
    while (this.at < text.length) {
      const start = this.at;
      const char = text[start]!;
      if (char === stop) {
        this.at += 1;
        this.buffer = '';
        return result;
      }
      if (char === '$') {
        const value = this.readDollar();
        result = this.joined(result, value);
        this.addSplit(value, start, 0);
      } else if (char === "'" || char === '"' || char === '<') {
        const value = char === "'" ? this.readSingle() : char === '"' ? this.readDouble() : this.readAngle();
        result += value;
        this.addRaw(value, start);
      } else if (char === token) {
        this.at += 1;
        if (this.rawEscapes) {
          result += char;
          this.addRaw(char, start);
        }
        if (this.at >= text.length) break;
        const escaped = String.fromCodePoint(text.codePointAt(this.at)!);
        this.at += escaped.length;
        result += escaped;
        this.addRaw(escaped, start);
      } else {
        let end = start + 1;
        while (end < text.length && !isSpecial(text[end]!, token, stop)) end += 1;
        this.at = end;
        const run = text.slice(start, end);
        result += run;
        this.addSplit(run, start, 1);
      }
    }
    if (stop !== undefined) return this.fail(`\`${stop}\` is missing`);
    this.endWord(text.length);
    return result;
  }

  /** Text of a `${…}` after its operator. */
  private readNested(stop: string, raw: boolean): string {
    if (this.depth >= MAX_DEPTH) return this.fail('`${` stands inside `${` too often');
    const outer = this.rawEscapes;
    this.rawEscapes = raw;
    this.depth += 1;
    const result = this.readUntil(stop);
    this.depth -= 1;
    this.rawEscapes = outer;
    return result;
  }

  private readSingle(): string {
    const { text, at } = this;
    const end = text.indexOf("'", at + 1);
    if (end === -1) return this.fail('a single quote is not closed');
    this.at = end + 1;
    return this.options.rawQuotes ? text.slice(at, end + 1) : text.slice(at + 1, end);
  }

  private readDouble(): string {
    const { text } = this;
    const { escape: token, rawQuotes } = this.options;
    let result = rawQuotes ? '"' : '';
    this.at += 1;
    let from = this.at;
    while (this.at < text.length) {
      const char = text[this.at]!;
      if (char === '"') {
        result += text.slice(from, this.at);
        this.at += 1;
        return rawQuotes ? `${result}"` : result;
      }
      if (char === '$') {
        result += text.slice(from, this.at);
        result = this.joined(result, this.readDollar());
        from = this.at;
      } else if (char === token) {
        result += text.slice(from, this.at);
        if (this.rawEscapes) result += char;
        this.at += 1;
        const next = text[this.at];
        if (next === undefined) break;
        const special = next === '"' || next === '$' || next === token;
        result += special ? next : char;
        if (special) this.at += 1;
        from = this.at;
      } else this.at += 1;
    }
    return this.fail('a double quote is not closed');
  }

  /** `<`, or `<<` with the blanks after it. */
  private readAngle(): string {
    const { text, at: start } = this;
    let at = start + 1;
    if (text[at] === '<') {
      do at += 1;
      while (text[at] === ' ' || text[at] === '\t' || text[at] === '\r');
    }
    this.at = at;
    return text.slice(start, at);
  }

  private readName(): string {
    NAME.lastIndex = this.at;
    const name = NAME.exec(this.text)?.[0] ?? '';
    this.at += name.length;
    return name;
  }

  private readDollar(): string {
    const { text, keepUnset } = this;
    const { lookup, unset = '' } = this.options;
    this.at += 1;
    if (text[this.at] !== '{') {
      const name = this.readName();
      if (name === '') return '$';
      const value = lookup(name);
      return value === undefined && keepUnset ? `$${name}` : bounded(value ?? unset);
    }
    this.at += 1;
    const first = text[this.at];
    if (first === undefined) return this.fail('`}` is missing');
    if (first === '{' || first === '}' || first === ':') return this.fail('bad substitution');
    const name = this.readName();
    const operator = text[this.at] ?? '';
    this.at += 1;
    switch (operator) {
      case '}': {
        const value = lookup(name);
        return value === undefined && keepUnset ? `\${${name}}` : bounded(value ?? unset);
      }
      case ':': {
        const second = text[this.at] ?? '';
        this.at += 1;
        if (second === '#' || second === '%') return this.fail(`\`:${second}\` is no operator`);
        return this.readOperator(name, second, true);
      }
      case '+':
      case '-':
      case '?':
      case '#':
      case '%':
        return this.readOperator(name, operator, false);
      case '/':
        return this.readReplacement(name);
      default:
        return this.fail(`\`${operator}\` is no operator`);
    }
  }

  private readOperator(name: string, operator: string, emptyIsUnset: boolean): string {
    const word = this.readNested('}', operator === '#' || operator === '%');
    if (this.fault !== undefined) return '';
    const value = this.options.lookup(name);
    if (value === undefined && this.keepUnset) {
      return `\${${name}${emptyIsUnset ? ':' : ''}${operator}${word}}`;
    }
    const unset = value === undefined || (emptyIsUnset && value === '');
    // It may be empty, or not set at all.
    const open = value === UNKNOWN;
    switch (operator) {
      case '-':
        return bounded(unset ? word : value);
      case '+':
        return open && word !== '' ? UNKNOWN : unset ? '' : word;
      case '?':
        return unset ? this.fail(`\`${name}\` is not set`) : bounded(value);
      case '#':
      case '%': {
        const known = value ?? this.options.unset ?? '';
        if (known.includes(UNKNOWN) || word.includes(UNKNOWN)) return UNKNOWN;
        const longest = word.startsWith(operator);
        const pattern = longest ? word.slice(1) : word;
        const trim = operator === '#' ? trimPrefix : trimSuffix;
        return trim(pattern, known, longest) ?? UNKNOWN;
      }
      default:
        return this.fail(`\`:${operator}\` is no operator`);
    }
  }

  private readReplacement(name: string): string {
    const all = this.text[this.at] === '/';
    if (all) this.at += 1;
    const pattern = this.readNested('/', true);
    if (this.fault !== undefined) return '';
    const replacement = this.readNested('}', true);
    if (this.fault !== undefined) return '';
    const value = this.options.lookup(name);
    if (value === undefined && this.keepUnset) return `\${${name}/${pattern}/${replacement}}`;
    const known = value ?? this.options.unset ?? '';
    if (known.includes(UNKNOWN) || pattern.includes(UNKNOWN)) return UNKNOWN;
    return replacePattern(pattern, known, replacement, all) ?? UNKNOWN;
  }
}

function isSpecial(char: string, token: string, stop: string | undefined): boolean {
  return char === '$' || char === '<' || char === "'" || char === '"' || char === token || char === stop;
}

function bounded(value: string): string {
  return value.length > MAX_LENGTH ? UNKNOWN : value;
}
