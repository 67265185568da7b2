// Which Pythons a Dockerfile may stand on and which Poetry installs there: what the lock was written with, as far as both
// still work together. Pure.

import { isBefore, POETRY_RELEASES, pythonsOf } from '../dockerfile/poetry.ts';
import { BivyError } from '../kernel/errors.ts';
import { followedPoetry } from '../lock/behaviour.ts';
import type { Lock } from '../lock/lock.ts';
import type { Project } from '../project/project.ts';
import { allows, type Constraint, parseConstraint } from '../python/constraint.ts';
import { compareVersions, parseVersion } from '../python/version.ts';
import { OFFICIAL_BASES } from './known-bases.ts';

/** The last release of each minor version that official images exist for. */
const PYTHONS: ReadonlyMap<number, number> = new Map(
  [...Object.values(OFFICIAL_BASES).map(({ python }) => python), '3.9.24', '3.8.20', '3.7.17'].map(
    (python) => {
      const [, minor = 0, patch = 0] = python.split('.').map(Number);
      return [minor, patch];
    },
  ),
);

/** Minor versions in the order in which one is looked for: the oldest that is still maintained, then the newest before. */
const MAINTAINED_FROM = 11;
const PREFERENCE: readonly number[] = [
  ...[...PYTHONS.keys()].filter((minor) => minor >= MAINTAINED_FROM).sort((a, b) => a - b),
  ...[...PYTHONS.keys()].filter((minor) => minor < MAINTAINED_FROM).sort((a, b) => b - a),
];

export interface Toolchain {
  /** `3.11`, and the release, `3.11.14`. */
  readonly python: string;
  readonly release: string;
  readonly poetry: string;
  /** The rest of a sentence that begins with `Poetry 1.4.2`. */
  readonly why: string;
}

export interface ToolchainRequest {
  /** Poetry and Python (`3.11` or `3.11.2`) that the user asks for, or that a base has. */
  readonly poetry?: string;
  readonly python?: string;
}

interface Wanted {
  readonly version: string;
  readonly why: string;
}

/**
 * Those that would do, the best first; never empty. Where the lock's own Poetry runs on some Python, others are not looked at.
 * @throws BivyError `PYTHON_UNSUPPORTED`, `PROJECT_INVALID` (`requires-poetry`), `USAGE`
 */
export function chooseToolchains(
  project: Project,
  lock: Lock,
  request: ToolchainRequest,
): readonly Toolchain[] {
  const required = requiredPoetry(project);
  const wanted = wantedPoetry(project, lock, request.poetry, required);
  const classic = isBefore(wanted.version, 2, 0) && project.classic !== null;
  const constraint = parseConstraint((classic ? project.classic : project)?.pythonVersions ?? '*');
  const allowed = candidates(project, constraint, request.python);
  const of = ({ minor, release }: Candidate, { version, why }: Wanted): Toolchain => ({
    python: `3.${minor}`,
    release,
    poetry: version,
    why,
  });
  const own = allowed.filter(({ minor }) => runsOn(wanted.version, minor));
  if (own.length > 0) return own.map((candidate) => of(candidate, wanted));
  const others = allowed.flatMap((candidate) => {
    const other = substitute(wanted, candidate.minor, project, lock, required);
    return other === undefined ? [] : [of(candidate, other)];
  });
  if (others.length > 0) return others;
  const names = allowed.map(({ minor }) => `3.${minor}`).join(', ');
  throw new BivyError('PYTHON_UNSUPPORTED', `no Poetry that reads this lock runs on Python ${names}`, {
    location: { file: project.file },
    hint: `Poetry ${wanted.version} ${wanted.why}: lock again with a Poetry that runs there, or allow a Python that it runs on`,
  });
}

interface Candidate {
  readonly minor: number;
  readonly release: string;
}

function candidates(
  project: Project,
  constraint: Constraint,
  asked: string | undefined,
): readonly Candidate[] {
  if (asked !== undefined) {
    const [, minor = 0, patch] = asked.split('.').map(Number);
    const last = PYTHONS.get(minor);
    if (last === undefined || patch !== undefined) return [{ minor, release: asked }];
    return [{ minor, release: releaseOf(minor, last, constraint) ?? `3.${minor}.${last}` }];
  }
  const found = PREFERENCE.flatMap((minor) => {
    const release = releaseOf(minor, PYTHONS.get(minor) ?? 0, constraint);
    return release === undefined ? [] : [{ minor, release }];
  });
  if (found.length > 0) return found;
  throw new BivyError('PYTHON_UNSUPPORTED', `the project asks for Python \`${project.pythonVersions}\``, {
    location: { file: project.file },
    hint: `official images exist for Python ${[...PYTHONS.keys()]
      .sort((a, b) => a - b)
      .map((minor) => `3.${minor}`)
      .join(', ')}; name another image with \`--base\` and its Python with \`python\` in \`[tool.bivy]\``,
  });
}

/** The newest release of a minor version that the project allows: `3.11.4` alone is `3.11.4`. */
function releaseOf(minor: number, last: number, constraint: Constraint): string | undefined {
  for (let patch = last; patch >= 0; patch -= 1) {
    const release = `3.${minor}.${patch}`;
    const version = parseVersion(release);
    if (version !== undefined && allows(constraint, version)) return release;
  }
  return undefined;
}

