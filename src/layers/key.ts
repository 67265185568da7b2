// Keys: what a layer is made of, as a digest. Two machines that agree on a key agree on every byte of the layer, so
// nothing of the project, the base, the clock or this host may enter one.

import { type Digest, keyOf } from '../kernel/digest.ts';
import { type Compression, formatOf } from './layout.ts';

/** Everything that the files of an installed wheel depend on. */
export interface WheelIdentity {
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  readonly fileName: string;
  /** `lib/python3.11` */
  readonly libPython: string;
  /** `/app/.venv` */
  readonly prefix: string;
  /** Where the prefix lies physically, if a link of the base leads elsewhere. */
  readonly location?: string;
  /** `gzip` where left out. */
  readonly compression?: Compression;
}

/** The key of a wheel, and of the layer in which it stands alone. */
export function wheelKey(identity: WheelIdentity): Digest {
  const { sha256, fileName, libPython, prefix, location, compression } = identity;
  return keyOf({
    kind: 'wheel',
    sha256,
    fileName,
    libPython,
    prefix,
    location: location === prefix ? undefined : location,
    ...formatOf(compression),
  });
}

/**
 * The key of a layer of wheels, given their keys in the order in which they are written. `shadowed` lists, for a wheel's
 * key, the paths that it leaves to a wheel of another layer. A wheel alone, with all its files, has its own key.
 */
export function wheelsKey(
  wheels: readonly Digest[],
  shadowed: Readonly<Record<string, readonly string[]>> = {},
): Digest {
  const left = Object.entries(shadowed).filter(([, paths]) => paths.length > 0);
  if (left.length === 0 && wheels.length === 1) return wheels[0]!;
  return keyOf({
    kind: 'wheels',
    wheels,
    shadowed:
      left.length === 0
        ? undefined
        : Object.fromEntries(left.map(([key, paths]) => [key, [...paths].sort()])),
  });
}
