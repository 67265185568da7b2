// One image of an earlier build, from its documents: which layer was made from what. Every byte is suspect: what is not
// as bivy writes it is as if it were not there.

import { member } from '../kernel/decode.ts';
import { type Digest, isDigest, keyOf } from '../kernel/digest.ts';
import type { LayerRecord } from '../layers/record.ts';
import { spellPlatform } from '../oci/platform.ts';
import type { Descriptor } from '../oci/spec.ts';
import { decodeConfig, decodeIndex, decodeManifest, parseJson } from '../oci/wire.ts';
import type { RemoteManifest, Repository } from '../registry/registry.ts';
import { type BaseKnowledge, KNOWLEDGE } from './base-knowledge.ts';
import { decodeKnowledge } from './base-knowledge-decode.ts';
import { KEY_ANNOTATION, OUTLINE_ANNOTATION, UNPACKED_ANNOTATION } from './layers.ts';
import { SHARED_ANNOTATION } from './overlaps.ts';
import type { Outline, SharedFile } from './reuse.ts';

export interface PreviousLayer {
  readonly record: LayerRecord;
  readonly outline?: Outline;
  /** Of what the descriptor says, as far as it is bivy's. */
  readonly annotations: Digest;
}

export interface PreviousImage {
  readonly repository: Repository;
  readonly manifest: Digest;
  /** By what they were made from. */
  readonly layers: ReadonlyMap<Digest, PreviousLayer>;
  /** Bytes of wheels, by their SHA-256. */
  readonly wheels: ReadonlyMap<string, number>;
  readonly shared: readonly SharedFile[];
  readonly knowledge: BaseKnowledge | undefined;
}

/** The manifests of an index for these platforms. */
export function readIndexManifests(index: RemoteManifest, platforms: readonly string[]): readonly Digest[] {
  return decodeIndex(parseJson(index.bytes, `the index \`${index.digest}\``))
    .filter(({ platform }) => platform !== undefined && platforms.includes(spellPlatform(platform)))
    .map(({ digest }) => digest);
}

/**
 * Nothing where the image's parts do not belong together. The diffID of a layer comes from the image's configuration.
 * @param read gives the bytes of a small blob, checked
 * @throws BivyError `BASE_INVALID`, and what `read` throws
 */
export async function readPreviousImage(
  manifest: RemoteManifest,
  repository: Repository,
  read: (blob: Pick<Descriptor, 'digest' | 'size'>) => Promise<Uint8Array>,
): Promise<PreviousImage | undefined> {
  const node = parseJson(manifest.bytes, `the manifest \`${manifest.digest}\``);
  const { config: descriptor, layers: descriptors } = decodeManifest(node);
  if (!descriptors.some(({ annotations }) => annotations?.[KEY_ANNOTATION] !== undefined)) return undefined;
  const bytes = await read(descriptor);
  const document = parseJson(bytes, `the configuration \`${descriptor.digest}\``);
  const { diff_ids: diffIds } = decodeConfig(document).rootfs;
  if (diffIds.length !== descriptors.length) return undefined;
  const layers = new Map<Digest, PreviousLayer>();
  const wheels = new Map<string, number>();
  descriptors.forEach(({ digest, size, mediaType, annotations = {} }, index) => {
    const key = annotations[KEY_ANNOTATION];
    const unpacked = Number(annotations[UNPACKED_ANNOTATION]);
    if (key === undefined || !isDigest(key) || !isSize(unpacked)) return;
    const outline = decodeOutline(annotations[OUTLINE_ANNOTATION]);
    const diffId = diffIds[index]!;
    const lazy = Object.entries(annotations).filter(([name]) => ESTARGZ.has(name));
    if ((annotations[UNCOMPRESSED] ?? diffId) !== diffId) return;
    const record: LayerRecord = {
      key,
      digest,
      size,
      mediaType,
      unpacked,
      diffId,
      ...(lazy.length === 0 ? {} : { annotations: Object.fromEntries(lazy) }),
    };
    const said = Object.entries(annotations).filter(([name]) => OWN.has(name) || ESTARGZ.has(name));
    layers.set(key, {
      record,
      annotations: keyOf(Object.fromEntries(said)),
      ...(outline === undefined ? {} : { outline }),
    });
    for (const [sha256, bytesOf] of Object.entries(outline?.wheels ?? {})) wheels.set(sha256, bytesOf);
  });
  const raw = member(document, KNOWLEDGE).value;
  const shared = decodeShared(member(member(node, 'annotations'), SHARED_ANNOTATION).value);
  if (shared === undefined) return undefined;
  return { repository, manifest: manifest.digest, layers, wheels, shared, knowledge: decodeKnowledge(raw) };
}

/** The annotations of an eStargz layer, and that one which says the diffID. */
const UNCOMPRESSED = 'containerd.io/uncompressed';
const OWN: ReadonlySet<string> = new Set([KEY_ANNOTATION, OUTLINE_ANNOTATION, UNPACKED_ANNOTATION]);
const ESTARGZ: ReadonlySet<string> = new Set([
  UNCOMPRESSED,
  'containerd.io/snapshot/stargz/toc.digest',
  'io.containers.estargz.uncompressed-size',
]);

function decodeOutline(text: string | undefined): Outline | undefined {
  const value = parse(text) as Partial<Outline> | undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  const { roots, wheels, warnings } = value;
  if (!isTexts(roots) || !isTexts(warnings) || typeof wheels !== 'object' || wheels === null)
    return undefined;
  const sizes = Object.entries(wheels);
  if (!sizes.every(([sha256, size]) => /^[0-9a-f]{64}$/.test(sha256) && isSize(size))) return undefined;
  return { roots, warnings, wheels: Object.fromEntries(sizes) };
}

/** None where nothing is said; nothing where what is said makes no sense. */
function decodeShared(text: unknown): readonly SharedFile[] | undefined {
  if (text === undefined) return [];
  const value = parse(text);
  if (!Array.isArray(value)) return undefined;
  return value.every(isShared) ? value : undefined;
}

function isShared(value: unknown): value is SharedFile {
  if (typeof value !== 'object' || value === null) return false;
  const { path, winner, losers, same, restate, excess } = value as Record<string, unknown>;
  return (
    typeof path === 'string' &&
    typeof winner === 'string' &&
    isTexts(losers) &&
    isTexts(same) &&
    typeof restate === 'boolean' &&
    isSize(excess)
  );
}

function parse(text: unknown): unknown {
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
