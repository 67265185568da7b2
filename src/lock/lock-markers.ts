// What a 2.1 lock decides by itself (Poetry 2.3 and later): a package is taken when it is in an active group and the
// marker of one such group holds. No dependency is followed.

import { BivyError } from '../kernel/errors.ts';
import { formatVersion } from '../python/version.ts';
import type { Lock, LockedPackage } from './lock.ts';
import { markersHold, type Situation } from './situation.ts';

export interface MarkedPackage {
  readonly locked: LockedPackage;
  /** The active groups whose marker holds. */
  readonly groups: ReadonlySet<string>;
}

/**
 * @param active the active groups
 * @param extras the requested extras
 * @returns the packages by name
 * @throws BivyError `LOCK_INVALID` where two versions of one name are wanted at once; `MARKER_INVALID`, `MARKER_UNKNOWABLE`
 */
export function selectByMarkers(
  lock: Lock,
  active: ReadonlySet<string>,
  extras: ReadonlySet<string>,
  situation: Situation,
): ReadonlyMap<string, MarkedPackage> {
  const selected = new Map<string, MarkedPackage>();
  for (const locked of lock.packages) {
    const groups = new Set<string>();
    for (const [group, marker] of locked.groups ?? []) {
      if (!active.has(group)) continue;
      if (markersHold(marker === '' ? [] : [marker], situation, `\`${locked.name}\``, extras))
        groups.add(group);
    }
    if (groups.size === 0) continue;
    const other = selected.get(locked.name);
    if (other !== undefined) throw twice(lock, locked, other.locked);
    selected.set(locked.name, { locked, groups });
  }
  return selected;
}

function twice(lock: Lock, a: LockedPackage, b: LockedPackage): BivyError {
  const [first, second] = [b, a].map((locked) => `\`${formatVersion(locked.version)}\``);
  return new BivyError(
    'LOCK_INVALID',
    `\`${lock.file}\` wants two versions of \`${a.name}\` at once for this target: ${first} and ${second}`,
    { location: { file: lock.file }, hint: 'run `poetry lock` with a current Poetry and commit the result' },
  );
}
