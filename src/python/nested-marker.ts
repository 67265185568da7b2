// The short conditions of Poetry's classic form (`python = "^3.8"`, `platform = "linux"`) as markers, as poetry-core's
// `create_nested_marker` writes them.

import { BivyError } from '../kernel/errors.ts';
import { type Constraint, parseConstraint } from './constraint.ts';
import { formatVersion, makeVersion, stableVersion, type Version } from './version.ts';

/**
 * The marker that `python = "…"` stands for; an empty text where every Python will do.
 * @throws BivyError `CONSTRAINT_INVALID`
 */
export function pythonMarker(text: string): string {
  const { ranges } = parsePythonConstraint(text);
  const parts = ranges.map((range) => {
    const { min, max, includeMin, includeMax, single } = range as {
      readonly min: Version | undefined;
      readonly max: Version | undefined;
      readonly includeMin: boolean;
      readonly includeMax: boolean;
      readonly single: boolean;
    };
    if (single) return `${variableFor(min!)} == "${formatVersion(min!)}"`;
    const low = min === undefined ? [] : [bound(min, includeMin ? '>=' : '>')];
    const high = max === undefined ? [] : [bound(max, includeMax ? '<=' : '<')];
    return [...low, ...high].join(' and ');
  });
  if (parts.length === 0) return 'python_version < "0"';
  return parts.length === 1 ? parts[0]! : parts.map((part) => `(${part})`).join(' or ');
}

/** Poetry 2 refuses `3.x`, which older files hold. */
function parsePythonConstraint(text: string): Constraint {
  try {
    return parseConstraint(text);
  } catch (error) {
    if (!(error instanceof BivyError)) throw error;
    return parseConstraint(text, { core: '1.9' });
  }
}

function variableFor(version: Version): string {
  return version.release.length >= 3 ? 'python_full_version' : 'python_version';
}

/** `python_version` has two numbers, so `> "3.8"` must become a question about the full version. */
function bound(version: Version, operator: '>=' | '>' | '<=' | '<'): string {
  const short = version.release.length < 3;
  if (!short || operator === '>=' || operator === '<') {
    return `${variableFor(version)} ${operator} "${formatVersion(stableVersion(version))}"`;
  }
  const { epoch, pre, post, dev, local } = version;
  const [major = 0, minor = 0] = version.release;
  return `python_full_version ${operator} "${formatVersion(makeVersion(epoch, [major, minor, 0], { pre, post, dev, local }))}"`;
}

const GENERIC = /^(==|!=)?\s*(.*?)\s*$/;

/** The marker that `platform = "…"` stands for; an empty text where every platform will do. */
export function platformMarker(text: string): string {
  if (text.trim() === '*') return '';
  const alternatives = text.split('|').filter((part) => part.trim() !== '');
  const clauses = alternatives.map((alternative) => {
    const conjuncts = alternative.split(',').filter((part) => part.trim() !== '');
    const joined = conjuncts.map((conjunct) => {
      const [, operator = '==', value = ''] = GENERIC.exec(conjunct.trim()) ?? [];
      return `sys_platform ${operator} "${value}"`;
    });
    return joined.length > 1 && alternatives.length > 1 ? `(${joined.join(' and ')})` : joined.join(' and ');
  });
  return clauses.join(' or ');
}
