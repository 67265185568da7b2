// Content digests (OCI image-spec, descriptor.md#digests) and the canonical JSON that keys are hashed from.

import { createHash } from 'node:crypto';

declare const brand: unique symbol;

/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = string & { readonly [brand]: 'Digest' };

const PATTERN = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): text is Digest {
  return PATTERN.test(text);
}

/** @throws TypeError if `text` is no SHA-256 digest */
export function toDigest(text: string): Digest {
  if (!isDigest(text)) throw new TypeError(`not a sha256 digest: \`${text.slice(0, 100)}\``);
  return text;
}

/** The 64 hexadecimal digits of a digest. */
export function hexOf(digest: Digest): string {
  return digest.slice(7);
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/**
 * JSON with keys sorted by code unit, no white space, `undefined` members left out.
 * Numbers must be safe integers or finite: what RFC 8785 asks of the values used here.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const record = value as Record<string, unknown>;
    const members = Object.keys(record)
      .filter((key) => record[key] !== undefined)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key])}`);
    return `{${members.join(',')}}`;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('not a JSON number');
  return JSON.stringify(value);
}

/** The digest of a record: the one way that bivy makes keys. */
export function keyOf(record: unknown): Digest {
  return digestOf(canonicalJson(record));
}
