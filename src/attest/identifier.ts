// Identifiers of documents, made of what they say: UUIDs of version 5 (RFC 9562, section 5.5), nothing random in them.

import { createHash } from 'node:crypto';

/** bivy's own name space, drawn once. */
const NAMESPACE = Buffer.from('6f0c1de3f2a84d0c9b7e5a44c1d2b8a7', 'hex');

/** The UUID of a name, as 36 characters in lower case. */
export function uuidOf(name: string): string {
  const bytes = createHash('sha1').update(NAMESPACE).update(name, 'utf8').digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
