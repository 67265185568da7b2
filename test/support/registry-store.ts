// What the tests' registry holds, and its right answers: the distribution protocol (distribution-spec v1.1), as strict as
// real registries are about what they take.

import { createHash, randomUUID } from 'node:crypto';

export interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export interface StoreOptions {
  /** Bytes that a chunk must have, unless it is the last (`OCI-Chunk-Min-Length`). */
  readonly minChunk?: number;
  /** Most bytes that one PATCH may have; more is answered with 413. */
  readonly maxChunk?: number;
  /** What becomes of a mount: done, answered with a session instead, or refused as unknown. Default: done. */
  readonly mounts?: 'yes' | 'session' | 'refuse';
  /** How uploads are addressed. Default: absolute. */
  readonly locations?: 'absolute' | 'relative';
  /** Answer range requests for blobs. Default: true. */
  readonly ranges?: boolean;
  /** False: uploaded blobs are hashed and counted, and only their names kept. Default: true. */
  readonly keepBytes?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A request, as far as the store is concerned. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** The query as it came. */
  readonly search: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** May the one who asks pull from that repository? Asked for the source of a mount. */
  readonly mayPull: (repository: string) => boolean;
  readonly body: AsyncIterable<Uint8Array>;
}

interface Upload {
  readonly repository: string;
  readonly chunks: Buffer[];
  readonly hash: ReturnType<typeof createHash>;
  size: number;
  /** A chunk came that was too short to be any but the last. */
  short: boolean;
}

