// What `pyproject.toml` says, as values: `[tool.poetry]` and `[project]` merged the way Poetry merges them.
// Made by `decodePyproject`; nothing here has looked at any other file.

/** Where a dependency comes from when not from an index. Paths and URLs are as written. */
export type DirectOrigin =
  | {
      readonly kind: 'git';
      readonly url: string;
      /** Branch, tag or revision, whichever was written (in Poetry's order: branch, tag, rev). */
      readonly reference?: string;
      readonly subdirectory?: string;
    }
  | { readonly kind: 'url'; readonly url: string; readonly subdirectory?: string }
  /** `file` where the text names an archive, `directory` otherwise; the disk is not asked. */
  | { readonly kind: 'file' | 'directory'; readonly path: string; readonly subdirectory?: string };

/** One requirement of the project, or of a locked package. */
export interface Dependency {
  /** PEP 503 normal form. */
  readonly name: string;
  /** The name as written. */
  readonly spelling: string;
  /** Poetry's version constraints, all of which must allow the version; empty: any. */
  readonly constraints: readonly string[];
  /** Markers, all of which must hold; `python` and `platform` of the classic form are folded in. Empty: always. */
  readonly markers: readonly string[];
  /** The extras it asks of that package, in normal form, sorted. */
  readonly extras: readonly string[];
  /** Wanted only through an extra. */
  readonly optional: boolean;
  /** The extras (of whoever depends) that want it, in normal form. */
  readonly inExtras: readonly string[];
  readonly origin?: DirectOrigin;
  /** The name of the `[[tool.poetry.source]]` it must come from. */
  readonly source?: string;
  readonly develop?: boolean;
}

export interface Group {
  /** Normal form (PEP 735); `main` is always there and first. */
  readonly name: string;
  readonly spelling: string;
  readonly optional: boolean;
  /** Concrete dependencies, as Poetry takes them for locking, those of included groups among them. */
  readonly dependencies: readonly Dependency[];
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
  /** `[tool.bivy]` undecoded, integers as numbers; an empty table where there is none. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The whole document, integers as `bigint` so that `1` and `1.0` differ: for the content hash. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** The line of a key path, for messages of whoever decodes `settings`. */
  readonly lineOf: (path: readonly (string | number)[]) => number | undefined;
}
