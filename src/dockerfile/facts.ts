// What a Dockerfile for a project depends on, as a value: this room reads no file.

export interface ProjectFacts {
  readonly name: string;
  /** The Poetry to pin: the one that wrote the lock, `1.4.2`. */
  readonly poetry: string;
  /** Python of the image, `3.11`. */
  readonly python: string;
  /** What the root package is made of, relative to the project: `annapurna`, `src/annapurna`, `single.py`. */
  readonly sources: readonly string[];
  /** Further files and folders that the application reads under its work directory. */
  readonly included: readonly string[];
  /** False: dependencies only, the code is copied and not installed. */
  readonly packageMode: boolean;
  /** The readmes that `pyproject.toml` names, which Poetry wants to exist. */
  readonly readmes: readonly string[];
  /** Licence files and such that the wheel of the root package takes from beside `pyproject.toml`. */
  readonly licences: readonly string[];
  /** Extras to install. */
  readonly extras: readonly string[];
  /** Flags that select the groups: `--only main`, or what `[tool.bivy]` asks for. */
  readonly selection: {
    readonly only: readonly string[];
    readonly with: readonly string[];
    readonly without: readonly string[];
  };
  /** Has groups besides main, so that leaving dev out means something. */
  readonly hasDevelopment: boolean;
  /** Packages that come as source alone on the platform: the builder needs a compiler then. */
  readonly sdists: readonly string[];
  readonly command: readonly string[];
  readonly expose: readonly string[];
}

/** Rung of the article's climb; `best` is what bivy recommends. */
export type Rung = 0 | 1 | 2 | 3 | 4 | 5 | 'best';

/** The first line of every file that bivy writes: what has it may be written over. */
export const MARKER =
  '# Written by bivy: `bivy dockerfile --write` writes it anew, and keeps no edit made here.';
