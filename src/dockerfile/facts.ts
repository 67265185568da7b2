// What a Dockerfile for a project depends on, as a value: this room reads no file.

/** Something of the build context; `directory` decides how COPY has to name its target. Paths are relative to the project. */
export interface Copied {
  readonly path: string;
  readonly directory: boolean;
  /** Where its files lie below site-packages, where they all moved alike. */
  readonly installed?: string;
}

/** A locked dependency that is a file or directory of this disk. */
export interface PathDependency extends Copied {
  readonly name: string;
  /** Installed as a link to its sources: they must be in the image too. */
  readonly develop: boolean;
}

/** A `[[tool.poetry.source]]` that may ask for a login. */
export interface PrivateSource {
  readonly name: string;
  /** What Poetry reads and what the secrets are called: `POETRY_HTTP_BASIC_ACME`, before `_USERNAME` and `_PASSWORD`. */
  readonly variable: string;
  /** What Poetry really reads, where no shell can export that: from 2.4 on the dots of a name stay. */
  readonly dotted?: string;
}

/** Images, as `FROM` names them. */
export interface Bases {
  /** What ships stands on it; the rungs below 4 know the other one alone. */
  readonly runtime: string;
  readonly builder: string;
  /** The same with compilers: for rungs 0 to 5, which start there as the article does. */
  readonly fat: string;
  /** How packages and users are added; `bare`: no shell, so neither can be. */
  readonly family: 'debian' | 'alpine' | 'bare';
  /** What the builder is given because packages come as source or from Git: system packages. */
  readonly buildPackages: readonly string[];
  /** Why, in words: `psycopg2 is compiled`. Empty where nothing is needed. */
  readonly buildReasons: readonly string[];
}

export interface PoetryFacts {
  /** The version to install, `1.4.2`. */
  readonly version: string;
  /** The rest of a sentence that begins with `Poetry 1.4.2`: `wrote poetry.lock`. */
  readonly why: string;
  /** What pip is to install beside it: plugins that the project requires. */
  readonly plugins: readonly string[];
  /** What `pip install poetry` must say on rung 0 to work at all; undefined where the newest will do. */
  readonly newestFails: string | undefined;
  /** The version comes from Git by poetry-dynamic-versioning, and no repository is in a build context. */
  readonly dynamicVersion: boolean;
}

/** The settings of the image, as `[tool.bivy]` has them. */
export interface ImageFacts {
  readonly workdir: string | undefined;
  /** `65532:65532`, `app`, `app:staff`. */
  readonly user: string;
  readonly env: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  /** `8000`, `53/udp`. */
  readonly expose: readonly string[];
  readonly volumes: readonly string[];
  readonly writable: readonly string[];
  readonly stopsignal: string | undefined;
  readonly healthcheck:
    | {
        readonly test: readonly string[];
        /** Nanoseconds. */
        readonly interval?: number;
        readonly timeout?: number;
        readonly startPeriod?: number;
        readonly retries?: number;
      }
    | undefined;
  readonly init: boolean;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** System packages to run with. */
  readonly packages: readonly string[];
}

export interface ProjectFacts {
  readonly name: string;
  readonly version: string | null;
  readonly poetry: PoetryFacts;
  /** Minor version of the image's Python, `3.11`. */
  readonly python: string;
  readonly bases: Bases;
  /** From the build context to the project: empty where they are one, else `services/api`. */
  readonly path: string;
  /** `pyproject.toml`, `poetry.lock`, and `poetry.toml` where there is one. */
  readonly manifests: readonly string[];
  /** False: dependencies only, the code is copied and not installed. */
  readonly packageMode: boolean;
  /** `--no-root` must be said though nothing but dependencies is wanted: before 1.8, which knew no `package-mode`. */
  readonly saysNoRoot: boolean;
  /** A build script makes the wheel. */
  readonly buildScript: boolean;
  /** What the root package is made of. */
  readonly sources: readonly Copied[];
  /** Further files and folders that the application reads under its work directory. */
  readonly included: readonly Copied[];
  /** The readmes that `pyproject.toml` names, which Poetry wants to exist. */
  readonly readmes: readonly string[];
  /** Licence files and such that the wheel of the root package takes from beside `pyproject.toml`. */
  readonly licences: readonly string[];
  readonly extras: readonly string[];
  readonly allExtras: boolean;
  /** What `[tool.bivy]` asks for; all empty: the main group. */
  readonly selection: {
    readonly only: readonly string[];
    readonly with: readonly string[];
    readonly without: readonly string[];
  };
  /** Groups that `--without` may name to leave development out: empty where there is nothing besides main. */
  readonly development: readonly string[];
  readonly paths: readonly PathDependency[];
  readonly privateSources: readonly PrivateSource[];
  /** A Git dependency over ssh: the builder's agent is needed. */
  readonly ssh: boolean;
  /** Write byte code into the image. */
  readonly byteCode: boolean;
  /** OCI spelling, `linux/arm64`; empty: the builder's own. */
  readonly platforms: readonly string[];
  readonly image: ImageFacts;
}

/** Rung of the article's climb; `best` is what bivy recommends. */
export type Rung = 0 | 1 | 2 | 3 | 4 | 5 | 'best';

/** The first line of every file that bivy writes: what has it may be written over. */
export const MARKER =
  '# Written by bivy: `bivy dockerfile --write` writes it anew, and keeps no edit made here.';
