// What a marker says of the interpreter, read as a constraint on its full version. Poetry derives that constraint from the
// marker and asks it beside the marker: `python_version <= "3.11.2"` holds on 3.11.11, but the constraint `<=3.11.2` does not
// let it in. Follows poetry-core's `normalize_python_version_markers`.

import { allows, parseConstraint } from './constraint.ts';
import { type Comparison, type MarkerTree, readMarker } from './marker-grammar.ts';
import type { PoetryCore } from './scheme.ts';
import { formatVersion, makeVersion, parseVersion, type Version } from './version.ts';

type Question = (python: Version) => boolean;

const ALWAYS: Question = () => true;
const known = new Map<string, Question>();

/**
 * Whether the constraint that those clauses of the marker make lets the interpreter in. Clauses about anything else hold.
 * Poetry 1.1 (core 1.0) derived none.
 *
 * @param text a marker that `parseMarker` accepts; anything else holds
 * @throws BivyError `CONSTRAINT_INVALID`
 */
export function markerAllowsPython(text: string, python: Version, core: PoetryCore): boolean {
  if (core === '1.0' || !text.includes('python')) return true;
  const key = core + text;
  let question = known.get(key);
  if (question === undefined) {
    const tree = readMarker(text);
    question = tree.kind === 'fault' ? ALWAYS : compile(tree, core);
    known.set(key, question);
  }
  return question(python);
}

function compile(tree: MarkerTree, core: PoetryCore): Question {
  if (tree.kind === 'comparison') return compileClause(tree, core);
  const parts = tree.parts.map((part) => compile(part, core));
  return tree.kind === 'all'
    ? (python) => parts.every((part) => part(python))
    : (python) => parts.some((part) => part(python));
}

function compileClause({ name, operator, value, swapped }: Comparison, core: PoetryCore): Question {
  if (swapped || (name !== 'python_version' && name !== 'python_full_version')) return ALWAYS;
  const text = clauseText(operator, value.trim(), core);
  const modern = core !== '1.3' && core !== '1.9';
  const constraint = parseConstraint(text, { core, marker: modern });
  return (python) => allows(constraint, python);
}

function clauseText(operator: string, value: string, core: PoetryCore): string {
  const modern = core !== '1.3' && core !== '1.9';
  const dots = value.split('.').length - 1;
  const short = !value.includes('*') && dots < 2;
  // Since 2.0 `3` is `3.0` here: `== "3"` does not mean any 3.x.
  const padded = modern && dots === 0 ? `${value}.0` : value;
  switch (operator) {
    case '==':
    case '===':
      return short ? `~${padded}` : `==${value}`;
    case '!=':
      return short ? `!=${padded}.*` : `!=${value}`;
    case '<=':
    case '>':
      return edgeText(operator, value, modern);
    case 'in':
    case 'not in':
      return listText(operator, value);
    default:
      return `${operator}${value}`;
  }
}

/** `<= "3.8"` is about two numbers: all of 3.8 is meant. */
function edgeText(operator: '<=' | '>', value: string, modern: boolean): string {
  const version = parseVersion(value);
  if (version === undefined || version.release.length >= 3) return `${operator}${value}`;
  const widened = operator === '<=' ? '<' : '>=';
  if (version.release.length < 2 && !modern) return `${widened}${value}`;
  const [major = 0, minor = 0] = version.release;
  return `${widened}${formatVersion(makeVersion(version.epoch, [major, Number(minor) + 1]))}`;
}

function listText(operator: 'in' | 'not in', value: string): string {
  const within = operator === 'in';
  const versions = value.split(/[ ,|]+/).filter((part) => part !== '');
  const clauses = versions.map((version) => {
    const short = version.split('.').length <= 2;
    if (short) return `${within ? '' : '!='}${version}.*`;
    return `${within ? '==' : '!='}${version}`;
  });
  if (clauses.length === 0) return '*';
  return clauses.join(within ? ' || ' : ', ');
}
