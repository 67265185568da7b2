// What differs between the poetry-cores that came with Poetry's releases, where a wheel of the project is concerned.
// Read off their sources, 1.0.8 to 2.5.0; a Poetry of an unknown series is taken for the newest one below it.

import type { PoetryCore } from '../python/scheme.ts';

export interface BuildEra {
  /** Whose constraints and markers to speak. */
  readonly core: PoetryCore;
  /** Without a `format`, the files that `include` and globs of `packages` find go into wheels, and directories do not. */
  readonly includesFiles: boolean;
  /** `exclude` of a directory excludes all that is below it, `include` or not. */
  readonly excludesTrees: boolean;
  readonly metadataVersion: '2.1' | '2.3' | '2.4';
  /** METADATA has the name as written, not in normal form. */
  readonly spelledName: boolean;
  /** METADATA has Home-page, and leaves out a Project-URL that repeats it. */
  readonly homePage: boolean;
  /**
   * Licence files: `basic` is COPYING and LICENSE, `legal` adds LICENCE, AUTHORS and NOTICE, `metadata` names them in
   * METADATA and puts them into `licenses/`, asking `license-files` first.
   */
  readonly licenses: 'basic' | 'legal' | 'metadata';
  /** `[project].requires-python` goes into METADATA as it is. */
  readonly verbatimPython: boolean;
  /** Optional dependencies that no extra asks for are left out of METADATA. */
  readonly reachableOnly: boolean;
  /** The newest minor version of Python 3 that classifiers know of, and that constraints are spelled with. */
  readonly newestPython: number;
}

const FIRST: BuildEra = {
  core: '1.0',
  includesFiles: true,
  excludesTrees: true,
  metadataVersion: '2.1',
  spelledName: false,
  homePage: true,
  licenses: 'basic',
  verbatimPython: false,
  reachableOnly: false,
  newestPython: 10,
};

/** By Poetry series, what changed with it. */
const CHANGES: readonly (readonly [series: number, change: Partial<BuildEra>])[] = [
  [102, { core: '1.3', newestPython: 11 }],
  [103, { core: '1.9' }],
  [106, { spelledName: true }],
  [107, { newestPython: 12 }],
  [108, { licenses: 'legal', newestPython: 13 }],
  [
    200,
    {
      core: '2.2',
      includesFiles: false,
      metadataVersion: '2.3',
      homePage: false,
      verbatimPython: true,
    },
  ],
  [201, { reachableOnly: true }],
  [202, { excludesTrees: false, metadataVersion: '2.4', licenses: 'metadata', newestPython: 14 }],
  [203, { core: '2.4' }],
  [205, { newestPython: 15 }],
];

/** The era of a Poetry version like `1.4.2`; of nothing that reads like one, the newest. */
export function buildEra(poetry: string): BuildEra {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(poetry) ?? [];
  const series = major === undefined ? Number.POSITIVE_INFINITY : Number(major) * 100 + Number(minor);
  return Object.assign(
    {},
    FIRST,
    ...CHANGES.filter(([since]) => since <= series).map(([, change]) => change),
  );
}
