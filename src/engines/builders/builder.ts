// Programs that build Dockerfiles, one record each: what it is called, what it cannot do, whether it is there, and how it
// is told to build. Whatever the program, an image comes back as an archive on this disk, and bivy takes it from there.

import type { Digest } from '../../kernel/digest.ts';
import type { Emit } from '../../kernel/events.ts';
import type { Failure } from './progress.ts';

export type BuilderName = 'buildx' | 'buildctl' | 'docker' | 'podman' | 'buildah';

/** What a user may ask of a build, and not every builder can do. The names are those of the flags. */
export type Wish =
  | 'builder'
  | 'platforms'
  | 'secret'
  | 'ssh'
  | 'cache-from'
  | 'cache-to'
  | 'sbom'
  | 'provenance'
  | 'compression'
  | 'pull';

/** A base from this disk, for the name that the Dockerfile has for it. */
export interface LocalBase {
  /** In the Dockerfile's `FROM`, and what engines that keep images keep it under: `localhost/bivy-base:0123456789ab`. */
  readonly name: string;
  /** Where an OCI layout is once `openLayout` has been called, and what of it is meant. */
  readonly layout: string;
  readonly digest: Digest;
  openLayout(): Promise<void>;
  /** The same for engines that are sent it: an archive as `docker load` reads it. @returns its path */
  archive(): Promise<string>;
}

/** What is built, as every builder understands it. Paths are absolute; words are the user's own. */
export interface BuilderRequest {
  readonly context: string;
  /** Its folder holds `NAME.dockerignore` as well, where there is one. */
  readonly dockerfile: string;
  /** For builders that do not look beside the Dockerfile. */
  readonly ignoreFile?: string;
  readonly bases: readonly LocalBase[];
  /** Empty: that of the builder. */
  readonly platforms: readonly string[];
  readonly target?: string;
  /** `NAME=value`, or `NAME` for the environment's. */
  readonly arguments: readonly string[];
  /** `id=…,src=…` or `id=…,env=…`. */
  readonly secrets: readonly string[];
  readonly ssh: readonly string[];
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  readonly noCache: boolean;
  readonly pull: boolean;
  readonly network?: string;
  readonly sbom: boolean;
  readonly provenance: boolean;
  readonly compression?: string;
  /** The builder's own instance: a name, or an address. */
  readonly builder?: string;
  /** As `available` said. */
  readonly keepsImages: boolean;
  /** A folder of this build's own, empty and to be removed: the archive goes there. */
  readonly work: string;
}

/** How the outside world reaches a builder. */
export interface BuilderContext {
  readonly environment: NodeJS.ProcessEnv;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** Takes secrets out of a text before anybody reads it. */
  readonly redact: (text: string) => string;
}

export interface Archive {
  readonly kind: 'oci-archive' | 'docker-archive';
  readonly path: string;
}

export type BuilderResult =
  | {
      readonly image: Archive /** Takes away what the engine kept for it. */;
      readonly release: () => Promise<void>;
    }
  | { readonly failure: Failure };

export type Availability =
  | {
      readonly usable: true;
      /** Which instance, for the user: `builder default`. */
      readonly detail: string;
      /** What it builds stands in an engine's store, and is saved from there. */
      readonly keepsImages: boolean;
    }
  | { readonly usable: false; readonly reason: string };

export interface Builder {
  readonly name: BuilderName;
  /** As users call it: `docker buildx`. */
  readonly title: string;
  /** What it cannot do, each with the reason. */
  readonly lacks: Partial<Record<Wish, string>>;
  /** Asks the program; changes nothing. @param builder the instance that was asked for */
  available(builder: string | undefined, context: BuilderContext): Promise<Availability>;
  /**
   * Builds. What the user may do about a failure is in the result; nothing is left behind then.
   * @throws BivyError `ENGINE_UNREACHABLE`, `ENGINE_FAILED` for what has nothing to do with the Dockerfile, `INTERRUPTED`
   */
  build(request: BuilderRequest, context: BuilderContext): Promise<BuilderResult>;
}
