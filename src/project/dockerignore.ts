// `.dockerignore` as BuildKit understands it: moby/patternmatcher 0.6 with the results of the parent directory, moby's
// ignorefile reader, Go's `filepath.Clean`. Patterns are matched case-sensitively; the last that matches decides. Pure.

import { posix } from 'node:path';
import { BivyError } from '../kernel/errors.ts';

interface Pattern {
  readonly negative: boolean;
  /** As written, in Go's clean form, without `!`. */
  readonly text: string;
  readonly matches: (path: string) => boolean;
}

/** Which patterns matched a directory: children take it over. */
export type ParentMatches = readonly boolean[];

export interface Dockerignore {
  /**
   * Whether a path (relative, `/`-separated) is ignored. Directories are asked before what is in them; `parent` is what
   * the answer for the directory above held, or nothing at the top.
   */
  match(path: string, parent?: ParentMatches): { readonly ignored: boolean; readonly matches: ParentMatches };
  /** Whether something below an ignored directory may be brought back by a `!` pattern. */
  mayReturn(directory: string): boolean;
}

/**
 * Reads the text of a `.dockerignore`; `file` names it in messages.
 * @throws BivyError `CONFIG_INVALID` with the line of a pattern that Docker would refuse
 */
export function parseDockerignore(text: string, file = '.dockerignore'): Dockerignore {
  const patterns: Pattern[] = [];
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  lines.forEach((line, index) => {
    const pattern = parseLine(line, () => {
      throw new BivyError(
        'CONFIG_INVALID',
        `\`${file}\` holds a pattern that is not valid: \`${line.trim()}\``,
        {
          location: { file, line: index + 1 },
          hint: 'write it as https://docs.docker.com/build/concepts/context/#dockerignore-files explains',
        },
      );
    });
    if (pattern !== undefined) patterns.push(pattern);
  });
  const returns = patterns.filter(({ negative }) => negative).map(({ text: negated }) => negated);
  const plain = returns.every((pattern) => !/[*?[\\]/.test(withoutTrailingGlob(pattern)));
  return {
    match: (path, parent) => matchAll(patterns, path, parent),
    mayReturn: (directory) =>
      returns.length > 0 &&
      (!plain || returns.some((pattern) => `${withoutTrailingGlob(pattern)}/`.startsWith(`${directory}/`))),
  };
}

function parseLine(line: string, refuse: () => never): Pattern | undefined {
  if (line.startsWith('#')) return undefined;
  let text = line.trim();
  if (text === '') return undefined;
  const negative = text.startsWith('!');
  if (negative) text = text.slice(1).trim();
  if (text !== '') text = cleanPath(text);
  if (text.length > 1 && text.startsWith('/')) text = text.slice(1);
  if (negative && (text === '' || text === '/')) return refuse();
  try {
    return { negative, text, matches: compile(text) };
  } catch {
    return refuse();
  }
}

/** Go's `filepath.Clean`. */
function cleanPath(path: string): string {
  const clean = posix.normalize(path);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}

function withoutTrailingGlob(pattern: string): string {
  return pattern.replace(/\/?\*{1,2}$/, '');
}

function matchAll(
  patterns: readonly Pattern[],
  path: string,
  parent: ParentMatches | undefined,
): { ignored: boolean; matches: ParentMatches } {
  let ignored = false;
  const matches = patterns.map((pattern, index) => {
    const inherited = parent?.[index] === true;
    // A pattern that could change nothing is not tried, and its children do not inherit a match: as BuildKit has it.
    if (!inherited && pattern.negative !== ignored) return false;
    const matched = inherited || pattern.matches(path);
    if (matched) ignored = !pattern.negative;
    return matched;
  });
  return { ignored, matches };
}

const SPECIAL = /[.+()|{}$]/;

/** One pattern as a predicate: what moby's `Pattern.compile` makes of it, its shortcuts included. */
function compile(pattern: string): (path: string) => boolean {
  const characters = [...pattern];
  let kind: 'exact' | 'prefix' | 'suffix' | 'expression' = 'exact';
  let source = '^';
  let rounds = 0;
  for (let index = 0; index < characters.length; index++, rounds++) {
    const character = characters[index]!;
    if (character === '*' && characters[index + 1] === '*') {
      index++;
      if (characters[index + 1] === '/') index++;
      if (index + 1 >= characters.length) {
        if (kind === 'exact') kind = 'prefix';
        else {
          source += '[^\\n]*';
          kind = 'expression';
        }
      } else {
        source += '([^\\n]*/)?';
        kind = 'expression';
      }
      if (rounds === 0) kind = 'suffix';
    } else if (character === '*') {
      source += '[^/]*';
      kind = 'expression';
    } else if (character === '?') {
      source += '[^/]';
      kind = 'expression';
    } else if (SPECIAL.test(character)) {
      source += `\\${character}`;
    } else if (character === '\\') {
      const next = characters[++index];
      if (next === undefined) throw new SyntaxError('a pattern ends in a backslash');
      source += escaped(next);
      kind = 'expression';
    } else if (character === '[' || character === ']') {
      if (character === '[' && /^\[\^?\]/.test(pattern.slice(pattern.indexOf('['))))
        throw new SyntaxError('an empty class');
      source += character;
      kind = 'expression';
    } else {
      source += character;
    }
  }
  if (kind === 'exact') return (path) => path === pattern;
  if (kind === 'prefix') {
    const prefix = pattern.slice(0, -2);
    return (path) => path.startsWith(prefix);
  }
  if (kind === 'suffix') {
    const suffix = pattern.slice(2);
    return (path) => path.endsWith(suffix) || (suffix.startsWith('/') && path === suffix.slice(1));
  }
  const expression = unicodeExpression(`${source}$`);
  return (path) => expression.test(path);
}

/** An escaped character: moby hands it to Go's regexp as it is, where letters and digits have meanings of their own. */
function escaped(character: string): string {
  if (!/[A-Za-z0-9]/.test(character))
    return /[\\^$.*+?()[\]{}|/-]/.test(character) ? `\\${character}` : character;
  if (character === 'a') return '\\x07';
  if ('fnrtvdDsSwWbB'.includes(character)) return `\\${character}`;
  throw new SyntaxError('no such escape');
}

/** By code point where JavaScript takes it so: a lone `]` is valid only without the `u` flag. */
function unicodeExpression(source: string): RegExp {
  try {
    return new RegExp(source, 'u');
  } catch {
    return new RegExp(source);
  }
}
