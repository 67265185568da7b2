// What an image stands on: composed from Debian packages, or an image on this disk. Remembered, so that a base that has
// not changed is not read again.

import type { Context } from '../kernel/context.ts';
import { type Digest, digestOf, keyOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { FORMAT } from '../layers/layout.ts';
import type { LayerPool } from '../layers/worker-pool.ts';
import type { BaseFacts, BasePython } from '../oci/facts.ts';
import type { ImageLayer } from '../oci/image.ts';
import type { ImageConfig } from '../oci/spec.ts';
import type { Settings } from '../project/settings.ts';
import type { Libc } from '../python/target.ts';
import { imageLayer, type LayerNote, makeLayer } from './layers.ts';

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
  /** Debian packages in it. */
  readonly packages: number;
}

export interface BaseOptions {
  readonly reference: string;
  readonly platform: string;
  readonly settings: Pick<Settings, 'packages' | 'init' | 'mirror' | 'securityMirror' | 'workdir'>;
  readonly environment: NodeJS.ProcessEnv;
  readonly refresh: boolean;
  readonly pool: () => Promise<LayerPool>;
}

/** Debian releases that bivy composes, and what they have: what a plan needs to know without a mirror. */
export const DEBIAN_BASES: Readonly<
  Record<string, { readonly release: '12' | '13'; readonly python: string; readonly libc: Libc }>
> = {
  'debian:12': { release: '12', python: '3.11.2', libc: { family: 'glibc', major: 2, minor: 36 } },
  'debian:13': { release: '13', python: '3.13.5', libc: { family: 'glibc', major: 2, minor: 41 } },
};

/** Bases that the user may name, for messages. */
const WOULD_DO =
  '`debian:12` has Python 3.11, `debian:13` Python 3.13; any image on this disk will do too: `oci:DIR`, `docker-archive:FILE`';

export async function resolveBase(options: BaseOptions, context: Context): Promise<ResolvedBase> {
  const debian = Object.hasOwn(DEBIAN_BASES, options.reference) ? DEBIAN_BASES[options.reference] : undefined;
  if (debian !== undefined) return composeDebian(options, debian.release, context);
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
  const { openBase } = await import('../oci/base.ts');
  const base = await openBase(options.reference, options.platform, context, {
    watch: [options.settings.workdir.slice(1)].filter((path) => path !== ''),
  });
  return {
    name: base.name,
    key: keyOf({
      kind: 'image',
      config: digestOf(JSON.stringify(base.config)),
      layers: base.layers.map((layer) => layer.digest),
    }),
    facts: base.facts,
    layers: base.layers,
    config: base.config,
    defaults: {},
    packages: 0,
  };
}

/** What a composed base was, by the key of what it was composed from. */
interface DebianRecord {
  readonly note: LayerNote;
  readonly facts: BaseFacts;
  readonly packages: number;
  readonly env: Readonly<Record<string, string>>;
}

async function composeDebian(
  options: BaseOptions,
  release: '12' | '13',
  context: Context,
): Promise<ResolvedBase> {
  const { cache, emit } = context;
  const packages = [...options.settings.packages, ...(options.settings.init ? ['tini'] : [])];
  const request = {
    release,
    platform: options.platform,
    packages,
    refresh: options.refresh,
    environment: options.environment,
    ...(options.settings.mirror === undefined ? {} : { mirror: options.settings.mirror }),
    ...(options.settings.securityMirror === undefined
      ? {}
      : { securityMirror: options.settings.securityMirror }),
  };
  const { rememberedDebian } = await import('../debian/remembered.ts');
  const remembered = options.refresh ? undefined : rememberedDebian(request, context);
  if (remembered !== undefined) {
    const known = cache.readRecord<DebianRecord>('debian-bases', layerKeyOf(remembered));
    if (known !== undefined && cache.findBlob(known.note.record.digest)?.size === known.note.record.size) {
      return resolved(options.reference, remembered, known, imageLayer(cache, known.note, true, emit));
    }
  }
  const { composeDebianBase } = await import('../debian/base.ts');
  const composed = await composeDebianBase(request, context);
  const pool = await options.pool();
  const key = layerKeyOf(composed.key);
  const { record, cached } = await makeLayer(
    key,
    async () => ({ kind: 'entries', parts: await composed.parts(), output: cache.temporary() }),
    (job) => pool.run(job),
    cache,
  );
  const made: DebianRecord = {
    note: { kind: 'base', name: 'base', packages: [], record },
    facts: composed.facts,
    packages: composed.packages.length,
    env: composed.env,
  };
  cache.writeRecord('debian-bases', key, made);
  return resolved(options.reference, composed.key, made, imageLayer(cache, made.note, cached, emit));
}

/** The same packages are other bytes in another format. */
function layerKeyOf(composed: Digest): Digest {
  return keyOf({ kind: 'base', composed, ...FORMAT });
}

function resolved(
  name: string,
  key: Digest,
  { facts, packages, env }: DebianRecord,
  layer: ImageLayer,
): ResolvedBase {
  return { name, key, facts, layers: [layer], defaults: env, packages };
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
