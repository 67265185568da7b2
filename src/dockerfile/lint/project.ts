// What a rule may know of the project beside a Dockerfile, as a value: this room reads no file.

export interface LintProject {
  /** The `pyproject.toml`, as messages name it. */
  readonly file: string;
  /** From the build context to the project's directory: `''` where they are one, else `services/api`. */
  readonly path: string;
  readonly name: string | undefined;
  /** False: nothing but dependencies is ever installed. */
  readonly packageMode: boolean;
  /** What the interpreter must meet, `*` where nothing is said. */
  readonly python: string;
  /** `tool.poetry.requires-poetry` */
  readonly requiresPoetry: string | undefined;
  /** `tool.poetry.requires-plugins`, by name as written. */
  readonly requiredPlugins: readonly string[];
  /** Of `[build-system]`; undefined where there is none. */
  readonly buildBackend: string | undefined;
  /** A build script makes the project's own wheel. */
  readonly buildScript: string | undefined;
  readonly lock: LintLock | undefined;
  /** `main` first, the others in the order written. */
  readonly groups: readonly LintGroup[];
  /** In normal form. */
  readonly extras: readonly string[];
  /** Readmes that a build of the project's package wants to exist, relative to the project. */
  readonly readmes: readonly string[];
  /** What the project's package is made of, relative to the project: `annapurna`, `src/annapurna`, `single.py`, `lib/*.py`. */
  readonly packages: readonly string[];
  /** Dependencies that are files or directories of this disk. */
  readonly paths: readonly PathDependency[];
  /** `[[tool.poetry.source]]`, without user and password. */
  readonly sources: readonly LintSource[];
  /** Console scripts, in the order written. */
  readonly scripts: readonly string[];
  /** How the project is started, where that can be worked out: `['annapurna']`, `['python', '-m', 'annapurna']`. */
  readonly command: readonly string[] | undefined;
  /** `poetry.toml` beside it: `virtualenvs.in-project` to `true`. */
  readonly poetryToml: ReadonlyMap<string, string | boolean | number>;
  /** What keeps files out of the build context; undefined where there is none. */
  readonly ignore: IgnoreFile | undefined;
  /** Names at the top of the build context, sorted by code unit; directories end in `/`. Links are as what they lead to. */
  readonly contextFiles: readonly string[];
  /** The same, of the project's directory. */
  readonly files: readonly string[];
}

export interface LintLock {
  /** Of the header: `1.8.3`; undefined for Poetry before 1.4, which wrote none. */
  readonly poetry: string | undefined;
  /** `1.1`, `2.0`, `2.1`; undefined for the first locks. */
  readonly version: string | undefined;
  /** Packages that it locks. */
  readonly packages: number;
}

export interface LintGroup {
  /** In normal form (PEP 735). */
  readonly name: string;
  readonly optional: boolean;
  /** Names of what it asks for, in normal form. */
  readonly dependencies: readonly string[];
}

export interface PathDependency {
  readonly name: string;
  /** As written, relative to the project: `../shared`. */
  readonly path: string;
  readonly group: string;
  readonly develop: boolean;
}

export interface LintSource {
  readonly name: string;
  /** Without user, password, query and fragment; undefined for PyPI itself. */
  readonly url: string | undefined;
  /** `primary`, `supplemental`, `explicit`, `default`, `secondary`. */
  readonly priority: string;
}

export interface IgnoreFile {
  /** As messages name it: `.dockerignore`, `docker/api.Dockerfile.dockerignore`. */
  readonly file: string;
  /** As written, comments and empty lines too. */
  readonly lines: readonly string[];
}
