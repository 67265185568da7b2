// The words for a lock whose packages do not satisfy what is asked of them.

import { BivyError } from '../kernel/errors.ts';
import type { Dependency } from '../python/dependency.ts';
import { formatVersion } from '../python/version.ts';
import type { LockedPackage } from './lock.ts';
import { allowsPython } from './situation.ts';
import { withoutCredentials } from './source-match.ts';
import type { Edge, WalkRequest } from './walk-graph.ts';

/** @returns `LOCK_UNSOLVABLE`: who asks what of `name`, and what the lock has */
export function unsolvable(
  name: string,
  demands: readonly Edge[],
  candidates: readonly LockedPackage[],
  { lock, situation }: WalkRequest,
): BivyError {
  const versions = candidates.map((locked) => `\`${formatVersion(locked.version)}\``).join(', ');
  const wrongPython = candidates.filter((locked) => !allowsPython(locked.pythonVersions, situation));
  const causes = [
    ...demands.map((edge) => {
      const by = edge.from === '' ? 'the project' : `\`${edge.from}\``;
      return `${by} asks for \`${describe(edge.dependency)}\``;
    }),
    ...wrongPython.map(
      (locked) =>
        `\`${name}\` ${formatVersion(locked.version)} is for Python \`${locked.pythonVersions}\`, the target has ${situation.environment['python_full_version']}`,
    ),
  ];
  const has = versions === '' ? 'holds none' : `holds ${versions}`;
  return new BivyError(
    'LOCK_UNSOLVABLE',
    `\`${lock.file}\` ${has} of \`${name}\`, which does not satisfy what is asked for`,
    {
      location: { file: lock.file },
      causes: [...new Set(causes)],
      hint: 'run `poetry lock` and commit the result',
    },
  );
}

function describe(dependency: Dependency): string {
  const extras = dependency.extras.length === 0 ? '' : `[${dependency.extras.join(',')}]`;
  const constraint = dependency.constraints.length === 0 ? '' : ` (${dependency.constraints.join(',')})`;
  return `${dependency.name}${extras}${constraint}${placeOf(dependency)}`;
}

function placeOf({ origin, source }: Dependency): string {
  if (origin === undefined) return source === undefined ? '' : ` from the source ${source}`;
  return ` from ${origin.kind} ${origin.kind === 'path' ? origin.path : withoutCredentials(origin.url)}`;
}
