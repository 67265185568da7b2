// What was learnt of a base, as it is written into the configuration of each image above it: a build with an empty cache
// that finds the same base reads it there instead of the base's layers. A member of its own beside those of the image
// specification, as BuildKit keeps its inline cache; the bytes depend on the base alone.

import type { Cache } from '../kernel/cache.ts';
import { canonicalJson, type Digest, isDigest, keyOf } from '../kernel/digest.ts';

/** A record of the cache: its kind, its key, and its value as JSON. */
export interface BaseKnowledge {
  readonly kind: 'bases' | 'debian-bases';
  readonly key: Digest;
  readonly value: unknown;
}

/** The member of the image's configuration. */
export const KNOWLEDGE = 'dev.bivy.base.v1';

const TEXTS = 'base-texts';

/** DEFLATE in base64; remembered, so that an unchanged build does not encode it again. */
export async function encodeKnowledge({ kind, key, value }: BaseKnowledge, cache: Cache): Promise<string> {
  const json = canonicalJson({ kind, key, value });
  const textKey = keyOf({ text: json });
  const known = cache.readRecord<string>(TEXTS, textKey);
  if (known !== undefined) return known;
  const { createDeflater } = await import('../layers/deflate.ts');
  const pieces: Buffer[] = [];
  const deflater = createDeflater((piece) => pieces.push(Buffer.from(piece)));
  deflater.write(Buffer.from(json));
  deflater.finish();
  const text = Buffer.concat(pieces).toString('base64');
  cache.writeRecord(TEXTS, textKey, text);
  return text;
}

/** Whether a record has the shape that this version writes: another one's may be in the cache, or in an image. */
export function isBaseRecord(kind: BaseKnowledge['kind'], value: unknown): boolean {
  const { facts, layers, packages, note } = fieldsOf(value);
  const { pythons, paths, files, env, unpacked } = fieldsOf(facts);
  const isKnown =
    Array.isArray(pythons) &&
    [paths, files, env].every((table) => typeof table === 'object' && table !== null) &&
    typeof unpacked === 'number';
  if (kind === 'bases') return isKnown && Array.isArray(layers);
  const { digest } = fieldsOf(fieldsOf(note)['record']);
  return isKnown && Array.isArray(packages) && typeof digest === 'string' && isDigest(digest);
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
