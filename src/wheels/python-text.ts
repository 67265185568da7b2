// Text as Python cuts it: where its notions of a line differ from JavaScript's, an installer's answer differs too.

const LINE_BREAKS = '\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029';
const LINE_END = new RegExp(`\\r\\n|[${LINE_BREAKS}]`);
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What `\s` matches and `str.strip` takes away, as the inside of a character class: not what JavaScript does. */
export const PYTHON_SPACE: string =
  '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const SPACE = new RegExp(`^[${PYTHON_SPACE}]$`);

/** `str.strip()`. A loop, since a pattern would take quadratic time on what a stranger may write. */
export function trim(text: string): string {
  let start = 0;
  while (start < text.length && SPACE.test(text.charAt(start))) start += 1;
  return trimEnd(text.slice(start));
}

/** `str.rstrip()`. */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && SPACE.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** `str.splitlines()`. */
export function splitLines(text: string): readonly string[] {
  const lines = text.split(LINE_END);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** `bytes.decode("utf-8")`: a byte order mark stays, and invalid bytes are an error. @throws TypeError */
export function decodeUtf8(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

/**
 * The first value of each header, by lower-case name, as Python's `email` reads PKG-INFO-like files (compat32):
 * headers end at the first line that is none; spaces before a value go, those after it stay.
 */
export function parseHeaders(text: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  let name: string | undefined;
  let value = '';
  const store = () => {
    if (name !== undefined && !headers.has(name)) headers.set(name, value.replace(/[\r\n]+$/, ''));
  };
  for (const line of text.split(/(?<=\n)|(?<=\r)(?!\n)/)) {
    if (!/^(From |[!-9;-~]*:|[\t ])/.test(line)) break;
    if (line.startsWith(' ') || line.startsWith('\t')) {
      value += line;
      continue;
    }
    store();
    name = undefined;
    const colon = line.indexOf(':');
    if (line.startsWith('From ') || colon === 0) continue;
    name = line.slice(0, colon).toLowerCase();
    value = line.slice(colon + 1).replace(/^[ \t]+/, '');
  }
  store();
  return headers;
}
