// Versions that the project says and the file does not keep to: of Poetry, which reads the lock, and of Python.

import { parseImage } from '../../reading/images.ts';
import type { ToolArrival } from '../../reading/tools.ts';
import { isAtLeast, isBelow, type PoetryVersions, poetryOf } from '../../reading/versions.ts';
import { meets, meetsSomehow } from '../constraint.ts';
import type { Fix } from '../finding.ts';
import { offer, replaceWord } from '../judgements/edits.ts';
import type { View } from '../judgements/judgement.ts';
import { runs } from '../judgements/pin.ts';
import type { LintProject } from '../project.ts';
import type { LintInput, Observation, Rule } from '../rule.ts';
import { viewOf } from '../view.ts';

export const UNREADABLE_LOCK: Rule = {
  id: 'BV301',
  technique: null,
  severity: 'error',
  title: 'the installed Poetry takes the project and its lock',
  fixes: ['safe'],
  check: (input) => tell(input, refusal),
};

export const OLDER_POETRY: Rule = {
  id: 'BV311',
  technique: null,
  severity: 'warning',
  title: 'the installed Poetry understands all that the lock says',
  fixes: ['safe'],
  check: (input) => tell(input, misreading),
};

function* tell(
  input: LintInput,
  judge: (version: PoetryVersions, project: LintProject) => string | undefined,
): Iterable<Observation> {
  const { project, reading } = input;
  if (project === undefined) return;
  const view = viewOf(input);
  for (const home of reading.contributors) {
    const version = poetryOf(reading, home);
    for (const arrival of home.arrivals) {
      if (arrival.tool !== 'poetry' || version === undefined) continue;
      const message = judge(version, project);
      if (message !== undefined) yield { message, span: arrival.span, ...pinWriter(view, arrival, project) };
    }
  }
}

function refusal(version: PoetryVersions, project: LintProject): string | undefined {
  const { lock, requiresPoetry } = project;
  const { name } = version;
  if (requiresPoetry !== undefined && version.exact !== undefined && isAtLeast(version, 2, 0)) {
    const numbers = version.exact.split('.').map((part) => Number.parseInt(part, 10));
    if (meets(numbers, requiresPoetry) === false)
      return `the project requires Poetry ${requiresPoetry}, and ${name} is not that: it refuses the project`;
  }
  if (lock === undefined || lock.packages === 0) return undefined;
  if (lock.version === undefined && isAtLeast(version, 2, 0))
    return `${name} refuses a lock that does not say its version`;
  if (Number.parseInt(lock.version ?? '0', 10) >= 2 && isBelow(version, 1, 2, 2))
    return `${name} cannot read a lock of version ${lock.version}, which ${writer(project)} wrote`;
  return undefined;
}

function misreading(version: PoetryVersions, project: LintProject): string | undefined {
  const [major = 0, minor = 0] = (project.lock?.version ?? '0').split('.').map(Number);
  if (major !== 2 || minor < 1 || !isBelow(version, 2, 0) || isBelow(version, 1, 2, 2)) return undefined;
  return `${version.name} reads a lock of version ${project.lock?.version} without its groups and markers: ${writer(project)} wrote it`;
}

function writer({ lock }: LintProject): string {
  return lock?.poetry === undefined ? 'a later Poetry' : `Poetry ${lock.poetry}`;
}

/** Whether Poetry is to be another one here: what is said of the one that is there matters no more. */
export function wantsOtherPoetry(input: LintInput, { word }: ToolArrival): boolean {
  return [UNREADABLE_LOCK, OLDER_POETRY].some((rule) =>
    Array.from(rule.check(input)).some(
      ({ span, fix }) => fix !== undefined && span.start === word?.span.start,
    ),
  );
}

function pinWriter(
  view: View,
  arrival: ToolArrival,
  { lock, requiresPoetry }: LintProject,
): { readonly fix?: Fix } {
  const { word, version } = arrival;
  const wanted = lock?.poetry;
  if (wanted === undefined || word === undefined || version.text === undefined) return {};
  if (requiresPoetry !== undefined && meets(wanted.split('.').map(Number), requiresPoetry) !== true)
    return {};
  if (!word.pattern.endsWith(`==${version.text}`) || isOld(wanted) || !runs(view, arrival, wanted)) return {};
  const edit = replaceWord(word, `${word.pattern.slice(0, -version.text.length)}${wanted}`);
  return offer(view, `pin Poetry to ${wanted}, which wrote the lock`, 'safe', [edit]);
}

/** Those want further pins, which BV101 and BV208 know. */
function isOld(version: string): boolean {
  return /^[01]\./.test(version);
}

export const WRONG_PYTHON: Rule = {
  id: 'BV307',
  technique: null,
  severity: 'error',
  title: "the base's Python is one that the project allows",
  fixes: [],
  *check({ reading, project }) {
    if (project === undefined) return;
    for (const { stage, installs } of reading.contributors) {
      const installing = reading.flow.installs.some((install) => installs.includes(install));
      const ships = reading.lineage.some((one) => one.stage === stage);
      if (stage.parent !== undefined || stage.base === undefined || !(installing || ships)) continue;
      const numbers = pythonVersion(stage.base);
      if (numbers === undefined || meetsSomehow(numbers, project.python) !== false) continue;
      const message = `\`${stage.base}\` has Python ${numbers.join('.')}, and the project wants ${project.python}`;
      yield { message, span: stage.image.span };
    }
  },
};

/** Of images of Python alone: what another one has is not known. */
function pythonVersion(image: string): readonly number[] | undefined {
  const { repository, tag } = parseImage(image);
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?(?:-|$)/.exec(tag ?? '');
  if (match === null || !/(?:^|\/)python$/.test(repository)) return undefined;
  return match.slice(1).flatMap((part) => (part === undefined ? [] : [Number(part)]));
}
