// The image that is to be verified, wherever it is: on this disk, or in a registry, of which the small documents are read
// and layers only where they differ.

import type { Context } from '../kernel/context.ts';
import { type Digest, digestOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { type OpenedImages, openImages, openLocalImages } from '../oci/compare-source.ts';
import type { RemoteBlob } from '../oci/image.ts';
import { isLocalImage } from '../oci/local-image.ts';
import { parseImage } from '../oci/reference.ts';
import { type Descriptor, DOCKER_INDEX, DOCKER_MANIFEST, INDEX, MANIFEST } from '../oci/spec.ts';
import type { Registry, Repository } from '../registry/registry.ts';
import { nameOf } from '../registry/repository.ts';

/**
 * @param reference of a registry's image, or `oci:DIR[:TAG]`, `oci-archive:FILE`, `docker-archive:FILE`
 * @throws BivyError `IMAGE_MISSING`, `REGISTRY_…`, `BASE_INVALID`, `BASE_UNSUPPORTED`, `USAGE`, `OFFLINE`
 */
export async function openVerified(
  reference: string,
  registry: () => Promise<Registry>,
  context: Context,
): Promise<OpenedImages> {
  if (isLocalImage(reference)) return openLocalImages(reference, context);
  const { domain, path, tag, digest } = parseImage(reference);
  if (context.offline) {
    throw new BivyError('OFFLINE', `\`${reference}\` is in a registry, and the network was not to be used`, {
      hint: 'run it without `--offline`, or name an image on this disk: `oci:DIR`',
    });
  }
  const opened = await registry();
  const repository = { domain, path };
  const top = await opened.getManifest(repository, digest ?? tag ?? 'latest');
  if (top === undefined) {
    throw new BivyError('IMAGE_MISSING', `there is no image \`${reference}\``, {
      hint: 'check its name and tag; an image on this disk is named `oci:DIR`, `oci-archive:FILE` or `docker-archive:FILE`',
    });
  }
  const { mediaType, bytes } = top;
  return openImages(
    { mediaType, digest: top.digest, size: bytes.length },
    {
      name: reference,
      read: async (blob, limit) =>
        blob.digest === top.digest ? bytes : readDocument(reference, repository, blob, limit, opened),
      find: (blob) => remoteBlob(repository, blob, opened, context),
    },
  );
}

const MANIFESTS: ReadonlySet<string> = new Set([INDEX, MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST]);

async function readDocument(
  reference: string,
  repository: Repository,
  { digest, size, mediaType }: Pick<Descriptor, 'digest' | 'size' | 'mediaType'>,
  limit: number,
  registry: Registry,
): Promise<Uint8Array> {
  if (size > limit) {
    throw new BivyError('BASE_INVALID', `${reference}: \`${digest}\` has ${size} bytes, more than ${limit}`);
  }
  if (MANIFESTS.has(mediaType)) {
    const found = await registry.getManifest(repository, digest);
    if (found !== undefined) return found.bytes;
    throw new BivyError('IMAGE_MISSING', `the registry lacks \`${digest}\`, which \`${reference}\` names`, {
      hint: 'push the image again',
    });
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of registry.readBlob(repository, { digest, size })) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (digestOf(bytes) === digest) return bytes;
  throw new BivyError('HASH_MISMATCH', `the registry sent something else than \`${digest}\``, {
    causes: [reference],
    hint: 'try again; if it stays so, the registry or a proxy before it is damaged',
  });
}

function remoteBlob(
  repository: Repository,
  { digest, size }: { readonly digest: Digest; readonly size: number },
  registry: Registry,
  { cache }: Context,
): RemoteBlob {
  const name = nameOf(repository);
  return {
    repository: name,
    async fetch() {
      const blob =
        (await cache.verifyBlob(digest)) ??
        (await cache.putBlob(registry.readBlob(repository, { digest, size }), {
          expected: digest,
          limit: size,
          name: `the layer \`${digest}\` of \`${name}\``,
        }));
      return { path: blob.path, offset: 0 };
    },
  };
}
