// What is asked of the releases, apart from the mirror that has them.

import { type Digest, keyOf } from '../kernel/digest.ts';
import { VERSION } from '../kernel/program.ts';
import type { DebianRequest } from './request.ts';

/** Of what is asked for, wherever it comes from: the same releases and the same question give the same base. */
export function questionKey({ release, platform, packages, keys }: DebianRequest): Digest {
  return keyOf({ version: VERSION, release, platform, packages: [...new Set(packages)].sort(), keys });
}
