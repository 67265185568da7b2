// Attestations beside images, as BuildKit attaches them (moby/buildkit, docs/attestations/attestation-storage.md): an
// index names each image, then for each a manifest of the platform `unknown/unknown` whose layers are in-toto statements.
// It is the form with an image configuration (`oci-artifact=false`): every registry and engine takes it. Pure.

import { canonicalJson, type Digest, digestOf } from '../kernel/digest.ts';
import { imageIndex } from './config.ts';
import type { AttachedManifest, BuiltImage, ImageIndex } from './image.ts';
import { parsePlatform } from './platform.ts';
import { CONFIG, type Descriptor, MANIFEST, type Manifest } from './spec.ts';

/** One in-toto statement. */
export interface Attestation {
  /** What `statement` says it is: `https://spdx.dev/Document`. */
  readonly predicateType: string;
  /** JSON of an in-toto statement whose subject is the image's manifest. */
  readonly statement: Uint8Array;
}

export interface AttestedImage {
  readonly image: BuiltImage;
  /** Their order is kept; an image may have none. */
  readonly attestations: readonly Attestation[];
}

const STATEMENT = 'application/vnd.in-toto+json';
const PREDICATE_TYPE = 'in-toto.io/predicate-type';
const REFERENCE_TYPE = 'vnd.docker.reference.type';
const REFERENCE_DIGEST = 'vnd.docker.reference.digest';
/** No engine runs it. */
const NOWHERE = { architecture: 'unknown', os: 'unknown' };

/** The images under one digest, in the order given, each with what is attested of it; their own bytes stay as they are. */
export function attachAttestations(images: readonly AttestedImage[]): ImageIndex {
  const attached = images.flatMap(({ image, attestations }) =>
    attestations.length === 0 ? [] : [attachedManifest(image.manifestDigest, attestations)],
  );
  const index = imageIndex([
    ...images.map(
      ({ image }): Descriptor => ({
        mediaType: MANIFEST,
        digest: image.manifestDigest,
        size: image.manifest.length,
        platform: parsePlatform(image.platform),
      }),
    ),
    ...attached.map(
      ({ subject, manifest, manifestDigest }): Descriptor => ({
        mediaType: MANIFEST,
        digest: manifestDigest,
        size: manifest.length,
        platform: NOWHERE,
        annotations: { [REFERENCE_TYPE]: 'attestation-manifest', [REFERENCE_DIGEST]: subject },
      }),
    ),
  ]);
  return { index, indexDigest: digestOf(index), images: images.map(({ image }) => image), attached };
}

function attachedManifest(subject: Digest, attestations: readonly Attestation[]): AttachedManifest {
  const blobs = attestations.map(({ statement }) => ({ digest: digestOf(statement), bytes: statement }));
  const config = encode({
    ...NOWHERE,
    config: {},
    rootfs: { type: 'layers', diff_ids: blobs.map(({ digest }) => digest) },
  });
  const configDigest = digestOf(config);
  const document: Manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, digest: configDigest, size: config.length },
    layers: attestations.map(({ predicateType }, position) => ({
      mediaType: STATEMENT,
      digest: blobs[position]!.digest,
      size: blobs[position]!.bytes.length,
      annotations: { [PREDICATE_TYPE]: predicateType },
    })),
  };
  const manifest = encode(document);
  return { subject, manifest, manifestDigest: digestOf(manifest), config, configDigest, blobs };
}

function encode(value: unknown): Uint8Array {
  return Buffer.from(canonicalJson(value), 'utf8');
}
