// What an image stands on: composed from Debian packages, or an image on this disk. Remembered, so that a base that has
// not changed is not read again.

import type { BasePackage } from '../debian/base.ts';
import type { PinnedComposition } from '../debian/composition.ts';
import type { DebianRequest } from '../debian/request.ts';
import type { Cache } from '../kernel/cache.ts';
import type { Context } from '../kernel/context.ts';
import { type Digest, digestOf, keyOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { entriesFormat } from '../layers/entries-key.ts';
import type { Compression } from '../layers/layout.ts';
import { PREFETCH } from '../layers/prefetch.ts';
import type { LayerPool } from '../layers/worker-pool.ts';
import type { Base } from '../oci/base.ts';
import type { BaseFacts, BasePython } from '../oci/facts.ts';
import type { ImageLayer } from '../oci/image.ts';
import type { ImageConfig } from '../oci/spec.ts';
import type { Pins } from '../project/pins.ts';
import type { Settings } from '../project/settings.ts';
import type { Libc } from '../python/target.ts';
import type { Registry } from '../registry/registry.ts';
import { type BaseKnowledge, isBaseRecord } from './base-knowledge.ts';
import { debianRequest } from './debian-request.ts';
import { imageLayer, type LayerNote, makeLayer } from './layers.ts';
import type { FollowedReleases, Reuse } from './reuse.ts';

export interface ResolvedBase {
  readonly name: string;
  /** Of everything about it that an image above depends on. */
  readonly key: Digest;
  readonly facts: BaseFacts;
  /** Lowest first. */
  readonly layers: readonly ImageLayer[];
  /** Absent for a composed base, whose layer counts as bivy's own. */
  readonly config?: ImageConfig;
  /** Variables to set where nothing else does. */
  readonly defaults: Readonly<Record<string, string>>;
  /** Of a composed base. */
  readonly debian?: { readonly release: '12' | '13'; readonly packages: readonly BasePackage[] };
  /** What was learnt of it, for images above it. */
  readonly knowledge?: BaseKnowledge;
  /** Of a composed base: what was asked for, and the signed releases that answered. */
  readonly followed?: FollowedReleases;
  /** Of an image in a registry: its reference with the domain spelled out, and the digest that this leads to. */
  readonly image?: { readonly reference: string; readonly digest: Digest };
}

export interface BaseOptions {
  readonly reference: string;
  readonly platform: string;
  readonly settings: Pick<
    Settings,
    'packages' | 'init' | 'mirror' | 'securityMirror' | 'workdir' | 'compression'
  >;
  readonly environment: NodeJS.ProcessEnv;
  readonly refresh: boolean;
  readonly pool: () => Promise<LayerPool>;
  readonly registry: () => Promise<Registry>;
  readonly reuse?: Reuse;
  /** What `bivy.lock` holds the base to. */
  readonly pins?: Pins;
}

/** Debian releases that bivy composes, and what they have: what a plan needs to know without a mirror. */
export const DEBIAN_BASES: Readonly<
  Record<string, { readonly release: '12' | '13'; readonly python: string; readonly libc: Libc }>
> = {
  'debian:12': { release: '12', python: '3.11.2', libc: { family: 'glibc', major: 2, minor: 36 } },
  'debian:13': { release: '13', python: '3.13.5', libc: { family: 'glibc', major: 2, minor: 41 } },
};

/**
 * Images of the default registry that a build may choose by itself, the newest Python first, and what they have. Changes
 * with bivy's version alone.
 */
export const OFFICIAL_BASES: Readonly<Record<string, { readonly python: string; readonly libc: Libc }>> =
  Object.fromEntries(
    ['3.14.0', '3.13.9', '3.12.12', '3.11.14', '3.10.19'].map((python) => [
      `python:${python.slice(0, python.lastIndexOf('.'))}-slim`,
      { python, libc: { family: 'glibc', major: 2, minor: 41 } },
    ]),
  );

/** Bases of which Python and libc are known without asking anybody. */
export const KNOWN_BASES: Readonly<Record<string, { readonly python: string; readonly libc: Libc }>> = {
  ...DEBIAN_BASES,
  ...OFFICIAL_BASES,
};

/** Bases that the user may name, for messages. */
const WOULD_DO =
  '`debian:12` has Python 3.11, `debian:13` Python 3.13; any image will do too: `python:3.12-slim`, `oci:DIR`, `docker-archive:FILE`';

export async function resolveBase(options: BaseOptions, context: Context): Promise<ResolvedBase> {
  const { pins } = options;
  const taken =
    pins === undefined ? undefined : await (await import('./pins.ts')).takePin(pins, options, context);
  const debian = Object.hasOwn(DEBIAN_BASES, options.reference) ? DEBIAN_BASES[options.reference] : undefined;
  if (debian !== undefined) return composeDebian(options, debian.release, taken?.pinned, context);
  if (/^debian(:|$)/.test(options.reference)) {
    throw new BivyError('BASE_UNSUPPORTED', `bivy composes no base \`${options.reference}\``, {
      hint: `take ${Object.keys(DEBIAN_BASES)
        .map((name) => `\`${name}\``)
        .join(' or ')}`,
    });
  }
  if (options.settings.packages.length > 0) {
    throw new BivyError(
      'BASE_UNSUPPORTED',
      `\`packages\` of \`[tool.bivy]\` needs a composed base, and \`${options.reference}\` is an image`,
      {
        hint: 'take `debian:12`, or an image that has the packages',
      },
    );
  }
  if (options.settings.init) {
    throw new BivyError(
      'BASE_UNSUPPORTED',
      `\`init\` of \`[tool.bivy]\` needs a composed base, and \`${options.reference}\` is an image`,
      {
        hint: 'take `debian:12`, or set `entrypoint` to an init that the image has',
      },
    );
  }
  const knowing = watchBases(context.cache, options.reuse);
  const reference = taken?.reference ?? options.reference;
  const base = await openImage({ ...options, reference }, { ...context, cache: knowing.cache });
  const knowledge = knowing.last();
  return {
    name: options.reference,
    key: keyOf({
      kind: 'image',
      config: digestOf(JSON.stringify(base.config)),
      layers: base.layers.map((layer) => layer.digest),
    }),
    facts: base.facts,
    layers: base.layers,
    config: base.config,
    defaults: {},
    ...(knowledge === undefined ? {} : { knowledge }),
    ...(base.digest === undefined || base.reference === undefined
      ? {}
      : { image: { reference: named(base.reference, options.reference), digest: base.digest } }),
  };
}

