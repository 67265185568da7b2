// The keys that a release file may be signed with. Debian signs a release with the keys of its successor too, so all of
// them are good for every suite, as they are for apt.

import { BOOKWORM_KEYS } from './bookworm.ts';
import { TRIXIE_KEYS } from './trixie.ts';

export const DEBIAN_KEYS: readonly string[] = [...BOOKWORM_KEYS, ...TRIXIE_KEYS];
