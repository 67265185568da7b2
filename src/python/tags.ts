// The compatibility tags that a CPython on Linux supports (PEP 425, 600, 656), in the order of preference that
// `packaging.tags.sys_tags` gives them there.

import { parsePlatform, parsePython } from './environment.ts';
import type { Libc, Target } from './target.ts';

export interface TagOptions {
  /** `linux_*` before all others, as packaging 26.3 and later has it; earlier ones, and the default, have it last. */
  readonly linuxFirst?: boolean;
  /** False for the packaging of Poetry 1.1, which knew no musllinux. */
  readonly musllinux?: boolean;
}

/** The last minor release before glibc's first, and the oldest that manylinux reaches down to. */
const OLDEST_X86 = 5;
const OLDEST = 17;
const LEGACY: Readonly<Record<number, string>> = {
  17: 'manylinux2014',
  12: 'manylinux2010',
  5: 'manylinux1',
};

/**
 * The tags that `target` supports, best first: `cp311-cp311-manylinux_2_36_x86_64` to `py30-none-any`.
 * @throws BivyError `TARGET_INVALID`
 */
export function supportedTags(target: Target, options: TagOptions = {}): readonly string[] {
  const { major, minor } = parsePython(target.python);
  const platforms = platformTags(target, options);
  const interpreter = `cp${major}${minor}`;
  const abi = minor < 8 ? `${interpreter}m` : interpreter;
  const on = (prefix: string): readonly string[] => platforms.map((platform) => `${prefix}-${platform}`);
  const older = Array.from({ length: Math.max(0, minor - 2) }, (_, index) => minor - 1 - index);
  const pythons = [
    `py${major}${minor}`,
    `py${major}`,
    ...Array.from({ length: minor }, (_, index) => `py${major}${minor - 1 - index}`),
  ];
  return [
    ...on(`${interpreter}-${abi}`),
    ...on(`${interpreter}-abi3`),
    ...on(`${interpreter}-none`),
    ...older.flatMap((version) => on(`cp${major}${version}-abi3`)),
    ...pythons.flatMap((python) => on(`${python}-none`)),
    `${interpreter}-none-any`,
    ...pythons.map((python) => `${python}-none-any`),
  ];
}

function platformTags(
  target: Target,
  { linuxFirst = false, musllinux = true }: TagOptions,
): readonly string[] {
  const { machine } = parsePlatform(target.platform);
  const { libc } = target;
  const own =
    libc.family === 'glibc' ? manylinux(machine, libc) : musllinux ? musllinuxTags(machine, libc) : [];
  return linuxFirst ? [`linux_${machine}`, ...own] : [...own, `linux_${machine}`];
}

/** Each glibc down to the oldest, with the older names directly after the release that they stand for. */
function manylinux(machine: string, { major, minor }: Libc): readonly string[] {
  const oldest = machine === 'x86_64' || machine === 'i686' ? OLDEST_X86 : OLDEST;
  const tags: string[] = [];
  if (major !== 2) return tags;
  for (let release = minor; release >= oldest; release--) {
    tags.push(`manylinux_${major}_${release}_${machine}`);
    const legacy = LEGACY[release];
    if (legacy !== undefined) tags.push(`${legacy}_${machine}`);
  }
  return tags;
}

function musllinuxTags(machine: string, { major, minor }: Libc): readonly string[] {
  return Array.from({ length: minor + 1 }, (_, index) => `musllinux_${major}_${minor - index}_${machine}`);
}
