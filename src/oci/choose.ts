// From a name to the one image of a platform: indexes of indexes, a manifest, its configuration. Whoever asks says where
// documents come from: a directory, an archive, a registry. Spec: image-spec, image-index.md and manifest.md.

import { isPresent, member, type Node } from '../kernel/decode.ts';
import type { Digest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { isNoPlatform, platformRank, spellPlatform } from './platform.ts';
import {
  type Descriptor,
  DOCKER_INDEX,
  DOCKER_LAYERS,
  DOCKER_MANIFEST,
  type ImageConfig,
  INDEX,
  LAYER,
  LAYER_GZIP,
  LAYER_ZSTD,
  MANIFEST,
  type Platform,
} from './spec.ts';
import { decodeConfig, decodeIndex, decodeManifest, parseJson } from './wire.ts';

/** Where documents come from. */
export interface Documents {
  /** Of the image, for messages: `oci:DIR`, `python:3.11-slim`. */
  readonly name: string;
  /** The bytes of a document: as many as its descriptor says, at most `limit`, of that digest. */
  read(descriptor: Descriptor, limit: number): Promise<Uint8Array>;
}

/** What an image consists of, as its documents say. */
export interface ChosenImage {
  readonly config: ImageConfig;
  readonly configDigest: Digest;
  /** Lowest first, as many as `config.rootfs.diff_ids`. */
  readonly layers: readonly Descriptor[];
}

export interface Candidates {
  /** Manifests that suit the platform equally well, each once, in the order of their indexes. */
  readonly best: readonly Descriptor[];
  /** The platforms that there are. */
  readonly platforms: readonly string[];
}

/** Bytes of an index or a manifest; registries refuse more. */
export const MAX_MANIFEST: number = 4 << 20;
/** Bytes of a configuration. */
export const MAX_CONFIG: number = 8 << 20;
const MAX_DEPTH = 4;
const MAX_CANDIDATES = 1000;

const INDEXES: readonly string[] = [INDEX, DOCKER_INDEX];
const MANIFESTS: readonly string[] = [MANIFEST, DOCKER_MANIFEST];

/**
 * Manifests for a platform under these descriptors. What is no image (attestations, artifacts) is passed over.
 * @throws BivyError `BASE_INVALID`; what `read` throws
 */
export async function findCandidates(
  roots: readonly Descriptor[],
  wanted: Platform,
  documents: Documents,
): Promise<Candidates> {
  const found: { readonly descriptor: Descriptor; readonly rank: number }[] = [];
  const platforms: string[] = [];
  let visited = 0;

  async function visit(descriptor: Descriptor, depth: number): Promise<void> {
    if (depth > MAX_DEPTH || ++visited > MAX_CANDIDATES) {
      throw new BivyError('BASE_INVALID', `${documents.name} nests too many indexes`);
    }
    const { mediaType, platform } = descriptor;
    if (platform !== undefined && isNoPlatform(platform)) return;
    if (INDEXES.includes(mediaType)) {
      for (const inner of decodeIndex(await readDocument(descriptor, documents))) {
        await visit(inner, depth + 1);
      }
    } else if (MANIFESTS.includes(mediaType)) {
      const actual = platform ?? (await readImage(descriptor, documents)).config;
      platforms.push(spellPlatform(actual));
      const rank = platformRank(actual, wanted);
      if (rank !== undefined) found.push({ descriptor, rank });
    }
  }
  for (const root of roots) await visit(root, 0);

  const lowest = Math.min(...found.map(({ rank }) => rank));
  const best = new Map<Digest, Descriptor>();
  for (const { descriptor, rank } of found) {
    if (rank === lowest && !best.has(descriptor.digest)) best.set(descriptor.digest, descriptor);
  }
  return { best: [...best.values()], platforms };
}

/**
 * The image of a manifest.
 * @throws BivyError `BASE_INVALID` where manifest and configuration disagree, `BASE_UNSUPPORTED` for layers of other kinds
 */
export async function readImage(descriptor: Descriptor, documents: Documents): Promise<ChosenImage> {
  const name = `${documents.name}: ${descriptor.digest}`;
  const { config: described, layers } = decodeManifest(await readDocument(descriptor, documents));
  const bytes = await documents.read(described, MAX_CONFIG);
  const config = decodeConfig(parseJson(bytes, `${documents.name}: ${described.digest}`));
  const count = config.rootfs.diff_ids.length;
  if (count !== layers.length) {
    throw new BivyError('BASE_INVALID', `${name} has ${layers.length} layers, its configuration ${count}`);
  }
  for (const layer of layers) checkLayerType(documents.name, layer);
  return { config, configDigest: described.digest, layers };
}

/** @throws BivyError `BASE_MISSING` always */
export function noSuchPlatform(name: string, platform: Platform, seen: readonly string[]): BivyError {
  return new BivyError('BASE_MISSING', `${name} has no image for \`${spellPlatform(platform)}\``, {
    causes: [`it has ${seen.length === 0 ? 'no image at all' : [...new Set(seen)].sort().join(', ')}`],
    hint: 'choose a platform that the base has, or a base that has the platform',
  });
}

/** What a document is by its own words, where nobody said. */
export function documentType(bytes: Uint8Array, name: string): string {
  return isPresent(member(parseJson(bytes, name), 'manifests')) ? INDEX : MANIFEST;
}

/** A document that could be read as either of two kinds would be another image for another reader (CVE-2021-41190). */
async function readDocument(descriptor: Descriptor, documents: Documents): Promise<Node> {
  const { mediaType, digest } = descriptor;
  const name = `${documents.name}: ${digest}`;
  const node = parseJson(await documents.read(descriptor, MAX_MANIFEST), name);
  const index = INDEXES.includes(mediaType);
  const foreign = (index ? ['config', 'layers'] : ['manifests']).find((key) => isPresent(member(node, key)));
  if (foreign === undefined) return node;
  throw new BivyError(
    'BASE_INVALID',
    `${name} is called ${index ? 'an index' : 'a manifest'}, and has \`${foreign}\``,
  );
}

function checkLayerType(name: string, { mediaType, digest }: Descriptor): void {
  if ([LAYER, LAYER_GZIP, LAYER_ZSTD].includes(mediaType)) return;
  if (DOCKER_LAYERS[mediaType] !== undefined && DOCKER_LAYERS[mediaType] !== null) return;
  throw new BivyError(
    'BASE_UNSUPPORTED',
    `${name} has a layer of the type \`${mediaType.slice(0, 100)}\` (\`${digest}\`)`,
    { hint: 'only tar layers are supported: plain, gzip or zstd' },
  );
}
