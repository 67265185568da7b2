// The INI dialect of Python's `configparser` (Lib/configparser.py, `ConfigParser(delimiters="=")`, names as written):
// what installers read `entry_points.txt` with. Duplicates are errors, `%(name)s` is replaced, `[DEFAULT]` is everywhere.

import { PYTHON_SPACE, trim, trimEnd } from './python-text.ts';

export type Sections = ReadonlyMap<string, ReadonlyMap<string, string>>;

const NOT_SPACE = new RegExp(`[^${PYTHON_SPACE}]`);
const DEEPEST = 10;
/** Replacements in one file: hostile ones multiply with every level. */
const MOST_REPLACEMENTS = 10_000;

/** Those sections that are asked for, in the file's order, values interpolated. @throws SyntaxError that says which line is at fault */
export function parseConfig(text: string, wanted: readonly string[]): Sections {
  const defaults = new Map<string, string>();
  const sections = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  let option: string | undefined;
  let indent = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const value = trim(line);
    const fault = (what: string) => new SyntaxError(`line ${index + 1} ${what}`);
    if (value.startsWith('#') || value.startsWith(';')) continue;
    if (value === '') {
      // An empty line belongs to the value before it; white space at a value's end goes in any case.
      if (current !== undefined && option !== undefined) current.set(option, `${current.get(option)}\n`);
      continue;
    }
    const depth = line.search(NOT_SPACE);
    if (current !== undefined && option !== undefined && depth > indent) {
      current.set(option, `${current.get(option)}\n${value}`);
      continue;
    }
    indent = depth;
    const header = /^\[(.+)\]/s.exec(value)?.[1];
    if (header !== undefined) {
      if (sections.has(header)) throw fault(`starts section \`${header}\` again`);
      current = header === 'DEFAULT' ? defaults : new Map();
      if (header !== 'DEFAULT') sections.set(header, current);
      option = undefined;
      continue;
    }
    if (current === undefined) throw fault('stands before the first section');
    const equals = value.indexOf('=');
    if (equals < 1) throw fault('is neither `name = value` nor a section');
    option = trim(value.slice(0, equals));
    if (current.has(option)) throw fault(`sets \`${option}\` again`);
    current.set(option, trim(value.slice(equals + 1)));
  }
  const budget = { left: MOST_REPLACEMENTS };
  const result = new Map<string, Map<string, string>>();
  for (const [name, own] of sections) {
    if (!wanted.includes(name)) continue;
    const raw = new Map([...defaults, ...own].map(([key, value]) => [key, trimEnd(value)]));
    result.set(name, new Map([...raw].map(([key, value]) => [key, interpolate(value, raw, 1, budget)])));
  }
  return result;
}

function interpolate(
  value: string,
  values: ReadonlyMap<string, string>,
  depth: number,
  budget: { left: number },
): string {
  if (!value.includes('%')) return value;
  if (depth > DEEPEST) throw new SyntaxError(`\`${value}\` refers to itself`);
  let result = '';
  let rest = value;
  for (let at = rest.indexOf('%'); at >= 0; at = rest.indexOf('%')) {
    result += rest.slice(0, at);
    rest = rest.slice(at);
    const reference = /^%\(([^)]+)\)s/.exec(rest);
    if (rest.startsWith('%%')) {
      result += '%';
      rest = rest.slice(2);
    } else if (reference !== null) {
      const other = values.get(reference[1]!);
      budget.left -= 1;
      if (budget.left < 0) throw new SyntaxError('values refer to each other too often');
      if (other === undefined) throw new SyntaxError(`\`${reference[0]}\` refers to nothing`);
      result += interpolate(other, values, depth + 1, budget);
      rest = rest.slice(reference[0].length);
    } else {
      throw new SyntaxError(`a \`%\` in \`${value}\` is neither \`%%\` nor \`%(name)s\``);
    }
  }
  return result + rest;
}
