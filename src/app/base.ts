// What an image stands on: composed from Debian packages, or an image on this disk. Remembered, so that a base that has
// not changed is not read again.

import type { Cache } from '../kernel/cache.ts';
import type { Context } from '../kernel/context.ts';
import { type Digest, digestOf, keyOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { Base } from '../oci/base.ts';
import type { BasePython } from '../oci/facts.ts';
import type { BaseKnowledge } from './base-knowledge.ts';
import { DEBIAN_BASES, findDebianBase } from './known-bases.ts';
import type { BaseOptions, ResolvedBase } from './resolved-base.ts';
import type { Reuse } from './reuse.ts';

/** Bases that the user may name, for messages. */
const WOULD_DO =
  '`debian:12` has Python 3.11, `debian:13` Python 3.13; any image will do too: `python:3.12-slim`, `oci:DIR`, `docker-archive:FILE`';

export async function resolveBase(options: BaseOptions, context: Context): Promise<ResolvedBase> {
  const { pins } = options;
  const taken =
    pins === undefined ? undefined : await (await import('./pins.ts')).takePin(pins, options, context);
  const debian = findDebianBase(options.reference);
  if (debian !== undefined) {
    const { resolveComposed } = await import('./composed-base.ts');
    return resolveComposed(options, debian.release, taken?.pinned, context);
  }
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
export function isOfThisDisk(reference: string): boolean {
  return /^(?:scratch$|(?:oci|oci-archive|docker-archive):|[a-z-]+:(?!\d+\/)[^@]*\/)/.test(reference);
}

/** An image as base: of this disk, or of a registry. */
async function openImage(options: BaseOptions, context: Context): Promise<Base> {
  const { reference, platform } = options;
  const watch = [options.settings.workdir.slice(1)].filter((path) => path !== '');
  if (isOfThisDisk(reference)) {
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
