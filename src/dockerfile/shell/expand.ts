// From the parts of a word to what the command sees: POSIX shell, 2.6. File names and braces are left as they are.

import type { ShellWord } from './ast.ts';
import { transform } from './parameters.ts';
import { assign, lookUp, type Scope } from './scope.ts';
import { type Source, spanOf } from './source.ts';
import type { Part, RawWord, Sequence } from './tree.ts';

export interface Expansion {
  readonly source: Source;
  readonly scope: Scope;
  /** Is told of each substitution, once. */
  readonly substitute: (source: Source, body: Sequence) => void;
}

interface Field {
  pattern: string;
  readonly starts: number[];
  readonly ends: number[];
}

interface Fields {
  readonly done: Field[];
  /** Undefined between words. */
  open: Field | undefined;
  readonly splits: boolean;
}

/** The words that the shell makes of one: none of an empty `$X`, several of `$X` with blanks. */
export function expandWord(expansion: Expansion, word: RawWord): readonly ShellWord[] {
  const fields: Fields = { done: [], open: undefined, splits: true };
  addParts(expansion, fields, word.parts);
  if (fields.open !== undefined) fields.done.push(fields.open);
  return fields.done.map((field) => shellWord(expansion.source, word, field));
}

/** The word without splitting, as in an assignment; empty parts make an empty word. */
export function expandWhole(
  expansion: Expansion,
  { from, to, parts }: Pick<RawWord, 'from' | 'to' | 'parts'>,
): ShellWord {
  return shellWord(expansion.source, { from, to }, expandField(expansion, parts));
}

function expandField(expansion: Expansion, parts: readonly Part[]): Field {
  const fields: Fields = { done: [], open: undefined, splits: false };
  addParts(expansion, fields, parts);
  return fields.open ?? { pattern: '', starts: [], ends: [] };
}

function shellWord(source: Source, { from, to }: { from: number; to: number }, field: Field): ShellWord {
  const { pattern, starts, ends } = field;
  return {
    raw: source.text.slice(from, to),
    value: pattern.includes('\0') ? undefined : pattern,
    pattern,
    span: spanOf(source, from, to),
    origin: { starts, ends },
  };
}

function addParts(expansion: Expansion, fields: Fields, parts: readonly Part[]): void {
  for (const part of parts) addPart(expansion, fields, part);
}

function addPart(expansion: Expansion, fields: Fields, part: Part): void {
  switch (part.kind) {
    case 'text':
      addText(expansion.source, fields, part);
      break;
    case 'escaped':
      addValue(expansion.source, fields, { from: part.from, to: part.to, quoted: true }, part.value);
      break;
    case 'substitution':
      expansion.substitute(part.source, part.body);
      addValue(expansion.source, fields, part, '\0');
      break;
    case 'unknown':
      expandField(expansion, part.inner);
      addValue(expansion.source, fields, part, '\0');
      break;
    case 'parameter':
      if (/[-=+]$/.test(part.operator)) addAlternative(expansion, fields, part);
      else addParameter(expansion, fields, part);
  }
}

function addText(source: Source, fields: Fields, part: Part & { kind: 'text' }): void {
  if (part.quoted) openField(fields);
  for (let at = part.from; at < part.to; at++) {
    const c = source.text[at] as string;
    if (!part.quoted && isBlank(c) && fields.splits) closeField(fields);
    else put(openField(fields), c, source.starts[at] as number, source.ends[at] as number);
  }
}

interface Place {
  readonly from: number;
  readonly to: number;
  readonly quoted: boolean;
}

/** Puts a value in the place of `$X`. */
function addValue(source: Source, fields: Fields, { from, to, quoted }: Place, value: string): void {
  const { start, end } = spanOf(source, from, to);
  if (quoted) openField(fields);
  for (let at = 0; at < value.length; at++) {
    const c = value[at] as string;
    if (!quoted && isBlank(c) && fields.splits) closeField(fields);
    else put(openField(fields), c, start, end);
  }
}

/** `${X:-y}`, `${X=y}`, `${X:+y}`. */
function addAlternative(expansion: Expansion, fields: Fields, part: Part & { kind: 'parameter' }): void {
  const { scope } = expansion;
  const { name, operator, operand } = part;
  const known = lookUp(scope, name);
  const isUnknown = known !== undefined && known.value === undefined;
  const isSet = known !== undefined && !(operator.startsWith(':') && known.value === '');
  if (!isUnknown && isSet === operator.endsWith('+') && !operator.endsWith('=')) {
    addParts(expansion, fields, operand);
    return;
  }
  const { pattern } = expandField(expansion, operand);
  if (!isUnknown && !isSet && operator.endsWith('=')) {
    assign(scope, name, pattern.includes('\0') ? undefined : pattern);
  }
  if (!isUnknown && operator.endsWith('+')) addKnown(expansion, fields, part, '');
  else addKnown(expansion, fields, part, operator.endsWith('+') ? undefined : lookUp(scope, name)?.value);
}

function addParameter(expansion: Expansion, fields: Fields, part: Part & { kind: 'parameter' }): void {
  const { operator, operand, quoted } = part;
  const value = lookUp(expansion.scope, part.name)?.value;
  const { pattern } = expandField(expansion, operand);
  if (operator === '' || operator.endsWith('?')) {
    addKnown(expansion, fields, part, value);
    return;
  }
  const isPlain = operand.every((each) => each.kind === 'text' && each.quoted === quoted);
  const argument = isPlain && !pattern.includes('\0') ? pattern : undefined;
  addKnown(expansion, fields, part, value === undefined ? undefined : transform(value, operator, argument));
}

function addKnown(
  { scope, source }: Expansion,
  fields: Fields,
  place: Place,
  value: string | undefined,
): void {
  const isTooLong = value !== undefined && value.length > scope.budget.left;
  if (value !== undefined && !isTooLong) scope.budget.left -= value.length;
  addValue(source, fields, place, value === undefined || isTooLong ? '\0' : value);
}

function openField(fields: Fields): Field {
  fields.open ??= { pattern: '', starts: [], ends: [] };
  return fields.open;
}

function closeField(fields: Fields): void {
  if (fields.open !== undefined) fields.done.push(fields.open);
  fields.open = undefined;
}

function put(field: Field, c: string, start: number, end: number): void {
  field.pattern += c;
  field.starts.push(start);
  field.ends.push(end);
}

function isBlank(c: string): boolean {
  return c === ' ' || c === '\t' || c === '\n';
}
