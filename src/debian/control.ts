// Debian control data: paragraphs of `Field: value` with continuation lines (deb822), and the relations between
// packages that stand in them. Policy manual, sections 5.1 and 7.1.

export interface Relation {
  readonly name: string;
  /** `any`, `native` or an architecture: `python3:any`. */
  readonly qualifier: string | undefined;
  readonly version:
    | { readonly operator: '<<' | '<=' | '=' | '>=' | '>>'; readonly version: string }
    | undefined;
}

/** One paragraph: field names in lower case, continuation lines joined by line feeds without their first blank. */
export function parseParagraph(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let last: string | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (last !== undefined) fields.set(last, `${fields.get(last)}\n${line.slice(1)}`);
      continue;
    }
    if (line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    last = line.slice(0, colon).toLowerCase();
    fields.set(last, line.slice(colon + 1).trim());
  }
  return fields;
}

/** The paragraphs of a file, in order; blank lines part them. */
export function parseParagraphs(text: string): readonly ReadonlyMap<string, string>[] {
  return text
    .replaceAll('\r\n', '\n')
    .split(/\n(?:[ \t]*\n)+/)
    .map(parseParagraph)
    .filter((fields) => fields.size > 0);
}

const RELATION =
  /^([a-z0-9][a-z0-9+.-]*)(?::([a-z0-9-]+))?\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([a-z0-9][^\s()]*)\s*\))?\s*(?:\[[^\]]*\])?\s*(?:<[^>]*>\s*)*$/i;

/**
 * A dependency field as groups of alternatives: `a | b, c` is `[[a, b], [c]]`.
 * @throws TypeError naming the part that is no relation
 */
export function parseRelations(field: string): readonly (readonly Relation[])[] {
  return field
    .split(',')
    .map((group) => group.trim())
    .filter((group) => group !== '')
    .map((group) => group.split('|').map((text) => parseRelation(text.trim())));
}

function parseRelation(text: string): Relation {
  const match = RELATION.exec(text);
  if (match === null) throw new TypeError(`\`${text.slice(0, 100)}\` is no package relation`);
  const [, name = '', qualifier, operator, version] = match;
  if (operator === undefined || version === undefined) return { name, qualifier, version: undefined };
  // `<` and `>` are the old spelling of `<=` and `>=`.
  const modern = operator === '<' || operator === '>' ? `${operator}=` : operator;
  return { name, qualifier, version: { operator: modern as '<<' | '<=' | '=' | '>=' | '>>', version } };
}
