// Blobs that a registry has (distribution-spec v1.1, "Pulling blobs"). Storage elsewhere that a registry redirects to
// learns nothing of who asks.

import type { Digest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { declaredLength } from '../kernel/http-body.ts';
import type { Exchange } from './exchange.ts';
import type { Repository } from './registry.ts';
import { nameOf } from './repository.ts';

/** @throws BivyError `REGISTRY_…` */
export async function hasBlob(exchange: Exchange, repository: Repository, digest: Digest): Promise<boolean> {
  const answer = await exchange.askBriefly(repository, {
    to: `blobs/${digest}`,
    method: 'HEAD',
    actions: 'pull',
  });
  const { status } = answer;
  if (status >= 200 && status < 300) return true;
  if (status === 404) return false;
  // Storage that signs addresses for GET alone refuses HEAD; the registry sends there for what it has.
  const { root } = await exchange.host(repository);
  if (new URL(answer.url).origin !== root.origin && status < 500) return true;
  throw await exchange.refusal(repository, answer, `look for a blob of \`${repository.path}\``);
}

/** The bytes of a blob, as many as its size says. @throws BivyError `REGISTRY_…`, also while they are read */
export async function* readBlob(
  exchange: Exchange,
  repository: Repository,
  { digest, size }: { readonly digest: Digest; readonly size: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  const answer = await exchange.ask(repository, {
    to: `blobs/${digest}`,
    actions: 'pull',
    limit: size,
    verified: true,
  });
  const name = `\`${nameOf(repository)}\``;
  if (answer.status === 404) {
    throw new BivyError('REGISTRY_INVALID', `${name} lacks the blob \`${digest}\``, {
      hint: 'the image is incomplete there: push it again, or take another one',
    });
  }
  if (answer.status !== 200)
    throw await exchange.refusal(repository, answer, `pull \`${repository.path}@${digest}\``);
  const declared = declaredLength(answer.headers);
  let came = 0;
  if (declared === undefined || declared === size) {
    for await (const chunk of answer.body) {
      came += chunk.length;
      yield chunk;
    }
  } else {
    came = declared;
    for await (const _ of answer.body) break;
  }
  if (came !== size) {
    throw new BivyError(
      'REGISTRY_INVALID',
      `the blob \`${digest}\` of ${name} has ${came} bytes instead of ${size}`,
      {
        hint: 'the registry, a mirror or a proxy before it is at fault; pull or push the image again',
      },
    );
  }
}
