// `${X%…}`, `${X/…}` and their like on known values: POSIX shell, 2.6.2, and bash's Shell Parameter Expansion.

/** Longer values and patterns are not matched: trying each end is quadratic. */
const LONGEST = 256;

/**
 * What an operator makes of a value, or undefined where that is not known. `operand` is undefined where it rests on
 * something unknown or was quoted in part.
 */
export function transform(value: string, operator: string, operand: string | undefined): string | undefined {
  if (operator === 'length') return String([...value].length);
  if (operand === undefined || value.length > LONGEST || operand.length > LONGEST) return undefined;
  switch (operator) {
    case '#':
    case '##':
    case '%':
    case '%%':
      return trim(value, operator, operand);
    case '/':
    case '//':
      return replace(value, operator, operand);
    case '^^':
      return operand === '' ? value.toUpperCase() : undefined;
    case ',,':
      return operand === '' ? value.toLowerCase() : undefined;
    case ':':
      return slice(value, operand);
    default:
      return undefined;
  }
}

function trim(value: string, operator: string, pattern: string): string | undefined {
  if (/[[\]\\]/.test(pattern)) return undefined;
  const isPrefix = operator.startsWith('#');
  const lengths = Array.from({ length: value.length + 1 }, (_, length) => length);
  if (operator.length === 2) lengths.reverse();
  for (const length of lengths) {
    const [removed, kept] = isPrefix
      ? [value.slice(0, length), value.slice(length)]
      : [value.slice(value.length - length), value.slice(0, value.length - length)];
    if (matches(removed, pattern)) return kept;
  }
  return value;
}

/** Whether a pattern of characters, `*` and `?` matches the whole; steps back to the last `*` alone. */
function matches(value: string, pattern: string): boolean {
  let at = 0;
  let inPattern = 0;
  let star = -1;
  let starAt = 0;
  while (at < value.length) {
    if (pattern[inPattern] === '*') {
      star = inPattern;
      starAt = at;
      inPattern += 1;
    } else if (pattern[inPattern] === '?' || pattern[inPattern] === value[at]) {
      at += 1;
      inPattern += 1;
    } else if (star >= 0) {
      starAt += 1;
      at = starAt;
      inPattern = star + 1;
    } else return false;
  }
  while (pattern[inPattern] === '*') inPattern += 1;
  return inPattern === pattern.length;
}

function replace(value: string, operator: string, operand: string): string | undefined {
  const slash = operand.indexOf('/', 1);
  const pattern = slash < 0 ? operand : operand.slice(0, slash);
  const replacement = slash < 0 ? '' : operand.slice(slash + 1);
  if (pattern === '' || /[[\]\\*?]|^[#%]/.test(pattern) || replacement.includes('&')) return undefined;
  return operator === '//'
    ? value.replaceAll(pattern, () => replacement)
    : value.replace(pattern, () => replacement);
}

function slice(value: string, operand: string): string | undefined {
  const match = /^([0-9]{1,9})(?::([0-9]{1,9}))?$/.exec(operand);
  if (match === null) return undefined;
  const from = Number(match[1]);
  return value.slice(from, match[2] === undefined ? undefined : from + Number(match[2]));
}