function runsOn(poetry: string, minor: number): boolean {
  const [first, last] = pythonsOf(poetry);
  return minor >= first && minor <= last;
}

function wantedPoetry(
  project: Project,
  lock: Lock,
  asked: string | undefined,
  required: Constraint | undefined,
): Wanted {
  if (asked !== undefined) {
    if (/^\d+\.\d+\.\d+$/.test(asked)) return { version: asked, why: 'was asked for' };
    throw new BivyError('USAGE', `\`${asked}\` is no release of Poetry`, { hint: 'write it like `1.8.5`' });
  }
  const header = lock.poetry !== null && /^\d+\.\d+\.\d+$/.test(lock.poetry) ? lock.poetry : undefined;
  const wanted: Wanted =
    header === undefined
      ? {
          version: followedPoetry(lock, project),
          why: `reads poetry.lock, which names no Poetry and has the format ${lock.versioned ? lock.version : 'before 1.0'}`,
        }
      : { version: header, why: 'wrote poetry.lock' };
  const needed = neededPoetry(project).find(({ version: [major, minor] }) =>
    isBefore(wanted.version, major, minor),
  );
  const raised =
    needed === undefined
      ? wanted
      : { version: needed.release, why: `is of the first series that knows ${needed.what}` };
  if (required === undefined || allows(required, parseVersion(raised.version)!)) return raised;
  const fit = POETRY_RELEASES.filter((version) => allows(required, parseVersion(version)!));
  const version =
    fit.find((each) => compareVersions(parseVersion(each)!, parseVersion(raised.version)!) > 0) ?? fit.at(-1);
  if (version !== undefined)
    return { version, why: `is what \`requires-poetry = "${project.requiresPoetry}"\` asks for` };
  const line = project.lineOf(['tool', 'poetry', 'requires-poetry']);
  throw new BivyError(
    'PROJECT_INVALID',
    `\`requires-poetry = "${project.requiresPoetry}"\` allows no Poetry that is known`,
    {
      location: { file: project.file, ...(line === undefined ? {} : { line }) },
      hint: `name one with \`--poetry\`; the newest that is known is ${POETRY_RELEASES.at(-1)}`,
    },
  );
}

function neededPoetry(project: Project): readonly {
  readonly version: readonly [number, number];
  readonly release: string;
  readonly what: string;
}[] {
  const groups = project.raw['dependency-groups'] !== undefined;
  const standard = project.classic !== null && project.classic.name === null && project.packageMode;
  return [
    ...(groups ? [{ version: [2, 2] as const, release: '2.2.1', what: '`[dependency-groups]`' }] : []),
    ...(standard ? [{ version: [2, 0] as const, release: '2.0.1', what: '`[project]`' }] : []),
    ...(project.packageMode ? [] : [{ version: [1, 8] as const, release: '1.8.5', what: '`package-mode`' }]),
  ];
}

/** `requires-poetry`, which Poetry enforces from 2.0 on. */
export function requiredPoetry({ requiresPoetry, file, lineOf }: Project): Constraint | undefined {
  if (requiresPoetry === null) return undefined;
  try {
    return parseConstraint(requiresPoetry);
  } catch (error) {
    const line = lineOf(['tool', 'poetry', 'requires-poetry']);
    throw new BivyError(
      'PROJECT_INVALID',
      `\`requires-poetry = "${requiresPoetry}"\` is no constraint on versions`,
      {
        location: { file, ...(line === undefined ? {} : { line }) },
        hint: 'write it like `">=2.0"`',
        cause: error,
      },
    );
  }
}

/** Another Poetry that runs there and reads the lock alike: the next newer, else the next older. */
function substitute(
  wanted: Wanted,
  minor: number,
  project: Project,
  lock: Lock,
  required: Constraint | undefined,
): Wanted | undefined {
  const own = parseVersion(wanted.version)!;
  const reads = POETRY_RELEASES.filter(
    (version) =>
      runsOn(version, minor) &&
      (required === undefined || allows(required, parseVersion(version)!)) &&
      neededPoetry(project).every(({ version: [major, series] }) => !isBefore(version, major, series)) &&
      // Poetry 2 refuses a lock without a version; 1.x does not know what 2.1 says of groups.
      (isBefore(version, 2, 0) ? lock.version !== '2.1' : lock.versioned) &&
      // 2.3 hashes `[dependency-groups]` too, and what it wrote is stale to those before.
      (project.raw['dependency-groups'] === undefined ||
        isBefore(version, 2, 3) === isBefore(wanted.version, 2, 3)),
  );
  // Of the newer ones the last of the same generation: it has what was mended for that Python.
  const newer = reads.filter((version) => compareVersions(parseVersion(version)!, own) > 0);
  const sameMajor = newer.filter((version) => version.split('.')[0] === wanted.version.split('.')[0]);
  const version = sameMajor.at(-1) ?? newer[0] ?? reads.at(-1);
  return version === undefined
    ? undefined
    : {
        version,
        why: `stands for ${wanted.version}, which ${wanted.why} but does not run on Python 3.${minor}`,
      };
}
