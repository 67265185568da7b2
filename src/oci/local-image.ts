// How users name images that are on this disk.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const KINDS = ['oci', 'oci-archive', 'docker-archive'] as const;

/** Whether a name says where on this disk an image is, and no registry: `oci:DIR`. */
export function isLocalImage(reference: string): boolean {
  return KINDS.some((kind) => reference.startsWith(`${kind}:`));
}

/** A path may hold colons: the longest one that exists is the path, what follows it the tag. */
export function splitTag(
  directory: string,
  rest: string,
): { readonly path: string; readonly tag: string | undefined } {
  const whole = resolve(directory, rest);
  if (existsSync(whole)) return { path: whole, tag: undefined };
  for (let at = rest.lastIndexOf(':'); at > 0; at = rest.lastIndexOf(':', at - 1)) {
    const path = resolve(directory, rest.slice(0, at));
    if (existsSync(path)) return { path, tag: rest.slice(at + 1) };
  }
  return { path: whole, tag: undefined };
}
