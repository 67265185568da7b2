// The public API: what the commands do, for programs. Nothing is printed; listen with `emit`.

import { buildImage } from './app/build.ts';
import { withContext } from './app/context.ts';
import { lintDockerfiles } from './app/lint.ts';
import { planProject } from './app/plan.ts';
import type { Emit } from './kernel/events.ts';
import type { BuildDocument } from './report/build.ts';
import { type LintDocument, lintDocument } from './report/lint-json.ts';
import { type PlanDocument, planDocument } from './report/plan.ts';

export { BivyError, type ErrorCode, type Location } from './kernel/errors.ts';
export type { Event } from './kernel/events.ts';
export type { BuildDocument, LintDocument, PlanDocument };

interface Common {
  /** Holds `pyproject.toml` and `poetry.lock`; default: the working directory. */
  readonly directory?: string;
  /** `linux/arm64`; default: this machine's architecture, on Linux. */
  readonly platform?: string;
  /** `debian:12`, `python:3.13-slim`, `oci:DIR`, …; default: as `[tool.bivy]` says, else `python:X.Y-slim` (docs/registries.md). */
  readonly base?: string;
  readonly only?: readonly string[];
  readonly with?: readonly string[];
  readonly without?: readonly string[];
  readonly extras?: readonly string[];
  readonly allExtras?: boolean;
  /** False: the project itself stays out. */
  readonly root?: boolean;
  /** Use the cache alone. */
  readonly offline?: boolean;
  /** `BIVY_*`, proxies, credentials; default: `process.env`. */
  readonly environment?: NodeJS.ProcessEnv;
  readonly emit?: Emit;
  readonly signal?: AbortSignal;
}

export interface BuildOptions extends Common {
  /** `3.11`, where the base has several. */
  readonly python?: string;
  /** `team/app:1.2`; default: the project's name and version. */
  readonly tags?: readonly string[];
  /** `registry`, `docker`, `oci:DIR`, `oci-archive:FILE`, `docker-archive:FILE`, `dir:DIR`; default: `oci:dist/NAME`. */
  readonly destinations?: readonly string[];
  /** Ask the Debian mirror for newer packages now, not once a day. */
  readonly refresh?: boolean;
  /** Threads that make layers; default: one a core, at most 4. */
  readonly workers?: number;
  /** Several platforms under one index; default: `platform`. */
  readonly platforms?: readonly string[];
  /** Push to where the tags say, as `registry` among the destinations does. */
  readonly push?: boolean;
  /** Images whose layers may be reused too: whoever may push there is trusted. */
  readonly cacheFrom?: readonly string[];
  /** False: make every layer here. */
  readonly reuse?: boolean;
  readonly compression?: 'gzip' | 'estargz';
  /** Attach bills of materials; attach provenance; write these documents into a directory. */
  readonly sbom?: boolean;
  readonly provenance?: boolean;
  readonly attestations?: string;
  /** Registries that may be asked over plain HTTP. */
  readonly insecureRegistries?: readonly string[];
}

export interface PlanOptions extends Common {
  /** `3.11.11`; default: the base's. */
  readonly python?: string;
  /** `glibc:2.36`, `musl:1.2`; default: the base's. */
  readonly libc?: string;
  /** Plan a lock that does not match `pyproject.toml`. */
  readonly allowStale?: boolean;
}

/**
 * Builds the image and writes it to every destination; the value is what `bivy build --json` prints.
 * @throws BivyError with a stable `code`; nothing is half-written then
 */
export async function build(options: BuildOptions = {}): Promise<BuildDocument> {
  const { python, tags = [], destinations = [], refresh = false, workers, platforms, compression } = options;
  const { push, cacheFrom, reuse, sbom, provenance, attestations, insecureRegistries } = options;
  const further = { push, cacheFrom, reuse, sbom, provenance, attestations, insecureRegistries, workers };
  return inContext(options, (common, context) =>
    buildImage(
      {
        ...common,
        flags: { ...common.flags, ...defined({ python, platforms, compression }) },
        tags,
        destinations,
        refresh,
        ...defined(further),
      },
      context,
    ),
  );
}

/**
 * The plan of the image, which touches none; the value is what `bivy plan --json` prints.
 * @throws BivyError for what Poetry would refuse; what only building would meet is in `problems`
 */
export async function plan(options: PlanOptions = {}): Promise<PlanDocument> {
  const { python, libc, allowStale = false } = options;
  return inContext(options, async (common, context) =>
    planDocument(
      await planProject(
        {
          ...common,
          allowStale,
          ...(python === undefined ? {} : { python }),
          ...(libc === undefined ? {} : { libc }),
        },
        context,
      ),
    ),
  );
}

export interface LintCall {
  /** Where bivy is called: paths and names are relative to it. Default: the working directory. */
  readonly directory?: string;
  /** Dockerfiles, or directories to search; default: the `Dockerfile` in `directory`. */
  readonly paths?: readonly string[];
  /** The project's directory; `null`: none. Default: what is found beside each file. */
  readonly project?: string | null;
  readonly select?: readonly string[];
  readonly ignore?: readonly string[];
  /** Absent: nothing is written. */
  readonly fix?: 'safe' | 'unsafe';
  readonly emit?: Emit;
  readonly signal?: AbortSignal;
}

/**
 * Judges Dockerfiles, and repairs them where `fix` says so; the value is what `bivy lint --json` prints.
 * @throws BivyError for what cannot be read
 */
export async function lint(options: LintCall = {}): Promise<LintDocument> {
  const { paths = [], fix, emit = () => {}, signal = new AbortController().signal } = options;
  const { directory, project, select, ignore } = options;
  const repair = fix === undefined ? undefined : { unsafe: fix === 'unsafe', write: true };
  const request = { paths, ...defined({ directory, project, select, ignore, fix: repair }) };
  return lintDocument(await lintDockerfiles(request, { emit, signal }));
}

/** Without the members that nobody gave. */
function defined<T extends object>(value: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const given = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(given) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}

interface CommonRequest {
  readonly directory: string;
  readonly flags: Readonly<Record<string, unknown>>;
  readonly selection: { readonly root?: boolean };
  readonly environment: NodeJS.ProcessEnv;
}

async function inContext<T>(
  options: Common,
  use: (common: CommonRequest, context: Parameters<typeof buildImage>[1]) => Promise<T>,
): Promise<T> {
  const { directory = '.', environment = process.env, emit = () => {}, root } = options;
  const { signal = new AbortController().signal, offline = false, platform } = options;
  const named = {
    base: options.base,
    only: options.only,
    with: options.with,
    without: options.without,
    extras: options.extras,
    allExtras: options.allExtras,
  };
  const flags = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
  return withContext({ environment, emit, signal, offline }, (context) =>
    use(
      {
        directory,
        flags: { ...flags, ...(platform === undefined ? {} : { platforms: [platform] }) },
        selection: root === undefined ? {} : { root },
        environment,
      },
      context,
    ),
  );
}
