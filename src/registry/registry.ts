// The contract of this room: what the rest of bivy asks of registries. `client.ts` implements it over the distribution
// protocol (opencontainers/distribution-spec v1.1); nothing is loaded and no socket opened before the first question.

import type { Digest } from '../kernel/digest.ts';

/** A repository of one registry, as `parseReference` spells it: `docker.io` and `library/python`. */
export interface Repository {
  /** With the port, where one is said: `localhost:5000`. */
  readonly domain: string;
  readonly path: string;
}

/** A manifest or an index, as the exact bytes that its digest is of. */
export interface RemoteManifest {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** A blob to be sent. */
export interface BlobSource {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /**
   * The bytes from that position on; asked again where a transfer has to be resumed or begun anew. A chunk is good until
   * the next but one is asked for: whoever keeps it longer copies it.
   */
  readonly open: (from: number) => AsyncIterable<Uint8Array>;
}

export interface SendOptions {
  /** Repositories of the same registry that may hold the blob: it is mounted from the first that gives it. */
  readonly from?: readonly Repository[];
  /** Bytes that went over the wire since the last call. */
  readonly onSent?: (bytes: number) => void;
}

/** Talks to every registry; credentials, tokens, retries, mirrors and redirects are its business. */
export interface Registry {
  /**
   * @param reference a tag, or a digest against which the bytes are held
   * @returns nothing where the registry has no such manifest (404)
   * @throws BivyError `REGISTRY_UNREACHABLE`, `REGISTRY_DENIED`, `REGISTRY_INVALID` (too large, unknown type, wrong digest)
   */
  getManifest(repository: Repository, reference: string): Promise<RemoteManifest | undefined>;
  /** The digest that a tag leads to now, without its bytes (HEAD, which counts against no rate limit). */
  findManifest(repository: Repository, reference: string): Promise<Digest | undefined>;
  /** @param reference a tag, or the manifest's own digest. @throws BivyError `REGISTRY_INVALID` naming what it refused */
  putManifest(repository: Repository, reference: string, manifest: RemoteManifest): Promise<void>;
  /** Whether the repository holds the blob (HEAD). */
  hasBlob(repository: Repository, digest: Digest): Promise<boolean>;
  /** The bytes of a blob, bounded by its size, resumed where they break off; the caller holds them against the digest. */
  readBlob(
    repository: Repository,
    blob: { readonly digest: Digest; readonly size: number },
  ): AsyncIterable<Uint8Array>;
  /** Mounts or uploads a blob (no HEAD: `hasBlob` is the caller's). @throws BivyError `REGISTRY_…` */
  sendBlob(repository: Repository, blob: BlobSource, options?: SendOptions): Promise<'mounted' | 'sent'>;
}

/** What is configured about registries, besides what `docker login` and podman keep. */
export interface RegistryOptions {
  /** `BIVY_REGISTRY_USERNAME`, `BIVY_REGISTRY_PASSWORD`, `DOCKER_CONFIG`, `REGISTRY_AUTH_FILE`, `HOME`, proxies, `SSL_CERT_FILE`. */
  readonly environment: NodeJS.ProcessEnv;
  /** The domain that `BIVY_REGISTRY_USERNAME` and `BIVY_REGISTRY_PASSWORD` are for: the one pushed to. */
  readonly own?: string;
  /** Domains that may be asked over plain HTTP, or with a certificate nobody signed: `--insecure-registry`. */
  readonly insecure: readonly string[];
  /** For a domain, those asked first when something is pulled: `{ 'docker.io': ['mirror.example:5000'] }`. */
  readonly mirrors: Readonly<Record<string, readonly string[]>>;
  /** Directories with one of certificates (`*.crt`) for each host that has its own; Docker's and podman's where left out. */
  readonly certificates?: readonly string[];
}
