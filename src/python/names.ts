// Names of projects and extras (PEP 503, PEP 685).

const SEPARATORS = /[-_.]+/g;

/** The PEP 503 normal form: lower case, runs of `-`, `_` and `.` as one `-`. Extras follow the same rule (PEP 685). */
export function normalizeName(name: string): string {
  return name.replace(SEPARATORS, '-').toLowerCase();
}