/** The full name as the user means it: a pin puts a digest into the one that is pulled. */
function named(full: string, reference: string): string {
  return reference.includes('@') ? full : full.replace(/@.*/, '');
}

/** `scratch`, `oci:DIR` and the like; also what is nearly so: a tag holds no slash, save after the port of a host. */
const OF_THIS_DISK = /^(?:scratch$|(?:oci|oci-archive|docker-archive):|[a-z-]+:(?!\d+\/)[^@]*\/)/;

/** An image as base: of this disk, or of a registry. */
async function openImage(options: BaseOptions, context: Context): Promise<Base> {
  const { reference, platform } = options;
  const watch = [options.settings.workdir.slice(1)].filter((path) => path !== '');
  if (OF_THIS_DISK.test(reference)) {
    const { openBase } = await import('../oci/base.ts');
    return openBase(reference, platform, context, { watch });
  }
  const [{ openRemoteBase }, registry] = await Promise.all([
    import('../registry/base.ts'),
    options.registry(),
  ]);
  return openRemoteBase(reference, platform, registry, context, { watch });
}

/** The cache, with what an earlier image says of its base; and what was asked of it or learnt. */
function watchBases(
  cache: Cache,
  reuse: Reuse | undefined,
): { readonly cache: Cache; last(): BaseKnowledge | undefined } {
  let last: BaseKnowledge | undefined;
  const note = (kind: string, key: Digest, value: unknown): void => {
    if (kind === 'bases' && value !== undefined) last = { kind, key, value };
  };
  return {
    last: () => last,
    cache: {
      root: cache.root,
      blobPath: (digest) => cache.blobPath(digest),
      findBlob: (digest) => cache.findBlob(digest),
      verifyBlob: (digest) => cache.verifyBlob(digest),
      putBlob: (source, put) => cache.putBlob(source, put),
      adopt: (temporary, digest) => cache.adopt(temporary, digest),
      discardBlob: (digest) => cache.discardBlob(digest),
      temporary: () => cache.temporary(),
      readRecord<T>(kind: string, key: Digest): T | undefined {
        const value =
          cache.readRecord<T>(kind, key) ?? (kind === 'bases' ? reuse?.findBase<T>('bases', key) : undefined);
        note(kind, key, value);
        return value;
      },
      writeRecord(kind, key, value) {
        note(kind, key, value);
        cache.writeRecord(kind, key, value);
      },
    },
  };
}

/** What a composed base was, by the key of what it was composed from. */
interface DebianRecord {
  readonly note: LayerNote;
  readonly facts: BaseFacts;
  readonly packages: readonly BasePackage[];
  readonly env: Readonly<Record<string, string>>;
}

