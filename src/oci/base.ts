// Bases: the images that others are built on, from this disk (those of registries: `registry/base.ts`). Whatever a
// reference names, a `Base` comes of it, and nobody above asks where from.

import type { Context } from '../kernel/context.ts';
import { nearest } from '../kernel/decode.ts';
import type { Digest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { BaseFacts } from './facts.ts';
import type { ImageLayer } from './image.ts';
import { splitTag } from './local-image.ts';
import { parsePlatform, spellPlatform } from './platform.ts';
import type { ImageConfig } from './spec.ts';

export interface Base {
  /** As the user wrote it. */
  readonly name: string;
  readonly config: ImageConfig;
  /** Lowest first; all `kind: 'base'`. */
  readonly layers: readonly ImageLayer[];
  readonly facts: BaseFacts;
  /** Of what the name leads to in its registry, an index or a manifest; absent for what is on this disk. */
  readonly digest?: Digest;
  /** The name with everything spelled out, for what is in a registry: `docker.io/library/python:3.11-slim`. */
  readonly reference?: string;
}

export interface OpenBaseOptions {
  /** Relative paths start here; the working directory where left out. */
  readonly directory?: string;
  /** Directories whose files are listed in the facts, besides the usual ones: `usr/src/app`. */
  readonly watch?: readonly string[];
}

type Kind = 'oci' | 'oci-archive' | 'docker-archive';
const KINDS: readonly Kind[] = ['oci', 'oci-archive', 'docker-archive'];

/**
 * Opens `scratch`, `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]` or `docker-archive:FILE[:TAG]`.
 * @throws BivyError `BASE_MISSING`, `BASE_INVALID`, `BASE_UNSUPPORTED`, `TARGET_INVALID`
 */
export async function openBase(
  reference: string,
  platform: string,
  context: Context,
  { directory = '.', watch = [] }: OpenBaseOptions = {},
): Promise<Base> {
  const wanted = parsePlatform(platform);
  if (reference === 'scratch') return scratch(wanted);
  const { kind, rest } = splitReference(reference);
  const { path, tag } = splitTag(directory, rest);
  const [{ openArchive }, { findLayoutImage, openLayout }, { findDockerImage }, { inspectBase }] =
    await Promise.all([
      import('./archive.ts'),
      import('./layout.ts'),
      import('./docker-manifest.ts'),
      import('./inspect.ts'),
    ]);
  const files = kind === 'oci' ? openLayout(path, reference) : await openArchive(path, reference, context);
  const find = kind === 'docker-archive' ? findDockerImage : findLayoutImage;
  const image = await find(files, wanted, tag);
  const { facts, layers } = await inspectBase(image, files, watch, context);
  return {
    name: reference,
    config: image.config,
    facts,
    layers: layers.map((layer, index) => {
      const { path: file, offset } = image.layers[index]!.place;
      return { kind: 'base', ...layer, packages: [], cached: true, blob: { path: file, offset } };
    }),
  };
}

function scratch(platform: ReturnType<typeof parsePlatform>): Base {
  return {
    name: 'scratch',
    config: { ...platform, rootfs: { type: 'layers', diff_ids: [] } },
    layers: [],
    facts: {
      platform: spellPlatform(platform),
      pythons: [],
      env: {},
      user: '',
      workdir: '',
      paths: { '': [0o755, 0, 0] },
      files: {},
      unpacked: 0,
    },
  };
}

function splitReference(reference: string): { readonly kind: Kind; readonly rest: string } {
  const colon = reference.indexOf(':');
  const kind = reference.slice(0, colon);
  const rest = reference.slice(colon + 1);
  if (colon > 0 && (KINDS as readonly string[]).includes(kind)) {
    if (rest === '') {
      throw new BivyError('BASE_INVALID', `the base \`${reference}\` names no path`, {
        hint: `write it as \`${kind}:${kind === 'oci' ? 'DIR' : 'FILE'}\``,
      });
    }
    return { kind: kind as Kind, rest };
  }
  const near = rest.includes('/') ? nearest(kind, KINDS) : undefined;
  throw new BivyError('BASE_UNSUPPORTED', `\`${reference}\` is no base on this disk`, {
    hint:
      near === undefined
        ? 'name it as `oci:DIR`, `oci-archive:FILE` or `docker-archive:FILE`; an image of a registry is named as `docker pull` names it'
        : `did you mean \`${near}:${rest}\`?`,
  });
}
