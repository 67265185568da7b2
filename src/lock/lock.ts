// A lock file as values, whatever version of the format it had. Made by `decodeLock`.

import type { Dependency } from '../python/dependency.ts';
import type { Version } from '../python/version.ts';
import type { LockedFile, Source } from './plan.ts';

export type LockVersion = '1.0' | '1.1' | '2.0' | '2.1';

export interface LockedPackage {
  /** PEP 503 normal form. */
  readonly name: string;
  readonly version: Version;
  /** As the lock spells it: Poetry 1.1 kept `0.2.1-alpha.11`. */
  readonly lockedVersion: string;
  readonly source: Source;
  readonly optional: boolean;
  /** Poetry's constraint on the interpreter, as written. */
  readonly pythonVersions: string;
  /** Those that the lock has for the name: in 1.x locks, which share them, of other versions too (`filesOfVersion`). */
  readonly files: readonly LockedFile[];
  /** Hashes that the lock (of Poetry 0.12) gives without saying of which files. */
  readonly namelessHashes: readonly string[];
  readonly dependencies: readonly Dependency[];
  /** What one of its extras (normal form) adds; decoded when asked. @throws BivyError `LOCK_INVALID` */
  readonly dependenciesOfExtra: (extra: string) => readonly Dependency[];
  /** Lock 1.0: the marker of the whole package. */
  readonly marker: string | null;
  /** Lock 2.1: the groups it is in (normal form), each with its marker; an empty text holds always. */
  readonly groups: ReadonlyMap<string, string> | null;
}

export interface Lock {
  /** The name that messages give the file. */
  readonly file: string;
  readonly version: LockVersion;
  /** Whether `lock-version` is written in the file: the first locks lack it. */
  readonly versioned: boolean;
  /** The Poetry that the header names, as written. */
  readonly poetry: string | null;
  readonly contentHash: string | null;
  /** The project's constraint on the interpreter when it was locked. */
  readonly pythonVersions: string;
  /** The root's extras (normal form) and the packages (normal form) that each names. */
  readonly extras: ReadonlyMap<string, readonly string[]>;
  /** In the order of the file. */
  readonly packages: readonly LockedPackage[];
}
