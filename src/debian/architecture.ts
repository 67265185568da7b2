// Which Debian port an OCI platform is, and what the C library calls things there.

import { BivyError } from '../kernel/errors.ts';

export interface Architecture {
  /** Debian's name of the port: `amd64`. */
  readonly name: string;
  /** Debian's multiarch tuple, the directory of its libraries: `x86_64-linux-gnu`. */
  readonly tuple: string;
  /**
   * How `ld.so.cache` marks this port's libraries (glibc, `sysdeps/generic/ldconfig.h`): kind of file in the low
   * byte, the machine's own bits above.
   */
  readonly loaderFlags: number;
  readonly elf: { readonly machine: number; readonly wide: boolean; readonly little: boolean };
}

function port(
  name: string,
  tuple: string,
  loaderFlags: number,
  machine: number,
  wide: boolean,
  little = true,
): Architecture {
  return { name, tuple, loaderFlags, elf: { machine, wide, little } };
}

const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  'linux/386': port('i386', 'i386-linux-gnu', 0x0003, 3, false),
  'linux/amd64': port('amd64', 'x86_64-linux-gnu', 0x0303, 62, true),
  'linux/arm/v5': port('armel', 'arm-linux-gnueabi', 0x0b03, 40, false),
  'linux/arm/v7': port('armhf', 'arm-linux-gnueabihf', 0x0903, 40, false),
  'linux/arm64': port('arm64', 'aarch64-linux-gnu', 0x0a03, 183, true),
  'linux/arm64/v8': port('arm64', 'aarch64-linux-gnu', 0x0a03, 183, true),
  'linux/mips64le': port('mips64el', 'mips64el-linux-gnuabi64', 0x0703, 8, true),
  'linux/ppc64le': port('ppc64el', 'powerpc64le-linux-gnu', 0x0503, 21, true),
  'linux/riscv64': port('riscv64', 'riscv64-linux-gnu', 0x1003, 243, true),
  'linux/s390x': port('s390x', 's390x-linux-gnu', 0x0403, 22, true, false),
};

/** @throws BivyError `TARGET_INVALID` where Debian has no port for that platform */
export function architectureOf(platform: string): Architecture {
  if (Object.hasOwn(ARCHITECTURES, platform)) return ARCHITECTURES[platform]!;
  throw new BivyError('TARGET_INVALID', `Debian has no port for the platform \`${platform}\``, {
    hint: `choose one of ${Object.keys(ARCHITECTURES)
      .map((known) => `\`${known}\``)
      .join(', ')}`,
  });
}
