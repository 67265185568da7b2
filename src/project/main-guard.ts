// Whether a Python module does something when it is run: an `if __name__ == "__main__":` at its top level. Read as text,
// token by token, so that neither comments nor strings are taken for code; nothing is ever run. Pure.

type Token = { readonly kind: 'name' | 'string' | 'operator'; readonly text: string };

/** True where a statement at the top level is such a guard, either way round, with or without parentheses. */
export function hasMainGuard(source: string): boolean {
  for (const line of topLevelLines(source)) {
    if (line[0]?.text !== 'if' && line[0]?.text !== 'elif') continue;
    for (let index = 1; index + 2 < line.length; index++) {
      const [left, operator, right] = [line[index]!, line[index + 1]!, line[index + 2]!];
      if (operator.text !== '==' || line[index - 1]!.text === 'not') continue;
      if (isName(left) && isMain(right)) return true;
      if (isMain(left) && isName(right)) return true;
    }
  }
  return false;
}

function isName({ kind, text }: Token): boolean {
  return kind === 'name' && text === '__name__';
}

function isMain({ kind, text }: Token): boolean {
  return kind === 'string' && text === '__main__';
}

/** The tokens of each logical line that begins in the first column. */
function* topLevelLines(source: string): Generator<readonly Token[]> {
  const text = source.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const pattern =
    /([A-Za-z]{0,2})("""|'''|"|')|#[^\n]*|\\\n|(\n)|[ \t\f]+|([\p{L}_][\p{L}\p{N}_]*)|([0-9][\p{L}\p{N}_.]*)|(==|[^\s])/gu;
  let line: Token[] = [];
  let depth = 0;
  let lineStart = 0;
  let indented = false;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const [whole, prefix = '', quote, newline, name, , operator] = match;
    if (line.length === 0) indented = /[ \t\f]/.test(text[lineStart] ?? '');
    if (newline !== undefined) {
      if (depth > 0) continue;
      if (!indented && line.length > 0) yield line;
      line = [];
      lineStart = match.index + 1;
    } else if (quote !== undefined) {
      const end = stringEnd(text, pattern.lastIndex, quote);
      line.push({ kind: 'string', text: /[bBfF]/.test(prefix) ? '' : text.slice(pattern.lastIndex, end) });
      pattern.lastIndex = end + quote.length;
    } else if (name !== undefined) line.push({ kind: 'name', text: name });
    else if (operator !== undefined) {
      if ('([{'.includes(operator)) depth++;
      else if (')]}'.includes(operator)) depth = Math.max(0, depth - 1);
      line.push({ kind: 'operator', text: whole });
    }
  }
  if (!indented && line.length > 0) yield line;
}

/** Where the closing quote stands; a string that does not end closes with its line, or with the text. */
function stringEnd(text: string, start: number, quote: string): number {
  for (let index = start; index < text.length; index++) {
    if (text[index] === '\\') index++;
    else if (text.startsWith(quote, index)) return index;
    else if (quote.length === 1 && text[index] === '\n') return index - 1;
  }
  return text.length;
}
