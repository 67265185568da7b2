// The project's requirements as METADATA states them: Requires-Dist as poetry-core's `to_pep_508` writes it, and
// Requires-Python. Pure. A dependency on a path loses the path, which names a place on somebody's disk.

import type { BuildEra } from '../project/build-era.ts';
import {
  type Constraint,
  formatConstraint,
  intersectConstraints,
  isEmptyConstraint,
  parseConstraint,
} from '../python/constraint.ts';
import type { Dependency } from '../python/dependency.ts';
import { type MarkerTree, readMarker } from '../python/marker-grammar.ts';

/** @throws BivyError `CONSTRAINT_INVALID` */
export function formatRequirement(dependency: Dependency, era: BuildEra): string {
  const { spelling, extras, origin } = dependency;
  const name = extras.length === 0 ? spelling : `${spelling}[${[...extras].sort().join(',')}]`;
  const markers = dependency.markers.map(markerText).filter((text) => text !== '');
  const wanted = dependency.inExtras.map((extra) => `extra == "${extra}"`).join(' or ');
  if (wanted !== '' && !dependency.markers.some((marker) => /\bextra\b/.test(marker))) markers.push(wanted);
  const marker = markers.length > 1 ? markers.map((text) => `(${text})`).join(' and ') : (markers[0] ?? '');
  const requirement = origin === undefined ? name + versionText(dependency, era) : name + originText(origin);
  return marker === '' ? requirement : `${requirement} ; ${marker}`;
}

function versionText({ constraints }: Dependency, era: BuildEra): string {
  if (constraints.length === 0) return '';
  const parsed = constraints.map((text) => parseConstraint(text, { core: era.core }));
  const whole = parsed.reduce(intersectConstraints);
  const [range] = whole.ranges;
  if (whole.ranges.length === 1 && range!.single) return ` (==${formatConstraint(whole)})`;
  const text = formatConstraint(whole);
  if (text === '*') return '';
  if (whole.ranges.length > 1 && !text.startsWith('!=')) {
    // poetry-core prints what was written between commas, each part by itself.
    const parts = constraints.flatMap((each) => each.split(','));
    return ` (${parts.map((part) => formatConstraint(parseConstraint(part.trim(), { core: era.core }))).join(',')})`;
  }
  return ` (${text.replaceAll(' ', '')})`;
}

function originText(origin: NonNullable<Dependency['origin']>): string {
  if (origin.kind === 'url') return ` @ ${origin.url}${fragment(origin.subdirectory)}`;
  if (origin.kind !== 'git') return '';
  const reference = origin.reference === undefined ? '' : `@${origin.reference}`;
  return ` @ git+${origin.url}${reference}${fragment(origin.subdirectory)}`;
}

function fragment(subdirectory: string | undefined): string {
  return subdirectory === undefined ? '' : `#subdirectory=${subdirectory}`;
}

/** A marker in poetry-core's spelling: double quotes, one blank, parentheses only where they are needed. */
function markerText(marker: string): string {
  if (marker.trim() === '') return '';
  const tree = readMarker(marker.trim());
  return tree.kind === 'fault' ? marker : treeText(tree);
}

function treeText(tree: MarkerTree): string {
  if (tree.kind === 'comparison') {
    const { name, operator, value, swapped } = tree;
    return swapped ? `"${value}" ${operator} ${name}` : `${name} ${operator} "${value}"`;
  }
  const parts = tree.parts.map((part) =>
    tree.kind === 'all' && part.kind === 'any' ? `(${treeText(part)})` : treeText(part),
  );
  return parts.join(tree.kind === 'all' ? ' and ' : ' or ');
}

/** The constraint on Python that classifiers and tags are worked out from; `*` is what Poetry makes of nothing. */
export function pythonConstraint(versions: string, era: BuildEra): Constraint {
  const marker = era.core !== '1.0' && era.core !== '1.3';
  return parseConstraint(versions === '*' ? '~2.7 || >=3.4' : versions, { core: era.core, marker });
}

/** Whether any version satisfies both. */
export function overlaps(constraint: Constraint, text: string): boolean {
  return !isEmptyConstraint(
    intersectConstraints(constraint, parseConstraint(text, { core: constraint.core })),
  );
}

/** Requires-Python as poetry-core's `format_python_constraint` writes it. */
export function formatPython(constraint: Constraint, era: BuildEra): string {
  const [range] = constraint.ranges;
  if (constraint.ranges.length === 1 && range!.single) {
    const text = formatConstraint(constraint);
    const parts = text.split('.').length;
    if (parts >= 3) return `==${text}`;
    return formatConstraint(parseConstraint(parts === 2 ? `~${text}` : `^${text}.0`, { core: era.core }));
  }
  if (constraint.ranges.length === 1) return formatConstraint(constraint);
  const series = ['2.7.*', ...Array.from({ length: era.newestPython + 1 }, (_, minor) => `3.${minor}.*`)];
  const accepted = series.filter((each) => overlaps(constraint, each));
  const refused = series.filter((each) => !accepted.includes(each)).map((each) => `!=${each}`);
  const low = accepted[0] === undefined ? [] : [`>=${accepted[0].slice(0, -2)}`];
  return [...low, ...refused].join(', ');
}
