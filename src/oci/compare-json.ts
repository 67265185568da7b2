// Two JSON documents: every place where they differ, by its path. Pure.

import { isTable } from '../kernel/decode.ts';

export interface JsonDifference {
  /** `config.Env[3]`; `''` for the document itself. */
  readonly path: string;
  /** The value as JSON, cut to 200 characters; `null` where there is none. */
  readonly left: string | null;
  readonly right: string | null;
}

const MAX_VALUE = 200;
const MAX_DEPTH = 64;

/** In the order of the paths: members by name, elements by number. */
export function compareJson(left: unknown, right: unknown): readonly JsonDifference[] {
  return [...differences(left, right, '', 0)];
}

function* differences(
  left: unknown,
  right: unknown,
  path: string,
  depth: number,
): Generator<JsonDifference, void, undefined> {
  if (Object.is(left, right)) return;
  if (depth < MAX_DEPTH && Array.isArray(left) && Array.isArray(right)) {
    for (let index = 0; index < Math.max(left.length, right.length); index++) {
      yield* differences(left[index], right[index], `${path}[${index}]`, depth + 1);
    }
  } else if (depth < MAX_DEPTH && isTable(left) && isTable(right)) {
    for (const key of [...new Set([...Object.keys(left), ...Object.keys(right)])].sort()) {
      const mine = Object.hasOwn(left, key) ? left[key] : undefined;
      const theirs = Object.hasOwn(right, key) ? right[key] : undefined;
      yield* differences(mine, theirs, memberPath(path, key), depth + 1);
    }
  } else {
    const [mine, theirs] = [JSON.stringify(left), JSON.stringify(right)];
    if (mine !== theirs) yield { path, left: cut(mine), right: cut(theirs) };
  }
}

function memberPath(path: string, key: string): string {
  const bare = /^[A-Za-z_$][\w$-]*$/.test(key);
  if (!bare) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

function cut(text: string | undefined): string | null {
  if (text === undefined) return null;
  return text.length <= MAX_VALUE ? text : `${text.slice(0, MAX_VALUE - 1)}…`;
}
