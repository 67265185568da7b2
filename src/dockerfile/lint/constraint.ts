// Whether a version meets a constraint as Poetry writes them (`^3.11`, `>=3.10,<4.0`, `~3.12 || 3.13.*`), for versions of
// Python and of Poetry itself. What cannot be read is not known.

type Numbers = readonly number[];

const CLAUSE = /^(\^|~=|~|>=|<=|>|<|===?|!=|=)?\s*v?(\d+(?:\.\d+)*)(\.\*)?$/;

/** Undefined where the constraint cannot be read. */
export function meets(version: Numbers, constraint: string): boolean | undefined {
  let result = false;
  for (const alternative of constraint.split(/\|\|?/)) {
    const met = meetsAll(version, alternative.trim());
    if (met === undefined) return undefined;
    result ||= met;
  }
  return result;
}

/** Whether some release of a series does: `3.11` of which the patch is not said. */
export function meetsSomehow(version: Numbers, constraint: string): boolean | undefined {
  if (version.length > 2) return meets(version, constraint);
  const first = meets(version, constraint);
  return first === undefined ? undefined : first || meets([...version, 99], constraint);
}

function meetsAll(version: Numbers, text: string): boolean | undefined {
  if (text === '' || text === '*') return true;
  const clauses = text
    .replace(/([\^~<>=!]+)\s+/g, '$1')
    .split(/[,\s]+/)
    .filter((clause) => clause !== '');
  for (const clause of clauses) {
    const met = clause === '*' ? true : meetsClause(version, clause);
    if (met !== true) return met;
  }
  return true;
}

function meetsClause(version: Numbers, clause: string): boolean | undefined {
  const match = CLAUSE.exec(clause);
  if (match === null) return undefined;
  const [, operator = '==', text = '', wildcard] = match;
  const wanted = text.split('.').map(Number);
  const order = compareNumbers(version, wanted);
  const within = wanted.every((part, index) => (version[index] ?? 0) === part);
  if (wildcard !== undefined) return operator === '!=' ? !within : within;
  switch (operator) {
    case '>=':
      return order >= 0;
    case '>':
      return order > 0;
    case '<=':
      return order <= 0;
    case '<':
      return order < 0;
    case '!=':
      return order !== 0;
    case '^':
      return order >= 0 && compareNumbers(version, breaking(wanted)) < 0;
    case '~':
      return order >= 0 && compareNumbers(version, bump(wanted, Math.min(1, wanted.length - 1))) < 0;
    case '~=':
      return order >= 0 && compareNumbers(version, bump(wanted, Math.max(0, wanted.length - 2))) < 0;
    default:
      return order === 0;
  }
}

/** The first that `^` leaves out: the leftmost part that is not zero goes up. */
function breaking(wanted: Numbers): Numbers {
  const at = wanted.findIndex((part) => part > 0);
  return bump(wanted, at < 0 ? wanted.length - 1 : at);
}

function bump(wanted: Numbers, at: number): Numbers {
  return wanted.slice(0, at + 1).map((part, index) => (index === at ? part + 1 : part));
}

function compareNumbers(left: Numbers, right: Numbers): number {
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
