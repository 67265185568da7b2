// The hash by which Poetry tells whether a lock still belongs to `pyproject.toml`: SHA-256 of Python's
// `json.dumps(relevant, sort_keys=True)`. What is relevant changed three times.

import { createHash } from 'node:crypto';
import { BivyError } from '../kernel/errors.ts';

/** Named for the Poetrys that computed it so. */
export type HashDialect = '1.0-1.1' | '1.2-1.8' | '2.0-2.2' | '2.3+';

type Table = Readonly<Record<string, unknown>>;

const LEGACY = ['dependencies', 'source', 'extras', 'dev-dependencies'] as const;
const PROJECT = ['requires-python', 'dependencies', 'optional-dependencies'] as const;

/**
 * @param raw the whole `pyproject.toml`, integers as `bigint`
 * @returns 64 hexadecimal digits
 * @throws BivyError `PROJECT_INVALID` where a date stands in what is hashed: Poetry cannot lock that either
 */
export function contentHash(raw: Table, dialect: HashDialect): string {
  return createHash('sha256')
    .update(pythonJson(relevantContent(raw, dialect)))
    .digest('hex');
}

function relevantContent(raw: Table, dialect: HashDialect): Table {
  const poetry = tableIn(tableIn(raw, 'tool'), 'poetry');
  if (dialect === '1.0-1.1') return pick(poetry, LEGACY, LEGACY);
  if (dialect === '1.2-1.8') return pick(poetry, [...LEGACY, 'group'], LEGACY);
  const project = pick(tableIn(raw, 'project'), PROJECT, []);
  const groups = dialect === '2.3+' ? tableIn(raw, 'dependency-groups') : {};
  const hasProject = Object.keys(project).length > 0;
  const hasGroups = Object.keys(groups).length > 0;
  const standard = hasProject || hasGroups;
  const content = pick(poetry, [...LEGACY, 'group'], standard ? [] : LEGACY);
  if (!standard) return content;
  return {
    ...(hasProject ? { project } : {}),
    ...(hasGroups ? { 'dependency-groups': groups } : {}),
    tool: { poetry: content },
  };
}

function tableIn(table: Table, key: string): Table {
  const value = Object.hasOwn(table, key) ? table[key] : undefined;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : {};
}

/** The members named; those also in `always` are `null` where they are missing. */
function pick(table: Table, keys: readonly string[], always: readonly string[]): Table {
  const picked: Record<string, unknown> = {};
  for (const key of keys) {
    if (Object.hasOwn(table, key)) picked[key] = table[key];
    else if (always.includes(key)) picked[key] = null;
  }
  return picked;
}

/** `json.dumps(value, sort_keys=True)`: `", "` and `": "`, ASCII only, keys by code point, floats as `repr` has them. */
export function pythonJson(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  switch (typeof value) {
    case 'string':
      return pythonString(value);
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'number':
      return pythonFloat(value);
    case 'object':
      break;
    default:
      throw new TypeError(`no TOML value: ${typeof value}`);
  }
  if (value instanceof Date) {
    throw new BivyError(
      'PROJECT_INVALID',
      'hashing `pyproject.toml`: a date stands where Poetry can have none',
      {
        hint: 'write the date as a string',
      },
    );
  }
  const table = value as Table;
  const keys = Object.keys(table).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${keys.map((key) => `${pythonString(key)}: ${pythonJson(table[key])}`).join(', ')}}`;
}

function pythonString(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `repr` of a Python float: `1.0`, `1e+16`, `1e-05`; JSON's `Infinity` and `NaN` as Python writes them. */
export function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const [mantissa = '', power = ''] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 16) {
    const text = Object.is(value, -0) ? '-0' : String(value);
    return text.includes('.') ? text : `${text}.0`;
  }
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}
