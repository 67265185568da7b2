// An image's configuration and manifest as canonical JSON: image-spec, config.md and manifest.md. Pure: the same
// arguments give the same bytes on every host; the one time in them is `epoch`.

import { canonicalJson } from '../kernel/digest.ts';
import type { ImageLayer } from './image.ts';
import { parsePlatform } from './platform.ts';
import {
  CONFIG,
  type Descriptor,
  type Healthcheck,
  type History,
  type ImageConfig,
  INDEX,
  type Index,
  MANIFEST,
  type Manifest,
  type RunConfig,
} from './spec.ts';

/** What a project says of its image; absent members leave what the base has. */
export interface ImageSettings {
  /** Put in front of the base's `PATH`. */
  readonly path?: readonly string[];
  /** Set where the base does not. */
  readonly defaults?: Readonly<Record<string, string>>;
  /** Set whatever the base has, `PATH` included. */
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly workdir?: string;
  /** Replaces the base's, which was for another command: empty where left out. */
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** `8000`, `53/udp`; tcp where not said. */
  readonly expose?: readonly (number | string)[];
  readonly volumes?: readonly string[];
  readonly stopsignal?: string;
  readonly healthcheck?: HealthcheckSettings;
}

/** `test` begins with `CMD`, `CMD-SHELL` or `NONE`; times are nanoseconds. */
interface HealthcheckSettings {
  readonly test: readonly string[];
  readonly interval?: number;
  readonly timeout?: number;
  readonly startPeriod?: number;
  readonly retries?: number;
}

export interface ConfigOptions {
  readonly platform: string;
  /** The configuration of the image below, if there is one. */
  readonly base?: ImageConfig;
  /** The layers above it, lowest first. */
  readonly layers: readonly Pick<ImageLayer, 'diffId' | 'kind' | 'packages'>[];
  readonly settings: ImageSettings;
  /** Seconds since 1970 for every `created`; 0 where left out. */
  readonly epoch?: number;
  /** Members beside those of the specification, which every reader passes over. */
  readonly members?: Readonly<Record<string, string>>;
}

/** The keys that the image specification defines (annotations.md). */
const ANNOTATIONS = 'org.opencontainers.image.';

const USUAL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The bytes of an image configuration. */
export function imageConfig({
  platform,
  base,
  layers,
  settings,
  epoch = 0,
  members = {},
}: ConfigOptions): Uint8Array {
  const created = spellTime(epoch);
  const config: ImageConfig = {
    created,
    ...(base === undefined
      ? parsePlatform(platform)
      : {
          os: base.os,
          architecture: base.architecture,
          ...(base.variant === undefined ? {} : { variant: base.variant }),
        }),
    config: runConfig(base?.config ?? {}, settings),
    rootfs: {
      type: 'layers',
      diff_ids: [...(base?.rootfs.diff_ids ?? []), ...layers.map((layer) => layer.diffId)],
    },
    history: [...baseHistory(base, created), ...layers.map((layer) => historyOf(layer, created))],
  };
  return encode({ ...members, ...config });
}

