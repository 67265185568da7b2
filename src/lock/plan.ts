// The decision which packages an image holds, which file each comes from, and why. Data only: `bivy plan` prints it.

import type { Target } from '../python/target.ts';

export type SourceKind = 'index' | 'legacy' | 'git' | 'url' | 'file' | 'directory';

/** Where the lock says a package comes from; `index` is the default index. */
export interface Source {
  readonly kind: SourceKind;
  readonly url?: string;
  /** Name of the private source (`legacy`), or branch, tag or revision (`git`). */
  readonly reference?: string;
  readonly resolvedReference?: string;
  readonly subdirectory?: string;
  readonly develop?: boolean;
}

/** A file that the lock names. `hash` is `algorithm:hex`, as the lock has it. */
export interface LockedFile {
  readonly name: string;
  readonly hash: string;
}

/** A file; `sha256` is 64 hexadecimal digits. */
export interface ChosenFile {
  readonly name: string;
  readonly sha256: string;
}

export interface PlannedPackage {
  /** PEP 503 normal form. */
  readonly name: string;
  /** PEP 440 normal form. */
  readonly version: string;
  readonly source: Source;
  readonly groups: readonly string[];
  /** Those files of the lock that are of this version. */
  readonly files: readonly LockedFile[];
  /**
   * What Poetry installs it from: one of those files, or that which the `url` or `file` source names. A source distribution
   * has a problem beside it.
   */
  readonly file: ChosenFile | null;
  /** The chain that asked for it, from the project (or group) to the package. */
  readonly why: readonly string[];
}

export interface Problem {
  readonly code: 'NO_WHEEL' | 'SOURCE_UNSUPPORTED' | 'NO_HASH' | 'NO_FILE_NAMES' | 'MARKER_UNKNOWABLE';
  readonly package: string;
  readonly message: string;
  readonly hint: string;
}

export interface InstallPlan {
  readonly target: Target;
  /** The Poetry whose rules were followed, and how it decides. */
  readonly poetry: string;
  readonly mode: 'lock-markers' | 'walk';
  readonly lockVersion: string;
  readonly fresh: boolean;
  /** Number of packages that the lock holds, selected or not. */
  readonly locked: number;
  readonly packages: readonly PlannedPackage[];
  readonly root: { readonly name: string; readonly version: string } | null;
  readonly problems: readonly Problem[];
}
