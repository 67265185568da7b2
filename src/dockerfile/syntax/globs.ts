// Patterns of `${V#…}`, `${V%…}` and `${V/…/…}`: `*` and `?`, and a backslash before one of them. BuildKit makes regular
// expressions of them; here they are followed state by state, so that no pattern takes long.

type Element = { readonly kind: 'star' | 'any' } | { readonly kind: 'char'; readonly char: string };

/** Steps that one substitution may take; what needs more is said to be unknown. */
const BUDGET = 200_000;

/** undefined: the pattern has an escape that BuildKit refuses. */
function elementsOf(pattern: string): readonly Element[] | undefined {
  const elements: Element[] = [];
  const chars = [...pattern];
  for (let at = 0; at < chars.length; at += 1) {
    let char = chars[at]!;
    if (char === '*') elements.push({ kind: 'star' });
    else if (char === '?') elements.push({ kind: 'any' });
    else {
      if (char === '\\') {
        const next = chars[at + 1];
        if (next === '}' || next === '/') continue;
        if (next !== '*' && next !== '?' && next !== '\\') return undefined;
        char = next;
        at += 1;
      }
      elements.push({ kind: 'char', char });
    }
  }
  return elements;
}

/** Where a match that begins at `start` ends: the shortest or the longest; undefined without one. */
function matchEnd(
  elements: readonly Element[],
  chars: readonly string[],
  start: number,
  longest: boolean,
): number | undefined {
  let states = closure(elements, new Set([0]));
  let end: number | undefined;
  for (let at = start; ; at += 1) {
    if (states.has(elements.length)) {
      end = at;
      if (!longest) return end;
    }
    const char = chars[at];
    if (char === undefined || states.size === 0) return end;
    const following = new Set<number>();
    for (const state of states) {
      const element = elements[state];
      if (element === undefined) continue;
      if (element.kind === 'char' ? element.char === char : char !== '\n') {
        following.add(element.kind === 'star' ? state : state + 1);
      }
    }
    states = closure(elements, following);
  }
}

/** A star may match nothing. */
function closure(elements: readonly Element[], states: Set<number>): Set<number> {
  for (const state of states) if (elements[state]?.kind === 'star') states.add(state + 1);
  return states;
}

/** `${value#pattern}`, or with `longest` `##`. @returns undefined where it cannot be said */
export function trimPrefix(pattern: string, value: string, longest: boolean): string | undefined {
  if (pattern.length * value.length > BUDGET) return undefined;
  const elements = elementsOf(pattern);
  if (elements === undefined) return undefined;
  const chars = [...value];
  return chars.slice(matchEnd(elements, chars, 0, longest) ?? 0).join('');
}

/** `${value%pattern}`, or with `longest` `%%`. @returns undefined where it cannot be said */
export function trimSuffix(pattern: string, value: string, longest: boolean): string | undefined {
  if (pattern.length * value.length > BUDGET) return undefined;
  const elements = elementsOf(pattern);
  if (elements === undefined) return undefined;
  const chars = [...value].reverse();
  const cut = matchEnd(elements.toReversed(), chars, 0, longest) ?? 0;
  return chars.slice(cut).reverse().join('');
}

/** `${value/pattern/replacement}`, or with `all` `//`: the longest match, first from the left. @returns undefined where it cannot be said */
export function replacePattern(
  pattern: string,
  value: string,
  replacement: string,
  all: boolean,
): string | undefined {
  if (pattern.length * value.length * value.length > BUDGET) return undefined;
  const elements = elementsOf(pattern);
  if (elements === undefined) return undefined;
  const chars = [...value];
  let result = '';
  let copied = 0;
  // A match of nothing does not count just after another match.
  let barred = -1;
  for (let start = 0; start <= chars.length; ) {
    const end = matchEnd(elements, chars, start, true);
    if (end === undefined || (end === start && start === barred)) {
      start += 1;
      continue;
    }
    result += chars.slice(copied, start).join('') + replacement;
    copied = end;
    barred = end;
    if (!all) break;
    start = end === start ? start + 1 : end;
  }
  return result + chars.slice(copied).join('');
}
