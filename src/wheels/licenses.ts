// Licences as METADATA spells them: SPDX identifiers in their canonical case, licence expressions (PEP 639, as
// packaging's `canonicalize_license_expression`), and the trove classifier that poetry-core derives. Pure.

import { CLASSIFIED, EXCEPTIONS, IDENTIFIERS, NAMES, OSI_APPROVED } from './spdx.ts';

const OPERATORS = new Set(['and', 'or', 'with', '(', ')']);

/** The expression in canonical spelling; `undefined` where it is none, or names a licence that SPDX does not know. */
export function canonicalExpression(text: string): string | undefined {
  const tokens = text
    .replace(/[()]/g, ' $& ')
    .split(/\s+/)
    .filter((token) => token !== '');
  if (!isWellFormed(tokens.map((token) => token.toLowerCase()))) return undefined;
  const identifiers = byLowerCase(IDENTIFIERS);
  const exceptions = byLowerCase(EXCEPTIONS);
  let afterWith = false;
  const canonical = tokens.map((token): string | undefined => {
    const lower = token.toLowerCase();
    if (OPERATORS.has(lower)) {
      afterWith = lower === 'with';
      return lower.toUpperCase();
    }
    if (afterWith) return exceptions.get(lower);
    if (lower.startsWith('licenseref-')) {
      const name = token.slice('licenseref-'.length);
      return /^[A-Za-z0-9.-]+$/.test(name) ? `LicenseRef-${name}` : undefined;
    }
    const known = identifiers.get(lower);
    if (known !== undefined || !lower.endsWith('+')) return known;
    const base = identifiers.get(lower.slice(0, -1));
    return base === undefined ? undefined : `${base}+`;
  });
  if (canonical.includes(undefined)) return undefined;
  return canonical.join(' ').replaceAll('( ', '(').replaceAll(' )', ')');
}

/** Alternation of licences and operators, balanced parentheses; `with` between a licence and an exception. */
function isWellFormed(tokens: readonly string[]): boolean {
  let depth = 0;
  let operand = true;
  for (const [index, token] of tokens.entries()) {
    if (token === '(') {
      if (!operand || tokens[index - 1] === 'with') return false;
      depth++;
    } else if (token === ')') {
      if (operand || --depth < 0) return false;
    } else if (OPERATORS.has(token)) {
      if (operand || (token === 'with' && tokens[index - 1] === ')')) return false;
      operand = true;
    } else {
      if (!operand) return false;
      operand = false;
    }
  }
  return depth === 0 && !operand;
}

interface ClassifiedLicense {
  /** The canonical identifier, or the text where it is none. */
  readonly id: string;
  /** `License :: OSI Approved :: MIT License` */
  readonly classifier: string;
}

/** The licence that a text names, by identifier or full name in any case (poetry-core, `spdx/helpers.py`). */
export function classifyLicense(text: string): ClassifiedLicense {
  const lower = text.toLowerCase();
  const names = table(NAMES);
  const named = [...names].find(([, name]) => name.toLowerCase() === lower)?.[0];
  const known = lower === 'proprietary' ? 'Proprietary' : (byLowerCase(IDENTIFIERS).get(lower) ?? named);
  const id = known ?? text;
  const approved = OSI_APPROVED.split(/\s+/).includes(id);
  const classified = table(CLASSIFIED).get(id);
  const name =
    classified === undefined ? (approved ? undefined : 'Other/Proprietary License') : classified || id;
  return {
    id,
    classifier: [
      'License',
      ...(approved ? ['OSI Approved'] : []),
      ...(name === undefined ? [] : [name]),
    ].join(' :: '),
  };
}

function byLowerCase(words: string): ReadonlyMap<string, string> {
  return new Map(
    words
      .trim()
      .split(/\s+/)
      .map((word) => [word.toLowerCase(), word]),
  );
}

function table(lines: string): ReadonlyMap<string, string> {
  return new Map(
    lines
      .trim()
      .split('\n')
      .map((line) => {
        const [id = '', ...rest] = line.split(' ');
        return [id, rest.join(' ')];
      }),
  );
}
