// What an earlier image says of its base, read back with distrust.

import { inflateRawSync } from 'node:zlib';
import { isDigest } from '../kernel/digest.ts';
import { type BaseKnowledge, isBaseRecord } from './base-knowledge.ts';

const MAX_TEXT: number = 4 << 20;
const MAX_VALUE: number = 64 << 20;

/** Nothing where it is not what `encodeKnowledge` writes. */
export function decodeKnowledge(text: unknown): BaseKnowledge | undefined {
  if (typeof text !== 'string' || text.length > MAX_TEXT) return undefined;
  try {
    const json = inflateRawSync(Buffer.from(text, 'base64'), { maxOutputLength: MAX_VALUE });
    const { kind, key, value } = JSON.parse(json.toString('utf8')) as Record<string, unknown>;
    if (kind !== 'bases' && kind !== 'debian-bases') return undefined;
    if (typeof key !== 'string' || !isDigest(key) || !isBaseRecord(kind, value)) return undefined;
    return { kind, key, value };
  } catch {
    return undefined;
  }
}
