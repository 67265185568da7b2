// Requirements as PEP 508 spells them (`name[extra] (>=1) ; marker`, `name @ url`), as poetry-core's grammar reads them.
// Constraint and marker stay text: whoever needs them parses them with the Poetry's own rules.

import { normalizeName } from './names.ts';

export interface Requirement {
  /** As written. */
  readonly name: string;
  /** In normal form, sorted, each once. */
  readonly extras: readonly string[];
  /** Version constraints joined by commas; `*` where there are none. */
  readonly constraint: string;
  readonly url?: string;
  readonly marker?: string;
}

const NAME = /^\s*([a-zA-Z0-9][a-zA-Z0-9\-_.]*)\s*(?:\[([^\]]*)\])?\s*/;
const EXTRA = /^[a-zA-Z0-9][a-zA-Z0-9\-_.]*$/;
const CONSTRAINT = /^(?:~=|==|!=|<=|>=|<|>)\s*[^,;\s)]*$/;

/** The parts of a requirement, or `undefined` where it is none. A comment (` # …`) is left out, as Poetry does. */
export function parseRequirement(text: string): Requirement | undefined {
  const line = withoutComment(text);
  const start = NAME.exec(line);
  if (start === null) return undefined;
  const extras = (start[2] ?? '').trim() === '' ? [] : start[2]!.split(',').map((extra) => extra.trim());
  if (!extras.every((extra) => EXTRA.test(extra))) return undefined;
  const base = { name: start[1]!, extras: [...new Set(extras.map(normalizeName))].sort() };
  const rest = line.slice(start[0].length);
  if (rest.startsWith('@')) {
    const [, url, after = ''] = /^@\s*(\S+)(.*)$/s.exec(rest) ?? [];
    const marker = markerIn(after);
    if (url === undefined || marker === undefined) return undefined;
    return { ...base, constraint: '*', url, ...(marker === '' ? {} : { marker }) };
  }
  const [, specified = '', tail = ''] = /^([^;]*)(.*)$/s.exec(rest) ?? [];
  const constraint = constraintIn(specified.trim());
  const marker = markerIn(tail);
  if (constraint === undefined || marker === undefined) return undefined;
  return { ...base, constraint, ...(marker === '' ? {} : { marker }) };
}

function withoutComment(text: string): string {
  const at = text.indexOf(' #');
  if (at < 0) return text.trim();
  const rest = text.slice(at + 2);
  const marker = rest.indexOf(' ;');
  return `${text.slice(0, at).trim()}${marker < 0 ? '' : ` ;${rest.slice(marker + 2)}`}`;
}

function constraintIn(text: string): string | undefined {
  if (text === '') return '*';
  const inner = text.startsWith('(') ? (text.endsWith(')') ? text.slice(1, -1) : undefined) : text;
  if (inner === undefined) return undefined;
  const parts = inner.split(',').map((part) => part.trim());
  return parts.every((part) => CONSTRAINT.test(part)) ? parts.join(',') : undefined;
}

/** The marker after a `;`, an empty text where there is nothing, `undefined` where there is something else. */
function markerIn(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  if (!trimmed.startsWith(';')) return undefined;
  const marker = trimmed.slice(1).trim();
  return marker === '' ? undefined : marker;
}
