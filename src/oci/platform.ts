// Platforms as OCI spells them (`linux/arm64`, `linux/arm/v7`) and as images state them: image-spec, image-index.md.

import { BivyError } from '../kernel/errors.ts';
import type { Platform } from './spec.ts';

const PATTERN = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9]+))?$/;

/** The variant that an architecture has where none is said (containerd's rule): saying it changes nothing. */
const USUAL: Readonly<Record<string, string>> = { arm64: 'v8', arm: 'v7', amd64: 'v1' };

/** @throws BivyError `TARGET_INVALID` */
export function parsePlatform(text: string): Platform {
  const [, os, architecture, variant] = PATTERN.exec(text) ?? [];
  if (os === undefined || architecture === undefined) {
    throw new BivyError('TARGET_INVALID', `\`${text}\` is no platform`, {
      hint: 'write it as `linux/amd64`, `linux/arm64` or `linux/arm/v7`',
    });
  }
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}

/** `linux/arm64`, `linux/arm/v7`; the usual variant of arm64 and amd64 is left out. */
export function spellPlatform({ os, architecture, variant }: Platform): string {
  const said = variant === undefined || variant === '' ? (USUAL[architecture] ?? '') : variant;
  const silent = said === '' || (architecture !== 'arm' && said === USUAL[architecture]);
  return silent ? `${os}/${architecture}` : `${os}/${architecture}/${said}`;
}

/** Whether an image for `left` is one for `right`. */
export function isSamePlatform(left: Platform, right: Platform): boolean {
  return spellPlatform(left) === spellPlatform(right);
}
