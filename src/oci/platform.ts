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

/** Names that other worlds have for architectures; containerd/platforms, database.go. */
const ALIASES: Readonly<Record<string, readonly [architecture: string, variant?: string]>> = {
  i386: ['386'],
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
};

/**
 * How well an image for `offered` suits who wants one for `wanted`: 0 is best, nothing where it does not run there.
 * Variants as containerd ranks them (containerd/platforms, compare.go, `platformVector`): older ones of the same
 * architecture will do, the newest first. Other architectures never do, though a processor may know them too: an arm64
 * image is not built on an arm base.
 */
export function platformRank(offered: Platform, wanted: Platform): number | undefined {
  const [have, want] = [normalize(offered), normalize(wanted)];
  if (have.os !== want.os || have.architecture !== want.architecture) return undefined;
  const rank = variantsFor(want.architecture, want.variant ?? '').indexOf(have.variant ?? '');
  return rank < 0 ? undefined : rank;
}

/** Whether a descriptor's platform says that there is no image behind it: attestations have such a one. */
export function isNoPlatform({ os, architecture }: Platform): boolean {
  return os === 'unknown' && architecture === 'unknown';
}

function normalize({ os, architecture, variant = '' }: Platform): Platform {
  const [name, usual] = Object.hasOwn(ALIASES, architecture) ? ALIASES[architecture]! : [architecture];
  const said = variant === '' ? (usual ?? USUAL[name] ?? '') : /^\d/.test(variant) ? `v${variant}` : variant;
  return { os, architecture: name, variant: said.replace(/\.0$/, '') };
}

/** What runs on a processor of that variant, best first. */
function variantsFor(architecture: string, variant: string): readonly string[] {
  const [, majorText, minorText = '0'] = /^v(\d)(?:\.(\d))?$/.exec(variant) ?? [];
  if (majorText === undefined) return [variant];
  const major = Number(majorText);
  if (architecture === 'amd64') return countDown('v', major, 1);
  if (architecture === 'arm') return countDown('v', major, 5);
  if (architecture !== 'arm64' || major < 8) return [variant];
  const minor = Number(minorText);
  // ARMv9.x is ARMv8.(x+5) and more.
  return major === 9
    ? [...minors('v9', minor), ...minors('v8', minor + 5)]
    : major === 8
      ? minors('v8', minor)
      : [variant];
}

function minors(major: string, from: number): readonly string[] {
  return countDown(`${major}.`, from, 0).map((text) => text.replace(/\.0$/, ''));
}

function countDown(prefix: string, from: number, to: number): readonly string[] {
  return from < to
    ? [`${prefix}${from}`]
    : Array.from({ length: from - to + 1 }, (_, step) => `${prefix}${from - step}`);
}
