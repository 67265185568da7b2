// `.gitignore` patterns as Git has them (gitignore(5), dir.c, wildmatch.c with WM_PATHNAME). Pure: rules of one file in,
// a verdict out. Git compares bytes, so texts are turned into one character a byte first. Who reads the files, and who
// knows what is tracked, is `version-control.ts`.

export interface IgnoreRule {
  readonly negative: boolean;
  readonly directoryOnly: boolean;
  /** Matched against the last component alone. */
  readonly anywhere: boolean;
  readonly expression: RegExp;
}

/** The rules of one file, in the order written; what is no pattern is left out. */
export function parseGitignore(text: string): readonly IgnoreRule[] {
  const rules: IgnoreRule[] = [];
  for (const line of bytewise(text.replace(/^\uFEFF/, '')).split('\n')) {
    const rule = parseLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    if (rule !== undefined) rules.push(rule);
  }
  return rules;
}

/**
 * What the rules of one file say of a path relative to that file's directory: ignored, taken back, or nothing. The last
 * rule that matches decides.
 */
export function judge(rules: readonly IgnoreRule[], path: string, isDirectory: boolean): boolean | undefined {
  const bytes = bytewise(path);
  const name = bytes.slice(bytes.lastIndexOf('/') + 1);
  for (let index = rules.length - 1; index >= 0; index--) {
    const rule = rules[index]!;
    if (rule.directoryOnly && !isDirectory) continue;
    if (rule.expression.test(rule.anywhere ? name : bytes)) return !rule.negative;
  }
  return undefined;
}

/** The bytes of a text's UTF-8, one character each. */
function bytewise(text: string): string {
  return isAscii(text) ? text : Buffer.from(text).toString('latin1');
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

function parseLine(line: string): IgnoreRule | undefined {
  if (line.startsWith('#')) return undefined;
  let pattern = trimEnd(line);
  const negative = pattern.startsWith('!');
  if (negative) pattern = pattern.slice(1);
  const directoryOnly = pattern.endsWith('/');
  if (directoryOnly) pattern = pattern.slice(0, -1);
  if (pattern === '') return undefined;
  const anywhere = !pattern.includes('/');
  const source = translate(pattern.startsWith('/') ? pattern.slice(1) : pattern);
  return source === undefined
    ? undefined
    : { negative, directoryOnly, anywhere, expression: new RegExp(`^${source}$`, 'su') };
}

/** Trailing spaces go, unless a backslash keeps one. */
function trimEnd(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === ' ') end--;
  let slashes = 0;
  while (line[end - 1 - slashes] === '\\') slashes++;
  return line.slice(0, slashes % 2 === 1 && end < line.length ? end + 1 : end);
}

/** Wildmatch as an expression; `undefined` for a pattern that can match nothing (an open class, a last backslash). */
function translate(pattern: string): string | undefined {
  const characters = [...pattern];
  // Git compares what stands before the first wildcard by itself, so that a `**` there counts as one at the start.
  const first = characters.findIndex((character) => '*?[\\'.includes(character));
  let source = '';
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index]!;
    if (character === '*') {
      let end = index;
      while (characters[end] === '*') end++;
      const whole =
        (index === first || characters[index - 1] === '/') &&
        (end === characters.length || characters[end] === '/');
      if (end - index === 1 || !whole) source += '[^/]*';
      else if (end === characters.length) source += '.*';
      else {
        source += '(?:.*/)?';
        end++;
      }
      index = end - 1;
    } else if (character === '?') {
      source += '[^/]';
    } else if (character === '\\') {
      const next = characters[++index];
      if (next === undefined) return undefined;
      source += quote(next);
    } else if (character === '[') {
      const found = bracket(characters, index);
      if (found === undefined) return undefined;
      source += found.source;
      index = found.end;
    } else {
      source += quote(character);
    }
  }
  return source;
}

const CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\s',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f',
};

/** A class from its `[`: as an expression, and where its `]` stands. It never matches `/`. */
function bracket(characters: readonly string[], start: number): { source: string; end: number } | undefined {
  let index = start + 1;
  const negated = characters[index] === '!' || characters[index] === '^';
  if (negated) index++;
  let members = '';
  for (let first = true; first || characters[index] !== ']'; first = false) {
    let character = characters[index];
    if (character === undefined) return undefined;
    if (character === '[' && characters[index + 1] === ':') {
      const close = characters.indexOf(']', index + 2);
      const name = characters.slice(index + 2, close - 1).join('');
      if (close < 0 || characters[close - 1] !== ':' || CLASSES[name] === undefined) return undefined;
      members += CLASSES[name];
      index = close + 1;
      continue;
    }
    if (character === '\\') character = characters[++index];
    if (character === undefined) return undefined;
    let last = character;
    if (
      characters[index + 1] === '-' &&
      characters[index + 2] !== ']' &&
      characters[index + 2] !== undefined
    ) {
      index += 2;
      last = characters[index] === '\\' ? (characters[++index] ?? '') : characters[index]!;
    }
    // A range that runs backwards matches nothing.
    if (character <= last)
      members +=
        character === last ? quoteMember(character) : `${quoteMember(character)}-${quoteMember(last)}`;
    index++;
  }
  if (members === '') return { source: negated ? '[^/]' : '(?!)', end: index };
  return { source: negated ? `[^/${members}]` : `(?!/)[${members}]`, end: index };
}

function quote(character: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}

/** A member of a class, where a hyphen would mean a range. */
function quoteMember(character: string): string {
  return character === '-' ? '\\-' : quote(character);
}
