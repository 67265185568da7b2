// One value of a Git configuration file: git-config(1), "Syntax". Files that it includes are not read. Pure.

/**
 * The first value of that key, as Git takes the first `url` of a remote to fetch from; `undefined` where there is none.
 * @param section in lower case, as `key`; the subsection is compared as written
 */
export function configValue(
  text: string,
  section: string,
  subsection: string,
  key: string,
): string | undefined {
  let here = false;
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  for (let index = 0; index < lines.length; index++) {
    let line = lines[index]!.trim();
    const header = /^\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]/.exec(line);
    if (header !== null) {
      const [whole, name = '', quoted] = header;
      here = name.toLowerCase() === section && quoted?.replace(/\\(.)/g, '$1') === subsection;
      line = line.slice(whole.length).trim();
    }
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const pieces: string[] = [];
    for (; endsOpen(lines[index]!) && index + 1 < lines.length; index++)
      pieces.push(lines[index]!.slice(0, -1));
    const raw = pieces.join('') + lines[index]!;
    if (!here) continue;
    const body = header === null ? raw : raw.trimStart().slice(header[0].length);
    const found = /^\s*([A-Za-z][A-Za-z0-9-]*)\s*=(.*)$/s.exec(body);
    if (found?.[1]?.toLowerCase() === key) return unquote(found[2]!);
  }
  return undefined;
}

/** Whether the line goes on in the next one: an odd number of backslashes at its end. */
function endsOpen(line: string): boolean {
  let at = line.length;
  while (line[at - 1] === '\\') at--;
  return (line.length - at) % 2 === 1;
}

/** Quotes and escapes undone, a comment and the space around left out; `undefined` for what Git refuses. */
function unquote(raw: string): string | undefined {
  let value = '';
  let kept = 0;
  let quoted = false;
  for (let at = 0; at < raw.length; at++) {
    const character = raw[at]!;
    if (character === '"') quoted = !quoted;
    else if (character === '\\') {
      const escaped = ESCAPES[raw[++at] ?? ''];
      if (escaped === undefined) return undefined;
      value += escaped;
      kept = value.length;
      continue;
    } else if (!quoted && (character === '#' || character === ';')) break;
    else {
      if (value === '' && !quoted && /\s/.test(character)) continue;
      value += character;
    }
    if (quoted || character === '"' || !/\s/.test(character)) kept = value.length;
  }
  return quoted ? undefined : value.slice(0, kept);
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', n: '\n', t: '\t', b: '\b' };
