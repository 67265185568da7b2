// A registry as an object: what `registry.ts` promises, kept in memory, and every way in which a real one may fall short
// of it that matters to whoever pushes. The protocol is another test's.

import { type Digest, digestOf } from '../../src/kernel/digest.ts';
import { BivyError } from '../../src/kernel/errors.ts';
import type {
  BlobSource,
  Registry,
  RemoteManifest,
  Repository,
  SendOptions,
} from '../../src/registry/registry.ts';

export interface FakeRegistry extends Registry {
  /** Questions and orders in their order: `HEAD team/a sha256:…`. */
  readonly log: string[];
  /** Blobs by repository (`domain/path`). */
  readonly blobs: Map<string, Map<Digest, Buffer>>;
  /** Manifests by repository, under digests and tags. */
  readonly manifests: Map<string, Map<string, RemoteManifest>>;
  /** Blobs on their way now, and the most there were at once. */
  readonly atOnce: { now: number; most: number };
}

export interface Misbehaviour {
  /** Blobs that it says it has. */
  readonly claims?: (digest: Digest) => boolean;
  /** It answers mounts with an upload. */
  readonly refusesMounts?: boolean;
  /** It says of mounts that they were made. */
  readonly feignsMounts?: boolean;
  /** Thrown before the blob is taken. */
  readonly refusesBlob?: (digest: Digest) => Error | undefined;
  readonly refusesManifest?: (repository: string, reference: string) => Error | undefined;
  /** Asks for each blob again from this position, after it took so many bytes. */
  readonly breaksAt?: number;
}

export function fakeRegistry(misbehaviour: Misbehaviour = {}): FakeRegistry {
  const log: string[] = [];
  const blobs = new Map<string, Map<Digest, Buffer>>();
  const manifests = new Map<string, Map<string, RemoteManifest>>();
  const atOnce = { now: 0, most: 0 };
  const nameOf = ({ domain, path }: Repository): string => `${domain}/${path}`;
  const blobsIn = (repository: Repository): Map<Digest, Buffer> => inside(blobs, nameOf(repository));
  const manifestsIn = (repository: Repository): Map<string, RemoteManifest> =>
    inside(manifests, nameOf(repository));

  async function take({ size, digest, open }: BlobSource, onSent?: (bytes: number) => void): Promise<Buffer> {
    const chunks: Buffer[] = [];
    const { breaksAt } = misbehaviour;
    let length = 0;
    const read = async (from: number, to: number): Promise<void> => {
      for await (const chunk of open(from)) {
        const rest = Buffer.from(chunk).subarray(0, to - length);
        length += rest.length;
        chunks.push(rest);
        onSent?.(rest.length);
        if (length >= to && to < size) return;
      }
    };
    if (breaksAt !== undefined && breaksAt < size) await read(0, breaksAt);
    await read(length, size);
    const bytes = Buffer.concat(chunks);
    if (bytes.length !== size || digestOf(bytes) !== digest) {
      throw new BivyError('REGISTRY_INVALID', `the registry got something else than \`${digest}\``);
    }
    return bytes;
  }

  return {
    log,
    blobs,
    manifests,
    atOnce,
    async getManifest(repository, reference) {
      return manifestsIn(repository).get(reference);
    },
    async findManifest(repository, reference) {
      log.push(`HEAD ${repository.path} manifest ${reference}`);
      return manifestsIn(repository).get(reference)?.digest;
    },
    async putManifest(repository, reference, manifest) {
      log.push(`PUT ${repository.path} manifest ${reference}`);
      const refusal = misbehaviour.refusesManifest?.(nameOf(repository), reference);
      if (refusal !== undefined) throw refusal;
      for (const digest of namedBlobs(manifest)) {
        if (blobsIn(repository).has(digest)) continue;
        throw new BivyError('REGISTRY_INVALID', 'the registry refused the manifest', {
          causes: [`MANIFEST_BLOB_UNKNOWN: blob unknown to registry: ${digest}`],
        });
      }
      for (const digest of namedManifests(manifest)) {
        if (manifestsIn(repository).has(digest)) continue;
        throw new BivyError('REGISTRY_INVALID', 'the registry refused the index', {
          causes: [`MANIFEST_BLOB_UNKNOWN: manifest unknown: ${digest}`],
        });
      }
      manifestsIn(repository).set(manifest.digest, manifest).set(reference, manifest);
    },
    async hasBlob(repository, digest) {
      log.push(`HEAD ${repository.path} blob ${digest}`);
      return misbehaviour.claims?.(digest) === true || blobsIn(repository).has(digest);
    },
    async *readBlob(repository, { digest }) {
      const bytes = blobsIn(repository).get(digest);
      if (bytes !== undefined) yield bytes;
    },
    async sendBlob(repository: Repository, blob: BlobSource, { from = [], onSent }: SendOptions = {}) {
      atOnce.now += 1;
      atOnce.most = Math.max(atOnce.most, atOnce.now);
      try {
        for (const source of from) {
          log.push(`MOUNT ${repository.path} blob ${blob.digest} from ${source.path}`);
          if (misbehaviour.feignsMounts === true) return 'mounted';
          const bytes = misbehaviour.refusesMounts ? undefined : blobsIn(source).get(blob.digest);
          if (bytes === undefined) continue;
          blobsIn(repository).set(blob.digest, bytes);
          return 'mounted';
        }
        const refusal = misbehaviour.refusesBlob?.(blob.digest);
        if (refusal !== undefined) throw refusal;
        const bytes = await take(blob, onSent);
        log.push(`SEND ${repository.path} blob ${blob.digest}`);
        blobsIn(repository).set(blob.digest, bytes);
        return 'sent';
      } finally {
        atOnce.now -= 1;
      }
    },
  };
}

function inside<Key, Value>(all: Map<string, Map<Key, Value>>, name: string): Map<Key, Value> {
  const found = all.get(name) ?? new Map<Key, Value>();
  all.set(name, found);
  return found;
}

interface Named {
  readonly config?: { readonly digest: Digest };
  readonly layers?: readonly { readonly digest: Digest }[];
  readonly manifests?: readonly { readonly digest: Digest }[];
}

function namedBlobs({ bytes }: RemoteManifest): readonly Digest[] {
  const { config, layers = [] } = JSON.parse(Buffer.from(bytes).toString('utf8')) as Named;
  return [...(config === undefined ? [] : [config]), ...layers].map(({ digest }) => digest);
}

function namedManifests({ bytes }: RemoteManifest): readonly Digest[] {
  const { manifests = [] } = JSON.parse(Buffer.from(bytes).toString('utf8')) as Named;
  return manifests.map(({ digest }) => digest);
}
