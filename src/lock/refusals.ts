// What a given Poetry refuses before it decides anything: files that it cannot read, and Pythons that the project excludes.

import { BivyError } from '../kernel/errors.ts';
import type { Project } from '../project/project.ts';
import { intersectConstraints, parseConstraint } from '../python/constraint.ts';
import { compareVersions, type Version } from '../python/version.ts';
import type { Behaviour } from './behaviour.ts';
import { hasGroupTables } from './freshness.ts';
import type { Lock } from './lock.ts';
import { allowsPython, type Situation } from './situation.ts';

/** What Poetry takes where the project does not say which Pythons it is for. */
const ANY_PYTHON = '~2.7 || >=3.4';

/** @throws BivyError `LOCK_VERSION` where that Poetry does not read such locks */
export function requireReadable(lock: Lock, { poetry, reads, readsUnversioned }: Behaviour): void {
  if (reads.includes(lock.version) && (lock.versioned || readsUnversioned)) return;
  const version = lock.versioned ? `the lock-version \`${lock.version}\`` : 'no lock-version';
  throw new BivyError(
    'LOCK_VERSION',
    `\`${lock.file}\` has ${version}, which Poetry ${poetry} does not read`,
    {
      location: { file: lock.file },
      hint: 'leave out `--poetry` to follow the one that wrote the lock, or lock again',
    },
  );
}

/** @throws BivyError `PROJECT_INVALID` where that Poetry's schema does not accept the project */
export function requireAcceptable(project: Project, behaviour: Behaviour): void {
  const complaints = behaviour.classic ? classicComplaints(project, behaviour) : modernComplaints(project);
  if (complaints.length === 0) return;
  throw new BivyError('PROJECT_INVALID', `Poetry ${behaviour.poetry} does not accept \`${project.file}\``, {
    location: { file: project.file },
    causes: complaints,
    hint: 'follow the Poetry that wrote the lock, or change the project',
  });
}

function classicComplaints(project: Project, behaviour: Behaviour): readonly string[] {
  const table = poetryTable(project);
  const complaints: string[] = [];
  const exempt = behaviour.poetry === '1.8.5' && !project.packageMode;
  const required =
    behaviour.groups === 'none'
      ? ['name', 'version', 'description']
      : ['name', 'version', 'description', 'authors'];
  const missing = exempt ? [] : required.filter((key) => table[key] === undefined);
  if (missing.length > 0) {
    complaints.push(`\`[tool.poetry]\` must have ${missing.map((key) => `\`${key}\``).join(', ')}`);
  }
  const unknown = ['requires-poetry', 'requires-plugins', 'build-constraints'].filter((key) => key in table);
  if (behaviour.groups === 'none' && hasGroupTables(project)) unknown.push('group');
  if (behaviour.poetry !== '1.8.5' && 'package-mode' in table) unknown.push('package-mode');
  const early = behaviour.groups !== 'strict';
  if (early && sourceTables(table).some((source) => 'priority' in source)) unknown.push('source.priority');
  for (const key of unknown) complaints.push(`\`tool.poetry.${key}\` came with a later Poetry`);
  return complaints;
}

function sourceTables(table: Readonly<Record<string, unknown>>): readonly object[] {
  const { source } = table;
  return Array.isArray(source) ? source.filter((one) => typeof one === 'object' && one !== null) : [];
}

function modernComplaints(project: Project): readonly string[] {
  const complaints: string[] = [];
  for (const [index, source] of project.sources.entries()) {
    if (['primary', 'supplemental', 'explicit'].includes(source.priority)) continue;
    complaints.push(
      `\`tool.poetry.source[${index}].priority\` is \`${source.priority}\`, not \`primary\`, \`supplemental\` or \`explicit\``,
    );
  }
  const { requiresPython, pythonVersions } = project;
  if (!isWithin(pythonVersions, requiresPython)) {
    complaints.push(
      `\`tool.poetry.dependencies.python\` is \`${pythonVersions}\`, which is not within \`requires-python\`, \`${requiresPython}\``,
    );
  }
  return complaints;
}

/** Whether every Python that `inner` allows is allowed by `outer`. */
function isWithin(inner: string, outer: string): boolean {
  if (outer === '*') return true;
  const [narrow, wide] = [inner, outer].map((text) =>
    parseConstraint(text === '*' ? ANY_PYTHON : text, { marker: true }),
  );
  const common = intersectConstraints(narrow!, wide!);
  return (
    common.ranges.length === narrow!.ranges.length &&
    common.ranges.every((range, index) => {
      const other = narrow!.ranges[index]!;
      return (
        range.includeMin === other.includeMin &&
        range.includeMax === other.includeMax &&
        sameEdge(range.min, other.min) &&
        sameEdge(range.max, other.max)
      );
    })
  );
}

function sameEdge(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b;
  return compareVersions(a as Version, b as Version) === 0;
}

function poetryTable(project: Project): Readonly<Record<string, unknown>> {
  const tool = project.raw['tool'] as Record<string, unknown> | undefined;
  return (tool?.['poetry'] as Record<string, unknown> | undefined) ?? {};
}

/**
 * @param constraint the project's
 * @throws BivyError `PYTHON_UNSUPPORTED`
 */
export function requirePython(constraint: string, project: Project, situation: Situation): void {
  const exact = { ...situation, behaviour: { ...situation.behaviour, stablePython: false } };
  if (allowsPython(constraint === '*' ? ANY_PYTHON : constraint, exact)) return;
  const line =
    project.lineOf(['project', 'requires-python']) ??
    project.lineOf(['tool', 'poetry', 'dependencies', 'python']);
  throw new BivyError(
    'PYTHON_UNSUPPORTED',
    `the project is for Python \`${constraint}\`, the target has ${situation.environment['python_full_version']}`,
    {
      location: { file: project.file, ...(line === undefined ? {} : { line }) },
      hint: 'choose a base or `--python` that the constraint allows, or loosen the constraint and lock again',
    },
  );
}
