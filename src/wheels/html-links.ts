// The links of an HTML page (PEP 503 asks for HTML 5): a tokenizer of tags, no document. Time is linear in the text,
// whatever it holds.

export interface HtmlTag {
  /** Lower case. */
  readonly name: string;
  /** Names in lower case, character references decoded; of a repeated name the first, as browsers have it. */
  readonly attributes: ReadonlyMap<string, string>;
}

/** What stands between these is text, whatever it looks like. */
const RAW_TEXT = new Set(['script', 'style', 'textarea', 'title', 'xmp', 'iframe', 'noembed', 'noframes']);
const TAG_NAME = /[a-zA-Z][^\s/>]*/y;
const ATTRIBUTE = /[\s/]*([^\s/>=][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?/y;

/** The start tags of the text, in order. */
export function* tagsOf(text: string): Generator<HtmlTag, void, undefined> {
  let position = text.indexOf('<');
  while (position >= 0) {
    if (text.startsWith('<!--', position)) {
      const end = text.indexOf('-->', position + 4);
      if (end < 0) return;
      position = text.indexOf('<', end + 3);
      continue;
    }
    TAG_NAME.lastIndex = position + 1;
    const name = TAG_NAME.exec(text)?.[0].toLowerCase();
    if (name === undefined) {
      position = text.indexOf('<', position + 1);
      continue;
    }
    const { attributes, end } = attributesAt(text, TAG_NAME.lastIndex);
    yield { name, attributes };
    const after = RAW_TEXT.has(name) ? endOfRawText(text, name, end) : end;
    position = text.indexOf('<', after);
  }
}

/** The text of the first `title`, for messages. */
export function titleOf(text: string): string | undefined {
  return /<title[^>]{0,200}>([^<]{0,200})/i.exec(text.slice(0, 10_000))?.[1]?.trim();
}

function attributesAt(text: string, start: number): { attributes: Map<string, string>; end: number } {
  const attributes = new Map<string, string>();
  let position = start;
  for (;;) {
    ATTRIBUTE.lastIndex = position;
    const match = ATTRIBUTE.exec(text);
    if (match === null) {
      const close = text.indexOf('>', position);
      return { attributes, end: close < 0 ? text.length : close + 1 };
    }
    position = ATTRIBUTE.lastIndex;
    const name = match[1]!.toLowerCase();
    if (!attributes.has(name)) attributes.set(name, decodeReferences(match[2] ?? match[3] ?? match[4] ?? ''));
  }
}

function endOfRawText(text: string, name: string, start: number): number {
  const pattern = new RegExp(`</${name}`, 'gi');
  pattern.lastIndex = start;
  return pattern.exec(text)?.index ?? text.length;
}

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
};

/** Numeric character references and the named ones that occur in links. */
function decodeReferences(text: string): string {
  if (!text.includes('&')) return text;
  return text.replaceAll(
    /&(?:#[xX]([0-9a-fA-F]{1,6})|#(\d{1,7})|([a-z]{2,4}));/g,
    (whole, hex, decimal, name) => {
      if (name !== undefined) return NAMED[name as string] ?? whole;
      const point = hex === undefined ? Number(decimal) : Number.parseInt(hex as string, 16);
      const valid = point > 0 && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
      return valid ? String.fromCodePoint(point) : '\ufffd';
    },
  );
}
