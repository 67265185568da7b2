// The target seen through the eyes of one Poetry: which markers hold there, which constraints allow what.

import { BivyError } from '../kernel/errors.ts';
import { allows, formatConstraint, parseConstraint } from '../python/constraint.ts';
import type { Dependency } from '../python/dependency.ts';
import { evaluateMarker, type MarkerEnvironment, parseMarker } from '../python/marker.ts';
import { markerAllowsPython } from '../python/python-clauses.ts';
import { parseVersion, stableVersion, type Version } from '../python/version.ts';
import type { Behaviour } from './behaviour.ts';

export interface Situation {
  readonly behaviour: Behaviour;
  readonly environment: MarkerEnvironment;
  readonly python: Version;
}

export function situationOf(behaviour: Behaviour, environment: MarkerEnvironment, python: string): Situation {
  const version = parseVersion(python);
  if (version === undefined) {
    throw new BivyError('TARGET_INVALID', `\`${python}\` is no version of Python`, {
      hint: 'write it as `3.11.7`',
    });
  }
  return { behaviour, environment, python: version };
}

/**
 * Whether all those markers hold. Without `extras`, clauses about extras hold.
 * @param owner who states them, for messages
 * @throws BivyError `MARKER_INVALID`, `MARKER_UNKNOWABLE`
 */
export function markersHold(
  markers: readonly string[],
  situation: Situation,
  owner: string,
  extras?: ReadonlySet<string>,
): boolean {
  return markers.every((text) => {
    try {
      const marker = parseMarker(text, situation.behaviour.core);
      return evaluateMarker(marker, situation.environment, extras === undefined ? {} : { extras });
    } catch (error) {
      if (!(error instanceof BivyError)) throw error;
      throw new BivyError(error.code, `deciding about ${owner}: ${error.message}`, {
        ...(error.hint === undefined ? {} : { hint: error.hint }),
        causes: error.causes,
        cause: error.cause,
      });
    }
  });
}

/** Whether what those markers say of the interpreter, taken as constraints on its full version, lets the target's in. */
export function markersAllowPython(markers: readonly string[], situation: Situation): boolean {
  const python = pythonFor(situation);
  return markers.every((text) => markerAllowsPython(text, python, situation.behaviour.core));
}

/** Since 2.3 a pre-release counts as the release that it leads to. */
function pythonFor({ behaviour, python }: Situation): Version {
  return behaviour.stablePython ? stableVersion(python) : python;
}

/** Whether a package's or project's constraint on the interpreter allows the target's. */
export function allowsPython(constraint: string, situation: Situation): boolean {
  const { core } = situation.behaviour;
  const marker = core === '2.2' || core === '2.4';
  return allows(parseConstraint(constraint, { core, marker }), pythonFor(situation));
}

/**
 * Whether all constraints of the dependency allow that version. Poetry 1.1 took one that it could not read for `*`.
 * @throws BivyError `CONSTRAINT_INVALID`
 */
export function allowsVersion(dependency: Dependency, version: Version, { behaviour }: Situation): boolean {
  const { core } = behaviour;
  return dependency.constraints.every((text) => {
    try {
      return allows(parseConstraint(text, { core }), version);
    } catch (error) {
      if (core === '1.0' && error instanceof BivyError) return true;
      throw error;
    }
  });
}

/** The constraints of a dependency in a form in which equal ones are equal. */
export function constraintKey(dependency: Dependency, { behaviour }: Situation): string {
  const { core } = behaviour;
  const texts = dependency.constraints.map((text) => {
    try {
      return formatConstraint(parseConstraint(text, { core }));
    } catch (error) {
      if (error instanceof BivyError) return '*';
      throw error;
    }
  });
  return texts.join(',') || '*';
}
