// The public API: what the commands do, for programs. Nothing is printed; listen with `emit`.

import { buildImage } from './app/build.ts';
import { withContext } from './app/context.ts';
import { planProject } from './app/plan.ts';
import type { Emit } from './kernel/events.ts';
import type { BuildDocument } from './report/build.ts';
import { type PlanDocument, planDocument } from './report/plan.ts';

export { BivyError, type ErrorCode, type Location } from './kernel/errors.ts';
export type { Event } from './kernel/events.ts';
export type { BuildDocument, PlanDocument };

interface Common {
  /** Holds `pyproject.toml` and `poetry.lock`; default: the working directory. */
  readonly directory?: string;
  /** `linux/arm64`; default: this machine's architecture, on Linux. */
  readonly platform?: string;
  /** `debian:12`, `oci:DIR`, …; default: as `[tool.bivy]` says, else the first of bivy's own that the project allows. */
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
  /** `docker`, `oci:DIR`, `oci-archive:FILE`, `docker-archive:FILE`, `dir:DIR`; default: `oci:dist/NAME`. */
  readonly destinations?: readonly string[];
  /** Ask the Debian mirror for newer packages now, not once a day. */
  readonly refresh?: boolean;
  /** Threads that make layers; default: one a core, at most 4. */
  readonly workers?: number;
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
  const { python, tags = [], destinations = [], refresh = false, workers } = options;
  return inContext(options, (common, context) =>
    buildImage(
      {
        ...common,
        flags: { ...common.flags, ...(python === undefined ? {} : { python }) },
        tags,
        destinations,
        refresh,
        ...(workers === undefined ? {} : { workers }),
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
