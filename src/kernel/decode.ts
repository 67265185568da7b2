// Decoding untyped values (TOML, JSON) by hand: a node knows its value and how it was reached, so that a message can say
// `tool.poetry.packages[0].include` must be a string. Pure; paths are spelled only when something is wrong.

import { BivyError, type ErrorCode } from './errors.ts';

/** What is being decoded: the file's name for messages, the code of its errors, and a way to find a key's line. */
export interface Document {
  readonly file: string;
  readonly code: ErrorCode;
  readonly hint?: string;
  /** For what is no file: what a path is called by whoever wrote it, for example the name of a flag. */
  readonly spell?: (path: readonly (string | number)[]) => string;
  readonly lineOf?: (path: readonly (string | number)[]) => number | undefined;
}

/** A value inside a document; `undefined` where nothing is there. */
export interface Node {
  readonly value: unknown;
  readonly document: Document;
  readonly parent?: Node;
  readonly key?: string | number;
}

export type Table = Readonly<Record<string, unknown>>;

export function rootNode(value: unknown, document: Document): Node {
  return { value, document };
}

/** The member of a table. @throws BivyError where the node is there and no table */
export function member(node: Node, key: string): Node {
  const table = node.value === undefined ? undefined : tableOf(node);
  const value = table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
  return { value, document: node.document, parent: node, key };
}

/** `member` repeated. */
export function descend(node: Node, ...keys: readonly string[]): Node {
  return keys.reduce(member, node);
}

export function isPresent(node: Node): boolean {
  return node.value !== undefined;
}

export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

export function tableOf(node: Node): Table {
  return isTable(node.value) ? node.value : refuse(node, 'a table');
}

/** Keys and nodes of a table, in the order written; none where the node is absent. */
export function entriesOf(node: Node): readonly (readonly [string, Node])[] {
  if (node.value === undefined) return [];
  const table = tableOf(node);
  return Object.keys(table).map(
    (key) => [key, { value: table[key], document: node.document, parent: node, key }] as const,
  );
}

/** The elements of an array; none where the node is absent. */
export function itemsOf(node: Node): readonly Node[] {
  if (node.value === undefined) return [];
  if (!Array.isArray(node.value)) return refuse(node, 'an array');
  return node.value.map((value: unknown, key) => ({ value, document: node.document, parent: node, key }));
}

export function stringOf(node: Node): string {
  return typeof node.value === 'string' ? node.value : refuse(node, 'a string');
}

export function booleanOf(node: Node): boolean {
  return typeof node.value === 'boolean' ? node.value : refuse(node, '`true` or `false`');
}

/** A whole number; a `bigint` that a number holds exactly will do. */
export function integerOf(node: Node): number {
  const value = typeof node.value === 'bigint' ? Number(node.value) : node.value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : refuse(node, 'an integer');
}

/** An array of strings; empty where the node is absent. */
export function stringsOf(node: Node): readonly string[] {
  return itemsOf(node).map(stringOf);
}

/** A table of strings, in the order written; empty where the node is absent. */
export function stringTableOf(node: Node): ReadonlyMap<string, string> {
  return new Map(entriesOf(node).map(([key, value]) => [key, stringOf(value)]));
}

/** What `decode` makes of the node, or `undefined` where it is absent. */
export function optional<T>(node: Node, decode: (node: Node) => T): T | undefined {
  return node.value === undefined ? undefined : decode(node);
}

/** The path from the document's root. */
export function pathOf(node: Node): readonly (string | number)[] {
  return node.parent === undefined || node.key === undefined ? [] : [...pathOf(node.parent), node.key];
}

/** `tool.poetry.packages[0].include`; keys that are not bare are quoted. */
function spellPath(path: readonly (string | number)[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += `${text === '' ? '' : '.'}${/^[A-Za-z0-9_-]+$/.test(part) ? part : JSON.stringify(part)}`;
  }
  return text;
}

/** @throws BivyError always: that the node must be what `expected` says (`a string`) */
export function refuse(node: Node, expected: string): never {
  if (node.value === undefined) return failAt(node, `is missing; it must be ${expected}`);
  return failAt(node, `must be ${expected}, not ${kindOf(node.value)}`);
}

/** @throws BivyError always: `file: \`path\` complaint`, with the place; without a place for what is no file */
export function failAt(node: Node, complaint: string, hint?: string): never {
  const { file, code, lineOf, spell, hint: usual } = node.document;
  const path = pathOf(node);
  const line = lineOf?.(path);
  const remedy = hint ?? usual;
  const place = path.length === 0 ? `\`${file}\`` : `\`${file}\`: \`${spellPath(path)}\``;
  throw new BivyError(code, `${spell === undefined ? place : `\`${spell(path)}\``} ${complaint}`, {
    ...(spell === undefined ? { location: { file, ...(line === undefined ? {} : { line }) } } : {}),
    ...(remedy === undefined ? {} : { hint: remedy }),
  });
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date) return 'a date';
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return 'a string';
    case 'boolean':
      return `\`${value}\``;
    case 'number':
    case 'bigint':
      return 'a number';
    default:
      return 'a table';
  }
}

/**
 * The candidate that a mistyped word most likely meant, or `undefined` where none is near: the fewest edits (insert,
 * delete, replace, swap of neighbours), at most a third of the word's length and at least one; ties by code unit.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate, bestDistance);
    if (distance < bestDistance || (distance === bestDistance && best !== undefined && candidate < best)) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Optimal string alignment distance; anything above `limit` comes back as `limit + 1`. */
export function editDistance(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    let smallest = row;
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      if (
        row > 1 &&
        column > 1 &&
        left[row - 1] === right[column - 2] &&
        left[row - 2] === right[column - 1]
      ) {
        cost = Math.min(cost, beforeLast[column - 2]! + 1);
      }
      current.push(cost);
      smallest = Math.min(smallest, cost);
    }
    if (smallest > limit) return limit + 1;
    beforeLast = last;
    last = current;
  }
  return Math.min(last[right.length]!, limit + 1);
}
