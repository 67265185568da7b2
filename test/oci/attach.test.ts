import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOf, hexOf } from '../../src/kernel/digest.ts';
import { assembleIndex } from '../../src/oci/assemble.ts';
import { type Attestation, attachAttestations } from '../../src/oci/attach.ts';
import { blobsOf } from '../../src/oci/destinations/contents.ts';
import { parseDestination } from '../../src/oci/destinations/parse.ts';
import type { Descriptor, Index, Manifest } from '../../src/oci/spec.ts';
import { imageOf, layerOf, stage } from '../support/images.ts';

const attestation = (of: string): Attestation => ({
  predicateType: `https://predicates.example/${of}`,
  statement: Buffer.from(JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', of })),
});

const read = <T>(bytes: Uint8Array): T => JSON.parse(Buffer.from(bytes).toString('utf8')) as T;

describe('attestations', () => {
  it('stand after the images in their index, as BuildKit attaches them', () => {
    const images = [imageOf([], {}, 'linux/amd64'), imageOf([], {}, 'linux/arm64')];
    const {
      index,
      indexDigest,
      attached = [],
    } = attachAttestations(
      images.map((image) => ({ image, attestations: [attestation('a'), attestation('b')] })),
    );
    expect(indexDigest).toBe(digestOf(index));
    const { manifests } = read<Index>(index);
    expect(manifests.slice(0, 2)).toEqual(read<Index>(assembleIndex(images).index).manifests);
    expect(manifests.slice(2)).toEqual(
      images.map(
        (image, position): Descriptor => ({
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: attached[position]!.manifestDigest,
          size: attached[position]!.manifest.length,
          platform: { architecture: 'unknown', os: 'unknown' },
          annotations: {
            'vnd.docker.reference.type': 'attestation-manifest',
            'vnd.docker.reference.digest': image.manifestDigest,
          },
        }),
      ),
    );
  });

  it('are the layers of a manifest whose configuration names them', () => {
    const image = imageOf([]);
    const { attached = [] } = attachAttestations([
      { image, attestations: [attestation('a'), attestation('b')] },
    ]);
    const [one] = attached;
    const { config, layers } = read<Manifest>(one!.manifest);
    expect(one).toMatchObject({ subject: image.manifestDigest, manifestDigest: digestOf(one!.manifest) });
    expect(config).toMatchObject({ digest: digestOf(one!.config), size: one!.config.length });
    expect(layers).toEqual(
      ['a', 'b'].map((of) => ({
        mediaType: 'application/vnd.in-toto+json',
        digest: digestOf(attestation(of).statement),
        size: attestation(of).statement.length,
        annotations: { 'in-toto.io/predicate-type': attestation(of).predicateType },
      })),
    );
    expect(read(one!.config)).toEqual({
      architecture: 'unknown',
      os: 'unknown',
      config: {},
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    });
  });

  it('are not there for an image of which nothing is attested', () => {
    const images = [imageOf([], {}, 'linux/amd64'), imageOf([], {}, 'linux/arm64')];
    const bare = attachAttestations(images.map((image) => ({ image, attestations: [] })));
    expect(bare.indexDigest).toBe(assembleIndex(images).indexDigest);
    expect(bare.images).toEqual(images);
  });
});

describe('destinations', () => {
  const publish = async (kind: string) => {
    const at = stage();
    const image = imageOf([await layerOf(at, [{ path: 'a', body: 'x' }])]);
    const index = attachAttestations([{ image, attestations: [attestation('a')] }]);
    mkdirSync(join(at.folder, 'to'));
    const path = join(at.folder, 'to/out');
    const write = async (what: typeof index | typeof image) =>
      (await parseDestination(`${kind}:${path}`)).write(what, ['a:1'], at.context);
    await write(index);
    return { image, index, path, write };
  };

  it('write what is attached into a layout', async () => {
    const { index, path } = await publish('oci');
    const written = readdirSync(join(path, 'blobs/sha256')).sort();
    expect(written).toEqual(
      blobsOf(index)
        .map(({ digest }) => hexOf(digest))
        .sort(),
    );
    // The index, the image's two documents and its layer; the attached manifest, its configuration, its statement.
    expect(written).toHaveLength(7);
  });

  it('write it into an archive of a layout', async () => {
    const { index, path } = await publish('oci-archive');
    const bytes = readFileSync(path);
    for (const { manifest, blobs } of index.attached ?? []) {
      expect(bytes.includes(Buffer.from(manifest))).toBe(true);
      expect(bytes.includes(Buffer.from(blobs[0]!.bytes))).toBe(true);
    }
  });

  it('leave it out of what is for Docker alone', async () => {
    const { image, index, path, write } = await publish('docker-archive');
    expect(readFileSync(path).includes(Buffer.from(index.attached![0]!.manifest))).toBe(false);
    expect(await write(image)).toMatchObject({ changed: false });
  });
});
