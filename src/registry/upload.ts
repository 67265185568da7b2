// Blobs into a registry (distribution-spec v1.1, "Pushing blobs"): mounted where another repository of it has them, else
// uploaded. An upload is taken up again where it broke off, by what the registry says that it has, or begun anew.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../kernel/context.ts';
import { isDigest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { WholeResponse } from '../kernel/http.ts';
import { publicUrl } from '../kernel/http-address.ts';
import type { Failure } from '../kernel/http-failure.ts';
import { backoff, PATIENCE, type Patience, retryAfter } from '../kernel/http-patience.ts';
import { hasBlob } from './blobs.ts';
import type { Exchange, RegistryRequest } from './exchange.ts';
import type { BlobSource, Repository, SendOptions } from './registry.ts';
import { advance, beginUpload, bodyOf, findPosition, type Upload, uploadOf } from './upload-session.ts';

export interface Uploads {
  /** @throws BivyError `REGISTRY_…`; whatever the blob's source throws */
  send(repository: Repository, blob: BlobSource, options?: SendOptions): Promise<'mounted' | 'sent'>;
}

/** What an answer that is no success means for an upload; every other one is final. */
const AFTER: Readonly<Record<number, 'resume' | 'restart' | 'smaller'>> = {
  404: 'restart',
  408: 'resume',
  413: 'smaller',
  416: 'resume',
  425: 'resume',
  429: 'resume',
  499: 'resume',
  500: 'resume',
  502: 'resume',
  503: 'resume',
  504: 'resume',
  522: 'resume',
};

/** Bytes of a blob that goes with the request which ends its upload, instead of in one before. */
const SMALL = 1 << 20;
/** Bytes of a chunk, once a proxy has refused the whole for its size. */
const CHUNK = 16 << 20;
/** Bytes that are worth an attempt. */
const FRUITFUL = 1 << 20;

/** One try came to nothing, which another one may mend. */
class Setback extends Error {
  /** What to say where no other one does. */
  readonly error: BivyError;
  readonly after: 'resume' | 'restart' | 'smaller';
  /** Milliseconds that the registry asks to wait. */
  readonly pause: number | undefined;

  /** @param reason continues `the server …` */
  constructor(reason: string, error: BivyError, after: Setback['after'], pause?: number) {
    super(reason);
    this.error = error;
    this.after = after;
    this.pause = pause;
  }
}

export function openUploads(exchange: Exchange, context: Context): Uploads {
  const patience: Patience = { ...PATIENCE, ...context.http.patience };
  const { signal, emit } = context;

  /** @returns that it is mounted, or the upload that the registry began instead */
  async function mount(
    repository: Repository,
    { digest }: BlobSource,
    source: Repository,
  ): Promise<'mounted' | Upload | undefined> {
    try {
      const query = new URLSearchParams({ mount: digest, from: source.path });
      const answer = await exchange.askBriefly(repository, {
        to: `blobs/uploads/?${query}`,
        method: 'POST',
        actions: 'pull,push',
        source,
        attempts: 2,
      });
      if (answer.status === 201) return 'mounted';
      return answer.status === 202 ? await uploadOf(exchange, repository, answer) : undefined;
    } catch (error) {
      signal.throwIfAborted();
      // Whatever the matter is with a mount, an upload does without.
      if (error instanceof BivyError && error.code.startsWith('REGISTRY_')) return undefined;
      throw error;
    }
  }

  /** Sends what is missing, and ends the upload. @throws Setback */
  async function transfer(
    repository: Repository,
    blob: BlobSource,
    upload: Upload,
    chunk: number,
    onSent: ((bytes: number) => void) | undefined,
  ): Promise<void> {
    const whole = upload.position === 0 && blob.size <= SMALL;
    while (!whole && upload.position < blob.size) {
      const length = Math.min(blob.size - upload.position, Math.max(chunk, upload.least));
      const end = upload.position + length;
      // The whole in one piece is a stream, which more registries know than chunks.
      const range = length === blob.size ? {} : { 'content-range': `${upload.position}-${end - 1}` };
      const answer = await tried(repository, upload, 'PATCH', upload.url, {
        headers: { 'content-type': 'application/octet-stream', ...range },
        body: bodyOf(blob, upload.position, length, onSent),
      });
      await advance(exchange, repository, upload, answer, end);
    }
    // Put behind what is there, untouched: it may be signed.
    const url = new URL(upload.url);
    url.search += `${url.search === '' ? '?' : '&'}digest=${encodeURIComponent(blob.digest)}`;
    upload.ending = true;
    const answer = await tried(repository, upload, 'PUT', url, {
      headers: { 'content-type': 'application/octet-stream' },
      ...(whole ? { body: bodyOf(blob, 0, blob.size, onSent) } : {}),
    });
    const stored = answer.headers['docker-content-digest'] ?? '';
    if (isDigest(stored) && stored !== blob.digest) {
      throw new BivyError(
        'REGISTRY_INVALID',
        `\`${repository.domain}\` keeps the blob \`${blob.digest}\` as \`${stored}\``,
        {
          hint: 'the registry is at fault',
        },
      );
    }
  }

  /** One request of an upload. @throws Setback, or BivyError where nothing helps */
  async function tried(
    repository: Repository,
    { resumed }: Upload,
    method: 'PATCH' | 'PUT',
    url: URL,
    request: Pick<RegistryRequest, 'headers' | 'body'>,
  ): Promise<WholeResponse> {
    let answer: WholeResponse;
    try {
      answer = await exchange.askBriefly(repository, {
        ...request,
        to: url,
        method,
        actions: 'pull,push',
        attempts: 1,
      });
    } catch (error) {
      if (error instanceof BivyError && error.code === 'REGISTRY_UNREACHABLE') {
        const { reason = 'broke off' } = (error.cause ?? {}) as Partial<Failure>;
        throw new Setback(reason, error, 'resume');
      }
      throw error;
    }
    if (answer.status >= 200 && answer.status < 300) return answer;
    const error = await exchange.refusal(repository, answer, `push a blob to \`${repository.path}\``);
    // What was put together of several pieces may have been put together wrongly.
    const after = AFTER[answer.status] ?? (answer.status === 400 && resumed ? 'restart' : undefined);
    const pause = retryAfter(answer.headers['retry-after']);
    if (after === undefined || (pause !== undefined && pause > patience.retryAfterMs)) throw error;
    throw new Setback(`answered with status ${answer.status}`, error, after, pause);
  }

  async function upload(
    repository: Repository,
    blob: BlobSource,
    begun: Upload | undefined,
    onSent: ((bytes: number) => void) | undefined,
  ): Promise<void> {
    let current = begun;
    let chunk = Number.POSITIVE_INFINITY;
    let furthest = 0;
    let barren = 0;
    for (;;) {
      current ??= await beginUpload(exchange, repository);
      let setback: Setback;
      try {
        await transfer(repository, blob, current, chunk, onSent);
        return;
      } catch (thrown) {
        signal.throwIfAborted();
        if (!(thrown instanceof Setback)) throw thrown;
        setback = thrown;
      }
      const { after, error } = setback;
      if (after === 'smaller' && (chunk <= CHUNK || current.least > CHUNK)) throw error;
      if (after === 'smaller') chunk = CHUNK;
      const found =
        after === 'resume' ? await findPosition(exchange, repository, current, blob.size) : undefined;
      const position = found?.position ?? 0;
      barren = position >= furthest + FRUITFUL ? 0 : barren + 1;
      furthest = Math.max(furthest, position);
      if (barren >= patience.attempts) throw error;
      // The answer to the end may have been lost after the deed.
      if (found === undefined && current.ending && (await hasBlob(exchange, repository, blob.digest))) return;
      const attempt = Math.max(1, barren);
      emit({ type: 'retry', url: publicUrl(current.url.href), attempt, reason: setback.message });
      if (after !== 'smaller') {
        await sleep(setback.pause ?? backoff(attempt, patience), undefined, { signal });
      }
      current = found;
    }
  }

  return {
    async send(repository, blob, { from = [], onSent } = {}) {
      let begun: Upload | undefined;
      for (const source of from) {
        if (source.domain !== repository.domain || source.path === repository.path) continue;
        const mounted = await mount(repository, blob, source);
        if (mounted === 'mounted') return 'mounted';
        begun = mounted ?? begun;
      }
      await upload(repository, blob, begun, onSent);
      return 'sent';
    },
  };
}
