// `[tool.bivy]`, the `BIVY_*` environment and flags, as one value. Precedence: flags, environment, table, defaults.
// Every key is decoded to its exact type or refused; a key that is not known is an error, never ignored.

import { type Document, entriesOf, member, type Node, nearest, rootNode } from '../kernel/decode.ts';
import { type HealthCheck, healthCheck } from './health-check.ts';
import * as decode from './setting-values.ts';

export interface Settings {
  /** `debian:12`, `oci:DIR`, `docker-archive:FILE`, `scratch`, …; absent: bivy's own choice. */
  readonly base?: string;
  /** `3.11` or `3.11.2`. */
  readonly python?: string;
  /** OCI spelling; empty: the default platform. */
  readonly platforms: readonly string[];
  /** Dependency groups and extras as in Poetry, as written. */
  readonly only: readonly string[];
  readonly with: readonly string[];
  readonly without: readonly string[];
  readonly extras: readonly string[];
  readonly allExtras: boolean;
  /** Debian packages to add. */
  readonly packages: readonly string[];
  /** Absent: worked out from the project. */
  readonly cmd?: readonly string[];
  readonly entrypoint: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  /** As OCI has them: `8000/tcp`, sorted by number, then protocol. */
  readonly expose: readonly string[];
  /** `USER` or `USER:GROUP`, numbers or names; absent: the base's user if that is not root, else 65532. */
  readonly user?: string;
  /** Absolute paths of directories that the user may write to. */
  readonly writable: readonly string[];
  /** Absolute paths. */
  readonly volumes: readonly string[];
  /** Absolute path, normal form. */
  readonly workdir: string;
  /** `SIGTERM`, or a number; absent: the base's. */
  readonly stopsignal?: string;
  /** A tiny init runs as process 1: the base must provide one. */
  readonly init: boolean;
  readonly healthcheck?: HealthCheck;
  readonly labels: ReadonlyMap<string, string>;
  /** Paths and globs below the project, as written but for a leading `./`. */
  readonly include: readonly string[];
  readonly overlaps: 'last' | 'refuse';
  /** Most layers above the base. */
  readonly layers: number;
  /** Of the layers that bivy makes. */
  readonly compression: 'gzip' | 'estargz';
  /** Debian mirror and its security archive, as URLs. */
  readonly mirror?: string;
  readonly securityMirror?: string;
  /** Root of the package index's simple API. */
  readonly index?: string;
  /** Registries that may be asked over plain HTTP, or show a certificate that nobody signed: `host:5000`. */
  readonly insecureRegistries: readonly string[];
  /** For a registry, those asked first when something is pulled. */
  readonly registryMirrors: ReadonlyMap<string, readonly string[]>;
}

/** What flags may set: already of the right shape, checked like everything else. */
type Flags = Partial<Omit<Settings, 'healthcheck' | 'env' | 'labels' | 'registryMirrors' | 'compression'>> & {
  readonly compression?: string;
};

interface Key {
  readonly property: keyof Settings;
  readonly decode: (node: Node) => unknown;
  /** The environment variable of a scalar key, and how its text becomes a value. */
  readonly variable?: string;
  readonly read?: (text: string) => unknown;
}

const same = (text: string): unknown => text;

/** Every key of `[tool.bivy]`. */
const KEYS: Readonly<Record<string, Key>> = {
  base: { property: 'base', decode: decode.word, variable: 'BIVY_BASE', read: same },
  python: { property: 'python', decode: decode.pythonVersion, variable: 'BIVY_PYTHON', read: same },
  platforms: { property: 'platforms', decode: decode.platforms },
  only: { property: 'only', decode: decode.words },
  with: { property: 'with', decode: decode.words },
  without: { property: 'without', decode: decode.words },
  extras: { property: 'extras', decode: decode.words },
  'all-extras': {
    property: 'allExtras',
    decode: decode.flag,
    variable: 'BIVY_ALL_EXTRAS',
    read: decode.flagText,
  },
  packages: { property: 'packages', decode: decode.debianPackages },
  cmd: { property: 'cmd', decode: decode.command },
  entrypoint: { property: 'entrypoint', decode: decode.command },
  env: { property: 'env', decode: decode.environment },
  expose: { property: 'expose', decode: decode.ports },
  user: { property: 'user', decode: decode.user, variable: 'BIVY_USER', read: same },
  writable: { property: 'writable', decode: decode.directories },
  volumes: { property: 'volumes', decode: decode.absolutePaths },
  workdir: { property: 'workdir', decode: decode.absolutePath, variable: 'BIVY_WORKDIR', read: same },
  stopsignal: { property: 'stopsignal', decode: decode.signal, variable: 'BIVY_STOPSIGNAL', read: same },
  init: { property: 'init', decode: decode.flag, variable: 'BIVY_INIT', read: decode.flagText },
  healthcheck: { property: 'healthcheck', decode: healthCheck },
  labels: { property: 'labels', decode: decode.labels },
  include: { property: 'include', decode: decode.projectPaths },
  overlaps: { property: 'overlaps', decode: decode.overlaps, variable: 'BIVY_OVERLAPS', read: same },
  layers: { property: 'layers', decode: decode.layers, variable: 'BIVY_LAYERS', read: decode.numberText },
  compression: {
    property: 'compression',
    decode: decode.compression,
    variable: 'BIVY_COMPRESSION',
    read: same,
  },
  mirror: { property: 'mirror', decode: decode.url, variable: 'BIVY_DEBIAN_MIRROR', read: same },
  'security-mirror': {
    property: 'securityMirror',
    decode: decode.url,
    variable: 'BIVY_DEBIAN_SECURITY_MIRROR',
    read: same,
  },
  index: { property: 'index', decode: decode.url, variable: 'BIVY_INDEX_URL', read: same },
  'insecure-registries': {
    property: 'insecureRegistries',
    decode: decode.registries,
    variable: 'BIVY_INSECURE_REGISTRIES',
    read: decode.listText,
  },
  'registry-mirrors': { property: 'registryMirrors', decode: decode.registryMirrors },
};

