// What `pyproject.toml` says, as values: `[tool.poetry]` and `[project]` merged the way Poetry merges them.
// Made by `decodePyproject`; nothing here has looked at any other file.

import type { Dependency } from '../python/dependency.ts';

export interface Group {
  /** Normal form (PEP 735); `main` is always there and first. */
  readonly name: string;
  readonly spelling: string;
  readonly optional: boolean;
  /** Concrete dependencies, as Poetry takes them for locking, those of included groups among them. */
  readonly dependencies: readonly Dependency[];
}

/** What an older Poetry makes of the same file. */
export interface ClassicView {
  readonly name: string | null;
  readonly version: string | null;
  readonly pythonVersions: string;
  readonly groups: readonly Group[];
  readonly extras: ReadonlyMap<string, readonly Dependency[]>;
}

export type Format = 'sdist' | 'wheel';

/** `[[tool.poetry.packages]]` */
export interface PackageInclude {
  /** A path or glob below `from`. */
  readonly include: string;
  readonly from?: string;
  readonly to?: string;
  /** Absent: both. */
  readonly format?: readonly Format[];
}

/** `tool.poetry.include`; without `format` the default depends on the Poetry: sdist and wheel up to 1.8, sdist from 2.0. */
export interface FileInclude {
  readonly path: string;
  readonly format?: readonly Format[];
}

/** A script of `type = "file"`: `path` is copied to `bin/` under its own base name. */
export interface FileScript {
  readonly name: string;
  readonly path: string;
}

/** `expression` only from `[project].license` as a string; `text` is anything else that names or is a licence. */
export type License =
  | { readonly kind: 'expression'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'file'; readonly path: string };

export type Readme =
  | { readonly kind: 'files'; readonly paths: readonly string[]; readonly contentType?: string }
  | { readonly kind: 'text'; readonly text: string; readonly contentType?: string };

/** `[[tool.poetry.source]]` */
export interface PackageSource {
  readonly name: string;
  readonly url?: string;
  /** As written; `default = true` and `secondary = true` of 1.x read as those words; `primary` where nothing is said. */
  readonly priority: string;
}

export interface Project {
  /** The name that messages give the file. */
  readonly file: string;
  /** As written; `null` only where `packageMode` is false. */
  readonly name: string | null;
  /** As written; `null` only where `packageMode` is false. */
  readonly version: string | null;
  readonly packageMode: boolean;
  /** `[project].dynamic` */
  readonly dynamic: readonly string[];

  readonly description: string;
  /** `Name <address>`, `Name` or an address. */
  readonly authors: readonly string[];
  readonly maintainers: readonly string[];
  readonly license: License | null;
  /** `[project].license-files`; `null`: Poetry's default patterns. */
  readonly licenseFiles: readonly string[] | null;
  readonly readme: Readme | null;
  readonly keywords: readonly string[];
  readonly classifiers: readonly string[];
  /** Classifiers came from `[tool.poetry]` (or nowhere): Poetry adds those of Python and licence. */
  readonly dynamicClassifiers: boolean;
  readonly homepage: string | null;
  readonly repository: string | null;
  readonly documentation: string | null;
  /** Further URLs by label. */
  readonly urls: ReadonlyMap<string, string>;

  /** `[project].requires-python`; `*` where there is none. */
  readonly requiresPython: string;
  /** What the interpreter must meet: `tool.poetry.dependencies.python`, else `requires-python`, else `*`. */
  readonly pythonVersions: string;
  /** Abstract dependencies of the main group, those of extras among them: what Requires-Dist is made of, in order. */
  readonly requires: readonly Dependency[];
  readonly groups: readonly Group[];
  /** By normal form, in the order written. */
  readonly extras: ReadonlyMap<string, readonly Dependency[]>;
  /** What Poetry 1.x sees, which reads `[tool.poetry]` alone; `null` where that is all there is. */
  readonly classic: ClassicView | null;

  readonly scripts: ReadonlyMap<string, string>;
  readonly guiScripts: ReadonlyMap<string, string>;
  readonly fileScripts: readonly FileScript[];
  /** Further entry points: group to name to reference. */
  readonly entryPoints: ReadonlyMap<string, ReadonlyMap<string, string>>;

  readonly packages: readonly PackageInclude[];
  readonly include: readonly FileInclude[];
  readonly exclude: readonly string[];
  /** `tool.poetry.build` or its `script`. */
  readonly buildScript: string | null;
  /** `[build-system]`; `null` where there is none. */
  readonly buildSystem: { readonly requires: readonly string[]; readonly backend: string | null } | null;

  readonly sources: readonly PackageSource[];
  /** `tool.poetry.requires-poetry` */
  readonly requiresPoetry: string | null;
  /** `[tool.bivy]` undecoded, integers as numbers; an empty table where there is none. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The whole document, integers as `bigint` so that `1` and `1.0` differ: for the content hash. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** The line of a key path, for messages of whoever decodes `settings`. */
  readonly lineOf: (path: readonly (string | number)[]) => number | undefined;
}