async function composeDebian(
  options: BaseOptions,
  release: '12' | '13',
  pinned: PinnedComposition | undefined,
  context: Context,
): Promise<ResolvedBase> {
  const { cache } = context;
  const { compression } = options.settings;
  const request = { ...debianRequest(release, options), ...(pinned === undefined ? {} : { pinned }) };
  const { reuse } = options;
  const followed =
    pinned === undefined
      ? await followedNow(request, options, context)
      : { key: (await import('../debian/composition.ts')).pinnedKey(request, pinned) };
  if (followed !== undefined) {
    const key = layerKeyOf(followed.key, compression);
    const found = cache.readRecord<DebianRecord>('debian-bases', key);
    const known = isBaseRecord('debian-bases', found) ? found : undefined;
    if (known !== undefined && cache.findBlob(known.note.record.digest)?.size === known.note.record.size) {
      return resolved(options, release, followed, known, imageLayer(context, known.note, true));
    }
    const said = known ?? reuse?.findBase<DebianRecord>('debian-bases', key);
    const layer = said === undefined ? undefined : await reuse?.findLayer(key);
    if (said !== undefined && reuse !== undefined && layer?.record.digest === said.note.record.digest) {
      const note = { ...said.note, record: layer.record, remote: layer.remote };
      return resolved(options, release, followed, said, imageLayer(context, note, true, reuse));
    }
  }
  const { composeDebianBase } = await import('../debian/base.ts');
  const composed = await composeDebianBase(request, context);
  const key = layerKeyOf(composed.key, compression);
  const { record, cached } = await makeLayer(
    key,
    async () => ({
      kind: 'entries',
      parts: await composed.parts(),
      compression,
      prefetch: PREFETCH.base,
      output: cache.temporary(),
    }),
    async (job) => (await options.pool()).run(job),
    cache,
  );
  const made: DebianRecord = {
    note: { kind: 'base', name: 'base', packages: [], record },
    facts: composed.facts,
    packages: composed.packages,
    env: composed.env,
  };
  cache.writeRecord('debian-bases', key, made);
  const { questionKey } = await import('../debian/question.ts');
  const answer = { question: questionKey(request), releases: composed.releases, key: composed.key };
  return resolved(
    options,
    release,
    pinned === undefined ? answer : { key: composed.key },
    made,
    imageLayer(context, made.note, cached),
  );
}

/** What is to be composed as far as that is known without a list of packages: remembered, or said by an earlier image. */
async function followedNow(
  request: DebianRequest,
  { refresh, reuse }: BaseOptions,
  context: Context,
): Promise<FollowedReleases | undefined> {
  const [{ rememberedDebian }, { questionKey }] = await Promise.all([
    import('../debian/remembered.ts'),
    import('../debian/question.ts'),
  ]);
  const remembered = refresh ? undefined : rememberedDebian(request, context);
  const question = questionKey(request);
  if (remembered !== undefined) return { question, releases: remembered.releases, key: remembered.key };
  return followedBefore(question, request, reuse, context);
}

/** What an earlier image followed, where the mirror's releases are still the same. */
async function followedBefore(
  question: Digest,
  request: DebianRequest,
  reuse: Reuse | undefined,
  context: Context,
): Promise<FollowedReleases | undefined> {
  const before = context.offline ? undefined : await reuse?.findFollowed(question);
  if (before === undefined) return undefined;
  const { currentReleases } = await import('../debian/current.ts');
  const now = await currentReleases(request, context);
  return keyOf(now) === keyOf(before.releases) ? before : undefined;
}

/** The same packages are other bytes in another format. */
function layerKeyOf(composed: Digest, compression: Compression): Digest {
  return keyOf({ kind: 'base', composed, ...entriesFormat(compression, PREFETCH.base) });
}

function resolved(
  { reference: name }: Pick<BaseOptions, 'reference'>,
  release: '12' | '13',
  answer: FollowedReleases | Pick<FollowedReleases, 'key'>,
  record: DebianRecord,
  layer: ImageLayer,
): ResolvedBase {
  const { facts, packages, env, note } = record;
  const value = { ...record, note: { ...note, remote: undefined } };
  return {
    name,
    key: answer.key,
    facts,
    layers: [layer],
    defaults: env,
    debian: { release, packages },
    ...('releases' in answer ? { followed: answer } : {}),
    knowledge: { kind: 'debian-bases', key: note.record.key, value },
  };
}

/**
 * The Python of a base that the settings ask for.
 * @throws BivyError `BASE_NO_PYTHON` naming bases that would do
 */
export function choosePython(
  base: string,
  pythons: readonly BasePython[],
  asked: string | undefined,
): BasePython {
  const found =
    asked === undefined
      ? pythons[0]
      : pythons.find(({ version, major, minor }) => asked === version || asked === `${major}.${minor}`);
  if (found !== undefined) return found;
  const versions = pythons.map(({ version }) => version);
  const has = versions.length === 0 ? 'it has no Python at all' : `it has Python ${versions.join(', ')}`;
  throw new BivyError(
    'BASE_NO_PYTHON',
    `the base \`${base}\` has no Python${asked === undefined ? '' : ` ${asked}`}`,
    { causes: asked === undefined ? [] : [has], hint: WOULD_DO },
  );
}
