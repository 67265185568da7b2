// What a registry asks of those it does not know: `WWW-Authenticate` (RFC 9110 section 11.6.1, RFC 6750 section 3), read
// as leniently as registries write it. Pure.

export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const MAX_HEADER = 16 * 1024;
const SEPARATOR = /[\s,]+/y;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const EQUALS = /\s*=\s*/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
/** Without quotes an address should not stand there, but does. */
const BARE = /[^\s,"]*/y;

/** The challenges of a header (of several, joined by commas), in their order; what cannot be read is passed over. */
export function parseChallenges(header: string): readonly Challenge[] {
  const text = header.slice(0, MAX_HEADER);
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  while (at < text.length) {
    if (take(SEPARATOR) !== null) continue;
    const word = take(TOKEN)?.[0];
    if (word === undefined) {
      at += 1;
      continue;
    }
    if (take(EQUALS) === null) {
      found.push({ scheme: word.toLowerCase(), parameters: new Map() });
      continue;
    }
    const quoted = take(QUOTED)?.[1]?.replace(/\\(.)/g, '$1');
    const value = quoted ?? take(BARE)?.[0] ?? '';
    const name = word.toLowerCase();
    const parameters = found.at(-1)?.parameters;
    // The first of a name counts: a second one was put there by somebody behind.
    if (parameters !== undefined && !parameters.has(name)) parameters.set(name, value);
  }
  return found;
}

/** The challenge to answer: Bearer where there is one, else Basic, or nothing. */
export function chooseChallenge(challenges: readonly Challenge[]): Challenge | undefined {
  return (
    challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm')) ??
    challenges.find(({ scheme }) => scheme === 'basic')
  );
}