export interface ManifestOptions {
  readonly config: { readonly digest: Descriptor['digest']; readonly size: number };
  readonly layers: readonly Pick<ImageLayer, 'mediaType' | 'digest' | 'size' | 'annotations'>[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The bytes of an image manifest. */
export function imageManifest({ config, layers, annotations = {} }: ManifestOptions): Uint8Array {
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, digest: config.digest, size: config.size },
    layers: layers.map(({ mediaType, digest, size, annotations: own }) => ({
      mediaType,
      digest,
      size,
      ...(own === undefined ? {} : { annotations: own }),
    })),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
  return encode(manifest);
}

/** The bytes of an image index. */
export function imageIndex(
  manifests: readonly Descriptor[],
  annotations: Readonly<Record<string, string>> = {},
): Uint8Array {
  const index: Index = {
    schemaVersion: 2,
    mediaType: INDEX,
    manifests,
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
  return encode(index);
}

function encode(value: unknown): Uint8Array {
  return Buffer.from(canonicalJson(value), 'utf8');
}

/** RFC 3339, to the second. */
function spellTime(epoch: number): string {
  return new Date(epoch * 1000).toISOString().replace('.000Z', 'Z');
}

function runConfig(base: RunConfig, settings: ImageSettings): RunConfig {
  const { user = base.User, workdir = base.WorkingDir, stopsignal = base.StopSignal } = settings;
  const { entrypoint = [], cmd = base.Cmd ?? [] } = settings;
  const healthcheck = settings.healthcheck === undefined ? base.Healthcheck : wireCheck(settings.healthcheck);
  // What the base says of itself is not said of what stands on it.
  const inherited = Object.entries(base.Labels ?? {}).filter(([name]) => !name.startsWith(ANNOTATIONS));
  const labels = { ...Object.fromEntries(inherited), ...settings.labels };
  const ports = { ...base.ExposedPorts, ...setOf((settings.expose ?? []).map(spellPort)) };
  const volumes = { ...base.Volumes, ...setOf(settings.volumes ?? []) };
  return {
    Env: mergeEnv(base.Env ?? [], settings),
    ...(user === undefined || user === '' ? {} : { User: user }),
    ...(workdir === undefined || workdir === '' ? {} : { WorkingDir: workdir }),
    ...(stopsignal === undefined || stopsignal === '' ? {} : { StopSignal: stopsignal }),
    ...(healthcheck === undefined ? {} : { Healthcheck: healthcheck }),
    ...(base.Shell === undefined ? {} : { Shell: base.Shell }),
    ...(entrypoint.length === 0 ? {} : { Entrypoint: entrypoint }),
    ...(cmd.length === 0 ? {} : { Cmd: cmd }),
    ...(Object.keys(labels).length === 0 ? {} : { Labels: labels }),
    ...(Object.keys(ports).length === 0 ? {} : { ExposedPorts: ports }),
    ...(Object.keys(volumes).length === 0 ? {} : { Volumes: volumes }),
  };
}

/**
 * The variables of an image as `NAME=value`: the base's in its order, then new ones by name. A project's own win; of the
 * rest, the base's, save that `PATH` is led by the project's directories.
 */
export function mergeEnv(
  base: readonly string[],
  { path = [], defaults = {}, env = {} }: Pick<ImageSettings, 'path' | 'defaults' | 'env'>,
): readonly string[] {
  const values = parseEnv(base);
  for (const name of Object.keys(defaults).sort()) {
    if (!values.has(name)) values.set(name, defaults[name]!);
  }
  if (path.length > 0) {
    const known = (values.get('PATH') || USUAL_PATH).split(':').filter((part) => !path.includes(part));
    values.set('PATH', [...path, ...known].join(':'));
  }
  for (const name of Object.keys(env).sort()) values.set(name, env[name]!);
  return [...values].map(([name, value]) => `${name}=${value}`);
}

/** `NAME=value` lines as a table; of two of one name the last holds, as in a process. */
export function parseEnv(lines: readonly string[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of lines) {
    const equals = line.indexOf('=');
    if (equals > 0) values.set(line.slice(0, equals), line.slice(equals + 1));
  }
  return values;
}

function wireCheck({ test, interval, timeout, startPeriod, retries }: HealthcheckSettings): Healthcheck {
  return {
    Test: test,
    ...(interval === undefined ? {} : { Interval: interval }),
    ...(timeout === undefined ? {} : { Timeout: timeout }),
    ...(startPeriod === undefined ? {} : { StartPeriod: startPeriod }),
    ...(retries === undefined ? {} : { Retries: retries }),
  };
}

function spellPort(port: number | string): string {
  const text = String(port);
  return text.includes('/') ? text : `${text}/tcp`;
}

function setOf(names: readonly string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

/** The base's own entries, if they count like its layers (config.md: they must); else one for each layer. */
function baseHistory(base: ImageConfig | undefined, created: string): readonly History[] {
  if (base === undefined) return [];
  const layers = base.rootfs.diff_ids;
  const own = base.history ?? [];
  if (own.filter((entry) => entry.empty_layer !== true).length === layers.length) return own;
  return layers.map(() => ({ created, created_by: 'base' }));
}

function historyOf({ kind, packages }: Pick<ImageLayer, 'kind' | 'packages'>, created: string): History {
  const what = packages.length === 0 ? kind : `${kind} ${packages.join(' ')}`;
  return { created, created_by: `bivy: ${what}` };
}
