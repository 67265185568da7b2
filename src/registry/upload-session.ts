// The session of one upload: where it is, how much of the blob it has, and asking it for that (distribution-spec v1.1,
// "Pushing a blob in chunks", "Getting the upload status").

import { BivyError } from '../kernel/errors.ts';
import type { RequestBody, WholeResponse } from '../kernel/http.ts';
import { addressOf } from './address.ts';
import type { Exchange } from './exchange.ts';
import type { BlobSource, Repository } from './registry.ts';

export interface Upload {
  /** Where the next request goes: of each answer its own, kept as the registry wrote it. */
  url: URL;
  /** Bytes that the registry has. */
  position: number;
  /** Bytes that a chunk must have unless it is the last. */
  readonly least: number;
  /** Its beginning was sent by a request that broke off. */
  resumed: boolean;
  /** It was asked to end. */
  ending: boolean;
}

/** @throws BivyError `REGISTRY_…` */
export async function beginUpload(exchange: Exchange, repository: Repository): Promise<Upload> {
  const answer = await exchange.askBriefly(repository, {
    to: 'blobs/uploads/',
    method: 'POST',
    actions: 'pull,push',
  });
  if (answer.status !== 202)
    throw await exchange.refusal(repository, answer, `push to \`${repository.path}\``);
  return uploadOf(exchange, repository, answer);
}

/** The upload that a registry began. @throws BivyError `REGISTRY_INVALID` where it does not say where, or where not to */
export async function uploadOf(
  exchange: Exchange,
  repository: Repository,
  begun: WholeResponse,
): Promise<Upload> {
  const least = /^\d{1,10}$/.exec(begun.headers['oci-chunk-min-length'] ?? '')?.[0];
  return {
    url: await locationOf(exchange, repository, begun),
    position: 0,
    least: Number(least ?? 0),
    resumed: false,
    ending: false,
  };
}

/** Goes on after a piece that ended at byte `sent`. @throws BivyError `REGISTRY_INVALID` */
export async function advance(
  exchange: Exchange,
  repository: Repository,
  upload: Upload,
  answer: WholeResponse,
  sent: number,
): Promise<void> {
  upload.url = await locationOf(exchange, repository, answer, upload.url);
  const has = positionOf(answer);
  // A registry that took less than it was sent says so here.
  upload.position = has !== undefined && has > upload.position && has < sent ? has : sent;
}

/**
 * How far an upload came that broke off.
 * @returns nothing where it cannot be gone on with
 * @throws BivyError `REGISTRY_UNREACHABLE`, `REGISTRY_INVALID`
 */
export async function findPosition(
  exchange: Exchange,
  repository: Repository,
  upload: Upload,
  size: number,
): Promise<Upload | undefined> {
  const answer = await exchange.askBriefly(repository, { to: upload.url, actions: 'pull,push' });
  if (answer.status < 200 || answer.status >= 300) return undefined;
  const position = positionOf(answer);
  // `0-0` is one byte, and what registries say of none.
  if (position === undefined || position <= 1 || position > size) return undefined;
  const url = await locationOf(exchange, repository, answer, upload.url);
  return { ...upload, url, position, resumed: true, ending: upload.ending };
}

/** A stretch of a blob to be sent. */
export function bodyOf(
  { digest, size, open }: BlobSource,
  from: number,
  length: number,
  onSent: ((bytes: number) => void) | undefined,
): RequestBody {
  async function* stretch(): AsyncGenerator<Uint8Array, void, undefined> {
    let left = length;
    for await (const chunk of open(from)) {
      const piece = chunk.length > left ? chunk.subarray(0, left) : chunk;
      left -= piece.length;
      onSent?.(piece.length);
      if (piece.length > 0) yield piece;
      if (left === 0 && from + length < size) return;
    }
    if (left > 0) {
      throw new BivyError('HASH_MISMATCH', `the blob \`${digest}\` ends ${left} bytes before its end`, {
        hint: 'its file was changed or cut short; build again',
      });
    }
  }
  return { size: length, open: stretch };
}

function positionOf({ headers }: WholeResponse): number | undefined {
  const end = /^(?:bytes=)?0-(\d{1,15})$/.exec(headers['range']?.trim() ?? '')?.[1];
  return end === undefined ? undefined : Number(end) + 1;
}

async function locationOf(
  exchange: Exchange,
  repository: Repository,
  { headers, url }: WholeResponse,
  before?: URL,
): Promise<URL> {
  const { location } = headers;
  if (location === undefined && before !== undefined) return before;
  const { domain, path } = repository;
  if (location === undefined) {
    throw new BivyError(
      'REGISTRY_INVALID',
      `\`${domain}\` begins an upload to \`${path}\`, and does not say where`,
      {
        hint: 'the registry, or a proxy before it, left the `Location` out',
      },
    );
  }
  const { root } = await exchange.host(repository);
  return addressOf(location, url, {
    from: root,
    domain,
    why: 'on with an upload',
    mayBePlain: (address) => exchange.mayBePlain(address, repository),
  });
}
