// Variables put into a word of the Dockerfile itself (a RUN's are the shell's): quotes, `$V` and `${V…}` as BuildKit reads
// them.

import { lex, UNKNOWN } from './lex.ts';
import type { Variables } from './stages.ts';

/** Set by BuildKit for each platform; a stage has them after an `ARG` of that name. */
export const PLATFORM_VARIABLES: readonly string[] = [
  'BUILDPLATFORM',
  'BUILDOS',
  'BUILDOSVERSION',
  'BUILDARCH',
  'BUILDVARIANT',
  'TARGETPLATFORM',
  'TARGETOS',
  'TARGETOSVERSION',
  'TARGETARCH',
  'TARGETVARIANT',
  'TARGETSTAGE',
];

/** A word after quote removal and with variables put in. */
export interface Expansion {
  /** Undefined where it rests on something unknown. */
  readonly value: string | undefined;
  /** The value with `\0` in the place of each unknown part: `python:\0-slim`. */
  readonly pattern: string;
  /** Names that are used and that the file gives no value. */
  readonly unset: readonly string[];
  /** What BuildKit refuses, `${V` or an open quote; the pattern is a single `\0` then. */
  readonly fault: string | undefined;
}

/**
 * Puts variables into a word as it is written. A variable of the platform is set, to something unknown. Any other one
 * that `variables` has no value for is unknown where it stands alone (`$V`: a build argument or the base image may set
 * it) and not set where an operator asks (`${V:-x}` is `x`, as in a build without arguments).
 */
export function expandWord(raw: string, variables: Variables, token: '\\' | '`'): Expansion {
  const unset = new Set<string>();
  function lookup(name: string): string | undefined {
    const value = variables.get(name);
    if (value !== undefined) return value;
    if (PLATFORM_VARIABLES.includes(name) && variables.has(name)) return UNKNOWN;
    unset.add(name);
    return undefined;
  }
  const { text, fault } = lex(raw, { escape: token, lookup, unset: UNKNOWN });
  const pattern = fault === undefined ? text : UNKNOWN;
  return { value: pattern.includes(UNKNOWN) ? undefined : pattern, pattern, unset: [...unset], fault };
}