const DEFAULTS: Settings = {
  platforms: [],
  only: [],
  with: [],
  without: [],
  extras: [],
  allExtras: false,
  packages: [],
  entrypoint: [],
  env: new Map(),
  expose: [],
  writable: [],
  volumes: [],
  workdir: '/app',
  init: false,
  labels: new Map(),
  include: [],
  overlaps: 'last',
  layers: 32,
  compression: 'gzip',
  insecureRegistries: [],
  registryMirrors: new Map(),
};

export interface SettingSources {
  readonly flags?: Flags;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** `[tool.bivy]`, undecoded. */
  readonly table?: Readonly<Record<string, unknown>>;
  /** The file the table is from, for messages; default `pyproject.toml`. */
  readonly file?: string;
  /** `Project.lineOf`: the line of a key path of that file. */
  readonly lineOf?: Document['lineOf'];
}

/**
 * The settings of one build. Of group selections, the sources do not mix: where flags (then the table) name any of
 * `only`, `with` and `without`, the weaker source's are forgotten.
 * @throws BivyError `CONFIG_UNKNOWN_KEY` with the nearest known key; `CONFIG_INVALID` naming key and file
 */
export function resolveSettings(sources: SettingSources): Settings {
  const table = fromTable(sources);
  const environment = fromEnvironment(sources.environment ?? {});
  const flags = fromFlags(sources.flags ?? {});
  const selects = flags['only'] ?? flags['with'] ?? flags['without'];
  const groups = selects === undefined ? {} : { only: [], with: [], without: [] };
  const merged = { ...DEFAULTS, ...table, ...environment, ...groups, ...flags } as Settings;
  return { ...merged, writable: merged.writable.map((path) => decode.resolveUnder(merged.workdir, path)) };
}

/**
 * Variables that are set and read by nobody, though one of nearly that name is: `[written, meant]`.
 * @param others variables that stand for no key
 */
export function misspeltVariables(
  environment: Readonly<Record<string, string | undefined>>,
  others: Iterable<string>,
): readonly (readonly [written: string, meant: string])[] {
  const known = Object.values(KEYS).flatMap(({ variable }) => variable ?? []);
  const names = [...known, ...others].map((name) => name.slice(PREFIX.length));
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => name.slice(PREFIX.length))
    .filter((name) => !names.includes(name))
    .flatMap((name) => {
      const meant = nearest(name, names);
      return meant === undefined ? [] : [[`${PREFIX}${name}`, `${PREFIX}${meant}`] as const];
    });
}

const PREFIX = 'BIVY_';

function fromTable({ table = {}, file = 'pyproject.toml', lineOf }: SettingSources): Record<string, unknown> {
  const document: Document = { file, code: 'CONFIG_INVALID', ...(lineOf === undefined ? {} : { lineOf }) };
  const root = member(member(rootNode({ tool: { bivy: table } }, document), 'tool'), 'bivy');
  const settings: Record<string, unknown> = {};
  for (const [name, node] of entriesOf(root)) {
    // Another command's: lint-settings.ts decodes it.
    if (name === 'lint') continue;
    const key = Object.hasOwn(KEYS, name) ? KEYS[name] : undefined;
    if (key === undefined) throw decode.unknownKey(name, [...Object.keys(KEYS), 'lint'], '[tool.bivy]', node);
    settings[key.property] = key.decode(node);
  }
  return settings;
}

function fromEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, unknown> {
  const document: Document = {
    file: 'environment',
    code: 'CONFIG_INVALID',
    spell: ([variable]) => String(variable),
  };
  const settings: Record<string, unknown> = {};
  for (const { property, variable, read, decode: decodeKey } of Object.values(KEYS)) {
    if (variable === undefined || read === undefined) continue;
    const text = environment[variable];
    if (text === undefined || text === '') continue;
    settings[property] = decodeKey(member(rootNode({ [variable]: read(text) }, document), variable));
  }
  return settings;
}

function fromFlags(flags: Flags): Record<string, unknown> {
  const document: Document = {
    file: 'command line',
    code: 'CONFIG_INVALID',
    spell: ([name]) => (name === 'platforms' ? '--platform' : `--${name}`),
  };
  const settings: Record<string, unknown> = {};
  for (const [name, { property, decode: decodeKey }] of Object.entries(KEYS)) {
    const value = (flags as Record<string, unknown>)[property];
    if (value === undefined) continue;
    settings[property] = decodeKey(member(rootNode({ [name]: value }, document), name));
  }
  return settings;
}
