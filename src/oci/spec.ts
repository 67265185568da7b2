// The wire types of OCI images: opencontainers/image-spec v1.1 (descriptor.md, manifest.md, image-index.md, config.md,
// image-layout.md), and the Docker media types that stand for the same things.

import type { Digest } from '../kernel/digest.ts';

export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX = 'application/vnd.oci.image.index.v1+json';
export const CONFIG = 'application/vnd.oci.image.config.v1+json';
export const LAYER = 'application/vnd.oci.image.layer.v1.tar';
export const LAYER_GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';
export const LAYER_ZSTD = 'application/vnd.oci.image.layer.v1.tar+zstd';

export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
export const DOCKER_INDEX = 'application/vnd.docker.distribution.manifest.list.v2+json';

/** Docker's media types of layers, and OCI's for the same bytes; `null` for what may not be copied. */
export const DOCKER_LAYERS: Readonly<Record<string, string | null>> = {
  'application/vnd.docker.image.rootfs.diff.tar': LAYER,
  'application/vnd.docker.image.rootfs.diff.tar.gzip': LAYER_GZIP,
  'application/vnd.docker.image.rootfs.diff.tar.zstd': LAYER_ZSTD,
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip': null,
};

/** The tag alone; https://specs.opencontainers.org/image-spec/annotations/ */
export const REF_NAME = 'org.opencontainers.image.ref.name';
/** The whole reference, as containerd and BuildKit write it. */
export const IMAGE_NAME = 'io.containerd.image.name';
/** On the index of every layout and archive that bivy writes: what has it may be replaced. */
export const OURS = 'dev.bivy.layout';

export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
}

/** https://specs.opencontainers.org/image-spec/descriptor/ */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** https://specs.opencontainers.org/image-spec/manifest/ */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType: typeof MANIFEST;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** https://specs.opencontainers.org/image-spec/image-index/ */
export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType: typeof INDEX;
  readonly manifests: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Docker's extension of the configuration; durations are nanoseconds. */
export interface Healthcheck {
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

/** https://specs.opencontainers.org/image-spec/config/#properties, `config` */
export interface RunConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  /** `NAME=value`. */
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  readonly Healthcheck?: Healthcheck;
  /** Docker's: the shell of `CMD-SHELL` health checks. */
  readonly Shell?: readonly string[];
}

export interface History {
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

/** https://specs.opencontainers.org/image-spec/config/ */
export interface ImageConfig {
  readonly created?: string;
  readonly author?: string;
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly config?: RunConfig;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
  readonly history?: readonly History[];
}
