// One clause of a version constraint, as poetry-core from 1.3 on reads it (`constraints/version/parser.py`).

import { type Bounds, makeRange, type Ranges, type Scheme, singleRange } from './range.ts';
import { type PoetryCore, SCHEMES } from './scheme.ts';
import { makeVersion, parseVersion, stableVersion, VERSION_PATTERN, type Version } from './version.ts';
import { firstDevrelease, nextBreaking, nextMajor, nextMinor, nextSibling } from './version-steps.ts';

/** How a text is to be read; see `ConstraintOptions`. */
export interface ReadingMode {
  readonly core: PoetryCore;
  readonly marker: boolean;
  readonly release: boolean;
}

/** Without names for its groups, so that it can stand inside other patterns. */
const VERSION = VERSION_PATTERN.replace(/\(\?<[a-z]+>/g, '(?:');

const ANY = /^v?[x*](?:\.[x*])*$/i;
const TILDE = new RegExp(`^~(?!=)\\s*(${VERSION})$`, 'i');
const COMPATIBLE = new RegExp(`^~=\\s*(${VERSION})$`, 'i');
const CARET = new RegExp(`^\\^\\s*(${VERSION})$`, 'i');
const TIGHT_CARET = new RegExp(`^\\^(${VERSION})$`, 'i');
const WILDCARD = /^(!=|==)?\s*v?(\d+(?:\.\d+){0,2})(?:\.\*)+$/;
const WILDCARD_X = /^(!=|==)?\s*v?(\d+(?:\.\d+){0,2})(?:\.[xX*])+$/;
const BASIC = new RegExp(`^(<>|!=|>=?|<=?|==?)?\\s*(${VERSION}|dev)(\\.\\*)?$`, 'i');
const RELEASE_22 = /^(<>|!=|>=?|<=?|==?)?\s*(\d+(?:\.\d+)*)(?:[+-]([0-9a-z-]+(?:\.[0-9a-z-]+)*))?$/i;
const RELEASE_24 = /^(<>|!=|>=?|<=?|==?)?\s*(\d+(?:\.\d+)*)(?:[+-]?([0-9a-z+-]+(?:\.[0-9a-z+-]+)*))?$/i;

/** The ranges of one clause such as `>=1.2`, or nothing where that poetry-core refuses it. */
export function parseSimple(clause: string, mode: ReadingMode): Ranges<Version> | undefined {
  const { core } = mode;
  if (core === '1.0') return undefined;
  const scheme = SCHEMES[core];
  if (ANY.test(clause)) return [makeRange(scheme, {})];
  return (
    parseTilde(clause, scheme, core) ??
    parseWildcard(clause, scheme, mode) ??
    parseBasic(clause, scheme, mode) ??
    parseRelease(clause, scheme, mode)
  );
}

function parseTilde(clause: string, scheme: Scheme<Version>, core: PoetryCore): Ranges<Version> | undefined {
  const from = (min: Version, max: Version): Ranges<Version> => [
    makeRange(scheme, { min, max, includeMin: true }),
  ];
  const tilde = matched(TILDE, clause);
  if (tilde !== undefined) {
    const stable = stableVersion(tilde);
    return from(tilde, tilde.release.length === 1 ? nextMajor(stable) : nextMinor(stable));
  }
  const compatible = matched(COMPATIBLE, clause);
  if (compatible !== undefined) {
    // Not PEP 440's reading: `~=1.2.3.4` ends at 1.3, `~=1` at 1.1.
    const stable = stableVersion(compatible);
    return from(compatible, compatible.release.length === 2 ? nextMajor(stable) : nextMinor(stable));
  }
  const caret = matched(core === '1.3' ? TIGHT_CARET : CARET, clause);
  return caret === undefined ? undefined : from(caret, nextBreaking(caret));
}

function matched(pattern: RegExp, clause: string): Version | undefined {
  const text = pattern.exec(clause)?.[1];
  return text === undefined ? undefined : parseVersion(text);
}

function parseWildcard(
  clause: string,
  scheme: Scheme<Version>,
  mode: ReadingMode,
): Ranges<Version> | undefined {
  const pattern = mode.core === '1.3' || mode.core === '1.9' ? WILDCARD_X : WILDCARD;
  const match = pattern.exec(clause);
  if (match === null) return undefined;
  const version = parseVersion(match[2]!)!;
  const bounds = mode.core === '1.3' ? earlyWildcard(version) : wildcard(version, mode);
  return expandWildcard(scheme, bounds, match[1] === '!=');
}

/** Up to 1.3 two numbers count, and `0.*` has no lower end. */
function earlyWildcard(version: Version): Bounds<Version> {
  const [major, minor] = version.release;
  if (minor === undefined && !(major! > 0)) return { max: makeVersion(0, [1, 0, 0]) };
  const min = makeVersion(0, [major!, minor ?? 0, 0]);
  return { min, includeMin: true, max: minor === undefined ? nextMajor(min) : nextMinor(min) };
}

function wildcard(version: Version, { marker }: ReadingMode): Bounds<Version> {
  const end = nextSibling(version);
  if (marker) return { min: version, includeMin: true, max: end };
  return {
    min: firstDevrelease(version),
    includeMin: true,
    max: end.dev === undefined ? firstDevrelease(end) : end,
  };
}

function expandWildcard(
  scheme: Scheme<Version>,
  bounds: Bounds<Version>,
  inverted: boolean,
): Ranges<Version> {
  if (!inverted) return [makeRange(scheme, bounds)];
  const above = makeRange(scheme, { min: bounds.max, includeMin: true });
  return bounds.min === undefined ? [above] : [makeRange(scheme, { max: bounds.min }), above];
}

function parseBasic(clause: string, scheme: Scheme<Version>, mode: ReadingMode): Ranges<Version> | undefined {
  const match = BASIC.exec(clause);
  if (match === null) return undefined;
  const [, operator, text] = match;
  const version = parseVersion(text === 'dev' ? '0.0-dev' : text!);
  if (version === undefined) return undefined;
  const ordered = operator !== undefined && /^[<>]=?$/.test(operator);
  if (match[3] !== undefined && !ordered && mode.core !== '1.3') {
    return expandWildcard(scheme, wildcard(version, mode), operator === '!=');
  }
  return compared(scheme, operator, version);
}

/** `<>` is an equality: Poetry reads the operator and then forgets it. */
function compared(scheme: Scheme<Version>, operator: string | undefined, version: Version): Ranges<Version> {
  switch (operator) {
    case '<':
      return [makeRange(scheme, { max: version })];
    case '<=':
      return [makeRange(scheme, { max: version, includeMax: true })];
    case '>':
      return [makeRange(scheme, { min: version })];
    case '>=':
      return [makeRange(scheme, { min: version, includeMin: true })];
    case '!=':
      return [makeRange(scheme, { max: version }), makeRange(scheme, { min: version })];
    default:
      return [singleRange(version)];
  }
}

function parseRelease(
  clause: string,
  scheme: Scheme<Version>,
  { core, release }: ReadingMode,
): Ranges<Version> | undefined {
  if (!release || core === '1.3' || core === '1.9') return undefined;
  const match = (core === '2.2' ? RELEASE_22 : RELEASE_24).exec(clause);
  if (match === null) return undefined;
  const numbers = parseVersion(match[2]!)!;
  // The whole rest is one segment of a local version, compared as a word.
  const local = match[3] === undefined ? undefined : [match[3]];
  return compared(scheme, match[1], makeVersion(0, numbers.release, { local }));
}