function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export class RegistryStore {
  /** By `repository@digest`. */
  readonly blobs: Map<string, Buffer> = new Map();
  /** By `repository@digest` and by `repository:tag`. */
  readonly manifests: Map<string, StoredManifest> = new Map();
  readonly uploads: Map<string, Upload> = new Map();
  readonly #options: StoreOptions;
  readonly #origin: () => string;

  constructor(options: StoreOptions, origin: () => string) {
    this.#options = options;
    this.#origin = origin;
  }

  addBlob(repository: string, bytes: Uint8Array): string {
    const digest = sha256(bytes);
    this.blobs.set(`${repository}@${digest}`, Buffer.from(bytes));
    return digest;
  }

  addManifest(repository: string, tag: string | undefined, bytes: Uint8Array, mediaType: string): string {
    const digest = sha256(bytes);
    const manifest = { mediaType, bytes: Buffer.from(bytes) };
    this.manifests.set(`${repository}@${digest}`, manifest);
    if (tag !== undefined) this.manifests.set(`${repository}:${tag}`, manifest);
    return digest;
  }

  async answer(asked: Asked): Promise<Answer> {
    const { method, path } = asked;
    if (path === '/v2/' || path === '/v2') return answer(200, {}, '{}');
    const found = /^\/v2\/(.+)\/(manifests|blobs|tags|referrers)\/(?:(uploads)\/)?([^/]*)$/.exec(path);
    if (found === null) return failure(404, 'UNSUPPORTED', 'no such place');
    const [, repository = '', kind = '', uploads, name = ''] = found;
    if (kind === 'tags') return this.#tags(repository);
    if (kind === 'manifests') return this.#manifest(asked, repository, name);
    if (kind === 'referrers') return failure(404, 'UNSUPPORTED', 'no referrers here');
    if (uploads === undefined) return this.#blob(asked, repository, name);
    return method === 'POST' ? this.#begin(asked, repository) : this.#upload(asked, repository, name);
  }

  /** What a broken connection leaves: the bytes that came, or nothing of the whole session. */
  breakUpload(path: string, came: Buffer, keep: boolean): void {
    const id = path.slice(path.lastIndexOf('/') + 1);
    const upload = this.uploads.get(id);
    if (upload === undefined) return;
    if (keep) this.#append(upload, came);
    else this.uploads.delete(id);
  }

  #tags(name: string): Answer {
    const tags = [...this.manifests.keys()].flatMap((key) =>
      key.startsWith(`${name}:`) ? [key.slice(name.length + 1)] : [],
    );
    if (tags.length === 0) return failure(404, 'NAME_UNKNOWN', 'repository name not known to registry');
    return answer(200, { 'content-type': 'application/json' }, JSON.stringify({ name, tags: tags.sort() }));
  }

  async #manifest(asked: Asked, repository: string, reference: string): Promise<Answer> {
    const key = `${repository}${reference.includes(':') ? '@' : ':'}${reference}`;
    if (asked.method === 'PUT') return this.#putManifest(asked, repository, reference);
    const manifest = this.manifests.get(key);
    const accept = asked.headers['accept'] ?? '*/*';
    if (manifest === undefined || !(accept.includes(manifest.mediaType) || accept.includes('*/*')))
      return failure(404, 'MANIFEST_UNKNOWN', 'manifest unknown', { name: reference });
    if (asked.method === 'DELETE') {
      this.manifests.delete(key);
      return answer(202);
    }
    const headers = {
      'content-type': manifest.mediaType,
      'docker-content-digest': sha256(manifest.bytes),
    };
    return answer(200, headers, manifest.bytes);
  }

  async #putManifest(asked: Asked, repository: string, reference: string): Promise<Answer> {
    const bytes = await read(asked.body);
    const digest = sha256(bytes);
    const mediaType = asked.headers['content-type'] ?? '';
    if (reference.includes(':') && reference !== digest)
      return failure(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
    let body: { config?: Part; layers?: Part[]; manifests?: Part[]; mediaType?: string };
    try {
      body = JSON.parse(bytes.toString());
    } catch {
      return failure(400, 'MANIFEST_INVALID', 'manifest invalid');
    }
    if (body.mediaType !== undefined && body.mediaType !== mediaType)
      return failure(400, 'MANIFEST_INVALID', 'the media type differs');
    for (const { digest: part } of [body.config, ...(body.layers ?? [])].filter((one) => one !== undefined))
      if (!this.blobs.has(`${repository}@${part}`))
        return failure(400, 'MANIFEST_BLOB_UNKNOWN', 'blob unknown to registry', { digest: part });
    for (const { digest: part } of body.manifests ?? [])
      if (!this.manifests.has(`${repository}@${part}`))
        return failure(400, 'MANIFEST_BLOB_UNKNOWN', 'manifest unknown to registry', { digest: part });
    this.addManifest(repository, reference.includes(':') ? undefined : reference, bytes, mediaType);
    const location = this.#spell(`/v2/${repository}/manifests/${digest}`);
    return answer(201, { location, 'docker-content-digest': digest });
  }

  #blob(asked: Asked, repository: string, digest: string): Answer {
    const key = `${repository}@${digest}`;
    const bytes = this.blobs.get(key);
    if (bytes === undefined) return failure(404, 'BLOB_UNKNOWN', 'blob unknown to registry', { digest });
    if (asked.method === 'DELETE') {
      this.blobs.delete(key);
      return answer(202);
    }
    const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': digest };
    const range = /^bytes=(\d+)-$/.exec(asked.headers['range'] ?? '');
    if (range === null || this.#options.ranges === false) return answer(200, headers, bytes);
    const start = Number(range[1]);
    const stretch = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
    return answer(206, { ...headers, 'content-range': stretch }, bytes.subarray(start));
  }

  async #begin(asked: Asked, repository: string): Promise<Answer> {
    const digest = asked.query.get('mount');
    const from = asked.query.get('from');
    const { mounts = 'yes', minChunk } = this.#options;
    if (digest !== null && mounts === 'refuse') return failure(405, 'UNSUPPORTED', 'no mounts here');
    const source = digest === null || from === null ? undefined : this.blobs.get(`${from}@${digest}`);
    if (digest !== null && source !== undefined && mounts === 'yes' && asked.mayPull(from ?? '')) {
      this.blobs.set(`${repository}@${digest}`, source);
      return answer(201, {
        location: this.#spell(`/v2/${repository}/blobs/${digest}`),
        'docker-content-digest': digest,
      });
    }
    const id = randomUUID();
    const upload = { repository, chunks: [], hash: createHash('sha256'), size: 0, short: false };
    this.uploads.set(id, upload);
    const least = minChunk === undefined ? {} : { 'oci-chunk-min-length': String(minChunk) };
    return answer(202, { ...this.#where(id, upload), ...least });
  }

  async #upload(asked: Asked, repository: string, id: string): Promise<Answer> {
    const upload = this.uploads.get(id);
    const unknown = failure(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
    if (upload === undefined || upload.repository !== repository) return unknown;
    if (
      !asked.search
        .slice(1)
        .split('&')
        .includes(`_state=${stateOf(id)}`)
    )
      return failure(400, 'BLOB_UPLOAD_INVALID', 'the state of the upload was lost');
    if (asked.method === 'GET') return answer(204, this.#where(id, upload));
    if (asked.method === 'DELETE') {
      this.uploads.delete(id);
      return answer(204);
    }
    const start = /^(\d+)-(\d+)$/.exec(asked.headers['content-range'] ?? '')?.[1];
    if (start !== undefined && Number(start) !== upload.size)
      return { ...failure(416, 'BLOB_UPLOAD_INVALID', 'out of order'), headers: this.#where(id, upload) };
    if (upload.short) return failure(400, 'SIZE_INVALID', 'a chunk before the last was too short');
    const { maxChunk = Number.POSITIVE_INFINITY, minChunk = 0 } = this.#options;
    const declared = Number(asked.headers['content-length'] ?? 0);
    if (declared > maxChunk) return failure(413, 'SIZE_INVALID', 'too large');
    const before = upload.size;
    for await (const chunk of asked.body) this.#append(upload, chunk);
    const came = upload.size - before;
    if (asked.method === 'PATCH') {
      upload.short = came < minChunk;
      return answer(202, this.#where(id, upload));
    }
    return this.#finish(asked, id, upload);
  }

  #finish(asked: Asked, id: string, upload: Upload): Answer {
    const digest = asked.query.get('digest');
    this.uploads.delete(id);
    if (digest !== `sha256:${upload.hash.digest('hex')}`)
      return failure(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
    this.blobs.set(`${upload.repository}@${digest}`, Buffer.concat(upload.chunks));
    return answer(201, {
      location: this.#spell(`/v2/${upload.repository}/blobs/${digest}`),
      'docker-content-digest': digest,
    });
  }

  #append(upload: Upload, chunk: Uint8Array): void {
    upload.hash.update(chunk);
    upload.size += chunk.length;
    if (this.#options.keepBytes !== false) upload.chunks.push(Buffer.from(chunk));
  }

  #where(id: string, { repository, size }: Upload): Record<string, string> {
    return {
      location: this.#spell(`/v2/${repository}/blobs/uploads/${id}?_state=${stateOf(id)}`),
      range: `0-${Math.max(0, size - 1)}`,
      'docker-upload-uuid': id,
    };
  }

  #spell(path: string): string {
    return this.#options.locations === 'relative' ? path : `${this.#origin()}${path}`;
  }
}

interface Part {
  readonly digest: string;
}

export function answer(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: Uint8Array | string = '',
): Answer {
  return { status, headers, body: Buffer.from(body) };
}

/** An answer as registries fail: distribution-spec, error codes. */
export function failure(status: number, code: string, message: string, detail?: unknown): Answer {
  const body = JSON.stringify({
    errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }],
  });
  return answer(status, { 'content-type': 'application/json' }, body);
}

async function read(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Of each upload its own; a client that rebuilds the address loses it. */
function stateOf(id: string): string {
  return `${id.slice(0, 8)}~a%2Fb%20c==`;
}
