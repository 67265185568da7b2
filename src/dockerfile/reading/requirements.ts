// A requirement on a command line: which program it asks for, and whether it fixes the version.

/** How far a version is said. `unknown`: a file or a variable holds it. */
export type Precision = 'exact' | 'range' | 'none' | 'unknown';

export interface ToolVersion {
  readonly precision: Precision;
  /** As far as it is known: `1.8.3`, `~=1.8`. */
  readonly text: string | undefined;
}

export const UNSAID: ToolVersion = { precision: 'none', text: undefined };

/**
 * The version that a word asks of a package; undefined where it asks for another package.
 * @param word with `\0` for unknown parts: `poetry==\0`, `poetry[x]>=1.8`, `git+https://…/poetry.git@1.8.3`
 */
export function versionAsked(word: string, name: string): ToolVersion | undefined {
  const text = word.trim();
  if (!text.toLowerCase().includes(name)) return undefined;
  const { address, requirement } = patternsOf(name);
  const sought = address.exec(text);
  if (sought !== null) {
    const version = sought[1] ?? sought[2];
    return version === undefined
      ? UNSAID
      : { precision: isExact(version) ? 'exact' : 'range', text: version };
  }
  const match = requirement.exec(text);
  const rest = match?.[1];
  if (rest === undefined) return undefined;
  if (rest === '') return UNSAID;
  if (rest.startsWith('\0')) return { precision: 'unknown', text: undefined };
  if (rest.startsWith('@')) return versionNamed(rest.slice(1).trim());
  if (rest.startsWith('==')) return versionNamed(rest.replace(/^={2,3}\s*/, ''));
  if (/^(?:[<>~!]=?|=)/.test(rest)) return { precision: 'range', text: rest };
  return undefined;
}

interface Patterns {
  readonly address: RegExp;
  readonly requirement: RegExp;
}

const PATTERNS = new Map<string, Patterns>();

function patternsOf(name: string): Patterns {
  let patterns = PATTERNS.get(name);
  if (patterns === undefined) {
    patterns = {
      address: new RegExp(
        `^(?:${name}\\s*@\\s*)?(?:git\\+|https?:).*\\b${name}(?:\\.git)?(?:@([^#/]+)|-(\\d[^-/]*)[-.].*)?(?:#.*)?$`,
        'i',
      ),
      requirement: new RegExp(`^${name}(?:\\[[^\\]]*\\])?\\s*(.*)$`, 'is'),
    };
    PATTERNS.set(name, patterns);
  }
  return patterns;
}

/** A version that stands where one is expected: behind `==`, in `POETRY_VERSION`, behind `--version`. */
export function versionNamed(value: string | undefined): ToolVersion {
  const text = value?.trim().replace(/^['"]|['"]$/g, '');
  if (text === undefined || text.includes('\0')) return { precision: 'exact', text: undefined };
  if (text === '' || text === 'latest') return UNSAID;
  return { precision: isExact(text) ? 'exact' : 'range', text };
}

function isExact(version: string): boolean {
  return /^v?\d+(?:\.\d+)*(?:[-_.]?[a-z]+\d*)*$/i.test(version);
}
