// The fields of `RUN --mount=type=cache,target=/x`: comma-separated values with `"` around those that hold a comma.

import type { Flag, Span } from './ast.ts';

export interface MountField {
  /** Lower case. */
  readonly key: string;
  /** After the `=`; undefined for a bare `ro`. Variables stay as they are written. */
  readonly value: string | undefined;
  /** Of the whole flag's value: fields have no span of their own where quotes or continuations stand in it. */
  readonly span: Span;
}

/** In the order written; undefined where quotes are not closed, which BuildKit refuses. */
export function mountFields(flag: Flag): readonly MountField[] | undefined {
  const text = flag.value ?? '';
  const whole = flag.valueSpan;
  const plain = whole.end - whole.start === text.length;
  const fields: MountField[] = [];
  for (let at = 0; at <= text.length; ) {
    const field = text[at] === '"' ? readQuoted(text, at) : readPlain(text, at);
    if (field === undefined) return undefined;
    const equals = field.text.indexOf('=');
    fields.push({
      key: (equals === -1 ? field.text : field.text.slice(0, equals)).toLowerCase(),
      value: equals === -1 ? undefined : field.text.slice(equals + 1),
      span: plain ? { start: whole.start + at, end: whole.start + field.end } : whole,
    });
    at = field.end + 1;
  }
  return fields;
}

interface Field {
  readonly text: string;
  /** Of the comma after it, or of the end. */
  readonly end: number;
}

function readPlain(text: string, start: number): Field | undefined {
  const comma = text.indexOf(',', start);
  const end = comma === -1 ? text.length : comma;
  const field = text.slice(start, end);
  return field.includes('"') ? undefined : { text: field, end };
}

/** `""` inside is a quote. */
function readQuoted(text: string, start: number): Field | undefined {
  let field = '';
  for (let at = start + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return undefined;
    field += text.slice(at, quote);
    at = quote + 2;
    if (text[quote + 1] === '"') field += '"';
    else
      return quote + 1 === text.length || text[quote + 1] === ','
        ? { text: field, end: quote + 1 }
        : undefined;
  }
}
