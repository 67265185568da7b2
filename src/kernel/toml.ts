// TOML (v1.0.0, toml.io) to plain values, with the place of a fault; and TOML with integers and floats kept apart, as
// Python keeps them. Tables have no prototype. Loads smol-toml: import this file only where TOML is really read.

import { parse, TomlError } from 'smol-toml';
import { BivyError } from './errors.ts';

/**
 * The document as tables, arrays, strings, booleans, numbers, dates, and `bigint` for integers beyond 2^53.
 *
 * @param file the name that messages give
 * @throws BivyError `TOML_SYNTAX` with line and column
 */
export function parseToml(text: string, file: string): unknown {
  return read(text, file, 'asNeeded');
}

/**
 * As `parseToml`, but every integer is a `bigint` and every `number` was written as a float: `1` and `1.0` differ.
 *
 * @throws BivyError `TOML_SYNTAX` with line and column
 */
export function parseExactToml(text: string, file: string): unknown {
  return read(text, file, true);
}

function read(text: string, file: string, integersAsBigInt: true | 'asNeeded'): unknown {
  try {
    return parse(text, { integersAsBigInt });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split('\n', 1)[0]?.replace(/^Invalid TOML document: /, '') ?? 'not TOML';
    throw new BivyError('TOML_SYNTAX', `reading \`${file}\`: not valid TOML: ${reason}`, {
      location: { file, line: error.line, column: error.column },
      hint: `correct line ${error.line} of \`${file}\``,
    });
  }
}

/** The same value with each integer that a `number` holds exactly turned into one. */
export function plainIntegers(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const plain = Number(value);
    return Number.isSafeInteger(plain) ? plain : value;
  }
  if (Array.isArray(value)) return value.map(plainIntegers);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const table: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(value)) table[key] = plainIntegers((value as Record<string, unknown>)[key]);
  return table;
}

const HEADER = /^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$/;
const KEY = /^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=/;

/**
 * The line (from 1) on which a key path is written, or the nearest table that encloses it; `undefined` where nothing of
 * it is there. A number in the path selects that element of an array of tables. For messages: it does not parse.
 */
export function lineOfKey(text: string, path: readonly (string | number)[]): number | undefined {
  const names = path.filter((part) => typeof part === 'string');
  const element = path.find((part) => typeof part === 'number') ?? 0;
  const depthOfElement = path.findIndex((part) => typeof part === 'number');
  let best: number | undefined;
  let bestDepth = 0;
  let header: readonly string[] = [];
  let inElement = true;
  let seen = -1;
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    const table = HEADER.exec(line);
    let here: readonly string[] | undefined;
    if (table !== null) {
      header = dottedParts(table[1]!);
      if (line.trimStart().startsWith('[[') && depthOfElement === header.length && isPrefix(header, names)) {
        seen++;
        inElement = seen === element;
      }
      here = header;
    } else {
      const key = KEY.exec(line);
      if (key !== null) here = [...header, ...dottedParts(key[1]!)];
    }
    if (here === undefined || !inElement || here.length <= bestDepth || !isPrefix(here, names)) continue;
    best = index + 1;
    bestDepth = here.length;
    if (bestDepth === names.length) break;
  }
  return best;
}

function dottedParts(text: string): readonly string[] {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)/g)].map(
    (part) => part[1] ?? part[2] ?? part[3] ?? '',
  );
}

function isPrefix(start: readonly string[], whole: readonly string[]): boolean {
  return start.length <= whole.length && start.every((part, index) => part === whole[index]);
}
