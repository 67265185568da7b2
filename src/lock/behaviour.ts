// Which Poetry is followed, and what of its behaviour differs from that of the others.

import { BivyError } from '../kernel/errors.ts';
import type { Project } from '../project/project.ts';
import type { PoetryCore } from '../python/scheme.ts';
import { compareVersions, parseVersion, type Version } from '../python/version.ts';
import { hasGroupTables, judgeFreshness } from './freshness.ts';
import type { Lock, LockVersion } from './lock.ts';

export type Mode = 'lock-markers' | 'walk';

/** A stretch of Poetry's history in which it decided alike. */
export interface Behaviour {
  /** The version that stands for the stretch. */
  readonly poetry: string;
  readonly core: PoetryCore;
  /** 1.x reads `[tool.poetry]` alone. */
  readonly classic: boolean;
  /** Dependencies that Poetry 1.1 never looked at. */
  readonly ignored: ReadonlySet<string>;
  /** Groups exist (1.2), and unknown ones are refused (1.5). */
  readonly groups: 'none' | 'lenient' | 'strict';
  /** Whether the source that a dependency names must be the package's (from 1.4 on). */
  readonly sources: boolean;
  /** What a git dependency without branch, tag or revision means. */
  readonly defaultReference: string;
  /** 1.1 took dependencies of one name and constraint for one, that which stands first, extras or not. */
  readonly mergesByName: boolean;
  /** 2.x: root markers know the requested extras, extras lead to each other, and only what applies here counts. */
  readonly modernExtras: boolean;
  /** Up to 1.8: the marker of a package (lock 1.0) is asked as well. */
  readonly packageMarkers: boolean;
  /** From 2.3 on a pre-release of Python counts as the release where constraints are concerned. */
  readonly stablePython: boolean;
  /** The oldest lock-version it reads, and whether the first locks, which say none, will do. */
  readonly reads: readonly LockVersion[];
  readonly readsUnversioned: boolean;
}

const UNSAFE: ReadonlySet<string> = new Set(['setuptools', 'distribute', 'pip', 'wheel']);
const NONE: ReadonlySet<string> = new Set();

const CLASSIC = {
  classic: true,
  ignored: NONE,
  sources: true,
  defaultReference: 'HEAD',
  mergesByName: false,
  modernExtras: false,
  packageMarkers: true,
  stablePython: false,
  reads: ['1.0', '1.1', '2.0', '2.1'],
  readsUnversioned: true,
} as const;

const MODERN = {
  ...CLASSIC,
  classic: false,
  modernExtras: true,
  packageMarkers: false,
  readsUnversioned: false,
} as const;

/** By the first version that behaves so, newest first. */
const BEHAVIOURS: readonly (readonly [string, Behaviour])[] = [
  ['2.3.0.dev0', { ...MODERN, poetry: '2.4.1', core: '2.4', groups: 'strict', stablePython: true }],
  ['2.0.0.dev0', { ...MODERN, poetry: '2.2.1', core: '2.2', groups: 'strict' }],
  ['1.8.0.dev0', { ...CLASSIC, poetry: '1.8.5', core: '1.9', groups: 'strict' }],
  ['1.5.0.dev0', { ...CLASSIC, poetry: '1.7.1', core: '1.9', groups: 'strict' }],
  ['1.3.0.dev0', { ...CLASSIC, poetry: '1.4.2', core: '1.9', groups: 'lenient' }],
  [
    '1.2.0.dev0',
    {
      ...CLASSIC,
      poetry: '1.2.2',
      core: '1.3',
      groups: 'lenient',
      sources: false,
      reads: ['1.0', '1.1', '2.0'],
    },
  ],
  [
    '0',
    {
      ...CLASSIC,
      poetry: '1.1.15',
      core: '1.0',
      groups: 'none',
      ignored: UNSAFE,
      sources: false,
      defaultReference: 'master',
      mergesByName: true,
      reads: ['1.0', '1.1'],
    },
  ],
];

/** The behaviour of that release of Poetry; a later one behaves as the last that is known. */
export function behaviourOf(poetry: string): Behaviour {
  const version = parseVersion(poetry);
  if (version === undefined) {
    throw new BivyError('USAGE', `\`${poetry}\` is no version of Poetry`, {
      hint: 'write it as `1.8.5` or `2.4.1`',
    });
  }
  const found = BEHAVIOURS.find(([first]) => compareVersions(version, parseVersion(first)!) >= 0);
  return found![1];
}

/**
 * The Poetry that stands for the one that wrote the lock. None and 1.0: 1.1.15; 1.1: 1.1.15, or 1.2.2 where the project
 * has groups; 2.0: 1.8.5, or 1.7.1 (the last that goes on) where the lock is stale; 2.1: 2.2.1 where the header names
 * Poetry 2.0 to 2.2, else 2.4.1.
 */
export function followedPoetry(lock: Lock, project: Project): string {
  switch (lock.version) {
    case '1.0':
      return '1.1.15';
    case '1.1':
      return hasGroupTables(project) ? '1.2.2' : '1.1.15';
    case '2.0':
      return judgeFreshness(project, lock).fresh ? '1.8.5' : '1.7.1';
    case '2.1': {
      const writer = lock.poetry === null ? undefined : parseVersion(lock.poetry);
      return writer !== undefined && isBefore(writer, '2.3.0') ? '2.2.1' : '2.4.1';
    }
  }
}

function isBefore(version: Version, other: string): boolean {
  return compareVersions(version, parseVersion(other)!) < 0;
}

/** Since 2.3 Poetry takes groups and markers from the lock where the lock has them; before, it walked the packages. */
export function defaultMode(lock: Lock, behaviour: Behaviour): Mode {
  return lock.version === '2.1' && behaviour.core === '2.4' ? 'lock-markers' : 'walk';
}
