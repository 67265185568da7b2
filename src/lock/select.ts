// Which groups and extras are asked for. Flags mean what they mean to Poetry, save that without any only `main` is taken.

import { nearest } from '../kernel/decode.ts';
import { BivyError } from '../kernel/errors.ts';
import type { Group } from '../project/project.ts';
import { normalizeName } from '../python/names.ts';
import type { Behaviour } from './behaviour.ts';
import type { Lock } from './lock.ts';

export interface Selection {
  readonly only?: readonly string[];
  readonly with?: readonly string[];
  readonly without?: readonly string[];
  /** What plain `poetry install` takes: every group that is not optional. */
  readonly defaultGroups?: boolean;
  readonly allGroups?: boolean;
  readonly extras?: readonly string[];
  readonly allExtras?: boolean;
}

/**
 * The active groups in normal form. `only` stands alone: the others are ignored beside it. Any of `with`, `without`,
 * `defaultGroups` starts from Poetry's default, the groups that are not optional; `allGroups` starts from all of them;
 * `without` beats `with`. With nothing said: `main`.
 *
 * @throws BivyError `GROUP_UNKNOWN` where that Poetry refuses a name that the project does not have (from 1.5 on)
 */
export function activeGroups(
  groups: readonly Group[],
  selection: Selection,
  behaviour: Behaviour,
): ReadonlySet<string> {
  const known = new Map(groups.map((group) => [group.name, group]));
  if (behaviour.groups === 'strict') {
    refuseUnknown(known, { only: selection.only, with: selection.with, without: selection.without });
  }
  const only = namesIn(selection.only);
  if (only.size > 0) return only;
  const added = namesIn(selection.with);
  const removed = namesIn(selection.without);
  const { defaultGroups = false, allGroups = false } = selection;
  if (!defaultGroups && !allGroups && added.size === 0 && removed.size === 0) return new Set(['main']);
  const base = groups.filter((group) => allGroups || !group.optional).map((group) => group.name);
  return new Set([...base, ...added].filter((name) => !removed.has(name)));
}

/** Poetry takes `--with a,b`, and both once more. */
function namesIn(values: readonly string[] | undefined): ReadonlySet<string> {
  const names = (values ?? []).flatMap((value) => value.split(',')).map((name) => name.trim());
  return new Set(names.filter((name) => name !== '').map(normalizeName));
}

function refuseUnknown(
  known: ReadonlyMap<string, Group>,
  asked: Readonly<Record<'only' | 'with' | 'without', readonly string[] | undefined>>,
): void {
  const unknown = new Map<string, string[]>();
  for (const [flag, values] of Object.entries(asked)) {
    for (const name of namesIn(values)) {
      if (!known.has(name)) unknown.set(name, [...(unknown.get(name) ?? []), `\`--${flag}\``]);
    }
  }
  if (unknown.size === 0) return;
  const described = [...unknown].sort(([a], [b]) => (a < b ? -1 : 1));
  const listed = described.map(([name, flags]) => `\`${name}\` (by ${flags.sort().join(', ')})`).join(', ');
  const near = nearest(described[0]![0], known.keys());
  throw new BivyError('GROUP_UNKNOWN', `the project has no dependency group ${listed}`, {
    hint:
      near === undefined
        ? `its groups are ${[...known.keys()].map((name) => `\`${name}\``).join(', ')}`
        : `did you mean \`${near}\`?`,
  });
}

/**
 * The requested extras in normal form.
 * @throws BivyError `EXTRA_UNKNOWN` where the lock does not know one
 */
export function requestedExtras(
  projectExtras: Iterable<string>,
  lock: Lock,
  selection: Selection,
): ReadonlySet<string> {
  if (selection.allExtras === true) return new Set(projectExtras);
  const values = (selection.extras ?? []).flatMap((value) => value.split(/[ ,]+/));
  const requested = [...new Set(values.filter((value) => value !== '').map(normalizeName))];
  const unknown = requested.filter((extra) => !lock.extras.has(extra)).sort();
  if (unknown.length === 0) return new Set(requested);
  const near = nearest(unknown[0]!, lock.extras.keys());
  const known = [...lock.extras.keys()].sort();
  throw new BivyError(
    'EXTRA_UNKNOWN',
    `\`${lock.file}\` knows no extra ${unknown.map((extra) => `\`${extra}\``).join(', ')}`,
    {
      location: { file: lock.file },
      hint:
        near !== undefined
          ? `did you mean \`${near}\`?`
          : known.length === 0
            ? 'the project has no extras'
            : `its extras are ${known.map((extra) => `\`${extra}\``).join(', ')}`,
    },
  );
}
